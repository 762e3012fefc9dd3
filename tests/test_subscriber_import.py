"""The worker keeps the table of subscribers like the operator's file, and writes down what became of it."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from types import SimpleNamespace

import pytest

from console.tap import Tap
from gis.fact import IMPORTED, REFUSED
from gis.settings import GisSettings, NumberSettings
from gis.subscriber import Subscribers
from liandong.sender import Sender
from liandong.subscribers import Pace, SubscriberImport
from tests.catch_up_room import AT_ONCE, Room, until

HEAD = "number,name\n"
FIRST = HEAD + "0900-55510001,王桂英\n"
OTHER = HEAD + "0900-55510001,李建国\n0900-55510002,陈静\n"
WRONG = HEAD + "0900-55510001,张三\nno number,赵四\n"
SETTINGS = GisSettings(subscribers="subscribers.csv", numbers=NumberSettings(area="900"))
PACE = Pace(look_s=0.02, rest_s=0.1, again_s=0.05)


class Imports(Room):
    """Everything that the import touches."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.csv = folder / "subscribers.csv"
        self.table = folder / "gis" / "subscribers.sqlite"

    @asynccontextmanager
    async def importing(self, pace: Pace = PACE) -> AsyncIterator[None]:
        """The worker's task runs until the block ends; a bug in it ends the test."""
        tap = Tap(self.socket)
        work = SubscriberImport(self.csv, self.table, SETTINGS, Sender(tap, self.reader, AT_ONCE), pace)
        tasks = [asyncio.create_task(tap.run()), asyncio.create_task(work.run())]
        try:
            yield
            assert not any(task.done() for task in tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def name(self) -> str:
        """Whose the number is, as a lookup finds it."""
        with suppress(OSError):
            found = Subscribers(self.table).find("8690055510001")
            return found.name if found else ""
        return ""

    def rows(self, kind: str) -> list[object]:
        return [fact.body["rows"] for fact in self.facts() if fact.type == kind]


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[Imports]:
    room = Imports(tmp_path)
    await room.engine_comes()
    yield room
    await room.end()


async def test_the_table_follows_the_file_and_each_import_is_one_fact(room: Imports) -> None:
    room.csv.write_text(FIRST)
    async with room.importing():
        await until(lambda: room.rows(IMPORTED) == [1])
        assert room.name() == "王桂英"
        room.csv.write_text(OTHER)
        await until(lambda: room.rows(IMPORTED) == [1, 2])
        assert room.name() == "李建国"
    assert "王桂英" not in "".join(fact.text for fact in room.facts())


async def test_a_new_worker_makes_nothing_anew_and_tells_nothing_twice(room: Imports) -> None:
    room.csv.write_text(FIRST)
    async with room.importing():
        await until(lambda: room.rows(IMPORTED) == [1])
    made = room.table.stat()
    async with room.importing():
        await asyncio.sleep(0.5)  # several looks: nothing may happen in them
    assert room.table.stat() == made
    assert room.rows(IMPORTED) == [1]


async def test_what_was_imported_and_not_written_down_is_written_down_by_the_next_worker(room: Imports) -> None:
    await room.engine_goes()
    room.csv.write_text(FIRST)
    async with room.importing():
        await until(lambda: room.name() == "王桂英")
    await room.engine_comes()
    async with room.importing():
        await until(lambda: room.rows(IMPORTED) == [1])


async def test_a_wrong_file_changes_nothing_and_is_told_without_what_stands_in_it(
    room: Imports, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    room.csv.write_text(FIRST)
    async with room.importing():
        await until(lambda: room.rows(IMPORTED) == [1])
        room.csv.write_text(WRONG)
        await until(lambda: room.rows(REFUSED) == [1])
        assert room.name() == "王桂英"
        assert "subscribers.csv:3: number: bad_number" in caplog.text
        assert "赵四" not in caplog.text + "".join(fact.text for fact in room.facts())
        room.csv.write_text(OTHER)
        await until(lambda: room.name() == "李建国")


async def test_a_file_that_is_still_being_written_is_left_until_it_rests(
    room: Imports, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with room.importing(Pace(look_s=0.02, rest_s=1.0, again_s=0.05)):
        with room.csv.open("w") as file, monkeypatch.context() as patched:
            # However late the next write is, the last one has only just been.
            just = SimpleNamespace(time=lambda: room.csv.stat().st_ctime)
            patched.setattr("liandong.subscribers.time", just)
            file.write(HEAD)
            for number in range(20):  # two seconds in all, a tenth between two writes
                file.write(f"0900-5551{number:04d},somebody\n")
                file.flush()
                assert not room.table.exists()
                await asyncio.sleep(0.1)
        await until(lambda: room.rows(IMPORTED) == [20])


async def test_a_file_that_is_missing_leaves_the_table_and_is_taken_when_it_comes(
    room: Imports, caplog: pytest.LogCaptureFixture
) -> None:
    async with room.importing():
        await until(lambda: "the table is what it was" in caplog.text)
        room.csv.write_text(FIRST)
        await until(lambda: room.name() == "王桂英")
