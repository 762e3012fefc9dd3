"""The scribe of a notifier: what was decided is committed in order, tried for ever, and never told before it is."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from sqlalchemy.exc import OperationalError

from config.field import Language
from dispatch import fact, store
from dispatch.drafting import OrderDraft
from dispatch.edge import scribe
from dispatch.edge.scribe import Beside, Scribe, nothing
from dispatch.notification import Why
from dispatch.order import Order
from dispatch.step import Write
from intake.table import Bug
from journal import Committed, CommitUnknown, Fact, NotCommitted, Refusal, Unit, Work, facts_about
from tests.dispatch_room import START, ladder
from tests.edge_room import WITHIN_S, until
from tests.journal_places import START as MOMENT
from tests.journal_postgresql import Cluster
from tests.notifier_room import Book, open_book

pytest_plugins = ["tests.journal_fixtures"]


class Office:
    """A scribe at work, and what it told."""

    def __init__(self, book: Book, beside: Beside) -> None:
        self.book = book
        self.told: list[list[int]] = []
        self.scribe = Scribe(book, beside, self._committed)
        self.running = asyncio.create_task(self.scribe.run())
        self.order: Order

    def _committed(self, writes: Sequence[Write]) -> None:
        self.told.append([each.number for each in writes])

    async def issue(self) -> None:
        draft = OrderDraft("fire", Language.ZH, "火", ladder("1"), 120, 20.0, 5)
        submitted = self.book.submit(lambda unit: store.issue(unit, "i1", [draft], MOMENT, "20261125", "test"))
        assert not isinstance(submitted, Refusal)
        (self.order,) = (await asyncio.wrap_future(submitted)).value

    def put(self, *numbers: int) -> None:
        for number in numbers:
            self.scribe.put(self.write(number))

    def write(self, number: int) -> Write:
        """The dispatcher is told so often."""
        told = fact.DispatcherTold(self.order.id, 1, Why.DEADLINE, number, START + 60 * number)
        return Write(number, START + number, (told,))

    async def all_told(self, last: int) -> list[int]:
        """Everything that was told, once the last one was."""
        await until(lambda: self.told and self.told[-1][-1] == last)
        return [number for each in self.told for number in each]

    def written(self) -> list[int]:
        """What stands in the journal, in its order."""
        about: tuple[Fact, ...] = facts_about(self.book.reader, "order", self.order.id)
        return [int(str(each.body["times"])) for each in about if each.type == "DispatcherTold"]


@asynccontextmanager
async def office(
    folder: Path, beside: Beside = nothing, *, url: str | None = None, broken: bool = False
) -> AsyncIterator[Office]:
    book = await asyncio.to_thread(open_book, folder, url=url)
    at_work = Office(book, beside)
    try:
        await at_work.issue()
        yield at_work
        assert at_work.running.done() == broken, at_work.running
    finally:
        at_work.running.cancel()
        await asyncio.wait([at_work.running])
        await asyncio.to_thread(book.close)


@pytest.fixture(autouse=True)
def in_a_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scribe, "AGAIN_S", (0.001, 0.002))


async def test_what_is_put_while_a_commit_is_under_way_goes_with_the_next_one_in_order(tmp_path: Path) -> None:
    async with office(tmp_path) as at:
        at.book.held = asyncio.Event()
        at.put(1)
        await until(lambda: at.book.tries)
        at.put(2, 3, 4)
        assert at.told == [] and at.scribe.waiting == 4
        at.book.held.set()
        assert await at.all_told(4) == [1, 2, 3, 4]
        assert at.told == [[1], [2, 3, 4]]
        assert at.written() == [1, 2, 3, 4] and at.scribe.waiting == 0


async def test_many_writes_go_in_bounded_pieces(tmp_path: Path) -> None:
    async with office(tmp_path) as at:
        at.put(*range(1, 2 * scribe.MOST + 11))
        assert await at.all_told(2 * scribe.MOST + 10) == list(range(1, 2 * scribe.MOST + 11))
        assert [len(each) for each in at.told] == [scribe.MOST, scribe.MOST, 10]
        assert at.written() == list(range(1, 2 * scribe.MOST + 11))


@pytest.mark.parametrize("trouble", [NotCommitted("disk full"), Refusal.FULL])
async def test_what_is_not_taken_is_tried_until_it_is_and_nothing_is_told_before(
    tmp_path: Path, trouble: Exception | Refusal
) -> None:
    async with office(tmp_path) as at:
        at.book.trouble = trouble
        at.put(1, 2)
        await until(lambda: at.book.tries > 5)
        at.put(3)
        await until(lambda: at.book.tries > 10)
        assert (at.told, at.scribe.waiting, at.written()) == ([], 3, [])
        assert at.scribe.refused >= 9
        at.book.trouble = None
        assert await at.all_told(3) == [1, 2, 3] == at.written()


async def test_a_database_that_refuses_a_statement_is_asked_again(postgresql: Cluster, tmp_path: Path) -> None:
    url = postgresql.new_database()
    with psycopg.connect(url, autocommit=True) as other:
        other.execute(f"ALTER DATABASE {other.info.dbname} SET lock_timeout = '20ms'")
        async with office(tmp_path, url=url) as at:
            with other.transaction():
                other.execute("LOCK TABLE orders IN ACCESS EXCLUSIVE MODE")
                at.put(1, 2)
                await until(lambda: at.scribe.refused > 2)
                assert at.told == [] and at.scribe.waiting == 2
            assert await at.all_told(2) == [1, 2] == at.written()


async def test_a_journal_that_is_closed_ends_it_for_another_life_may_open_it_again(tmp_path: Path) -> None:
    async with office(tmp_path, broken=True) as at:
        await asyncio.to_thread(at.book.close)
        at.put(1)
        await asyncio.wait([at.running], timeout=WITHIN_S)
        assert isinstance(at.running.exception(), Bug)
        assert at.told == []


async def test_what_may_be_written_is_looked_for_and_not_written_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with office(tmp_path) as at:
        taken = at.book.decide
        monkeypatch.setattr(at.book, "decide", _and_then(taken, CommitUnknown("the connection broke")))
        at.put(1, 2)
        assert await at.all_told(2) == [1, 2] == at.written()
        assert at.scribe.refused == 0


async def test_what_may_be_written_and_is_not_is_written(tmp_path: Path) -> None:
    async with office(tmp_path) as at:
        at.book.trouble = CommitUnknown("the connection broke")
        at.put(1, 2)
        await until(lambda: at.scribe.refused > 2)
        assert at.told == [] and at.written() == []
        at.book.trouble = None
        assert await at.all_told(2) == [1, 2] == at.written()


async def test_while_the_database_cannot_say_it_is_asked_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with office(tmp_path) as at:
        asked, written = 0, store.written

        def ask(*args: object) -> bool:
            nonlocal asked
            asked += 1
            if asked < 4:
                raise OperationalError("select", {}, Exception("disk I/O error"))
            return written(*args)  # type: ignore[arg-type]

        monkeypatch.setattr(store, "written", ask)
        monkeypatch.setattr(at.book, "decide", _and_then(at.book.decide, CommitUnknown("the connection broke")))
        at.put(1)
        assert await at.all_told(1) == [1] == at.written()
        assert asked == 4


async def test_what_goes_beside_a_write_is_committed_with_it_or_not_at_all(tmp_path: Path) -> None:
    def beside(unit: Unit, write: Write) -> None:
        told = fact.OrderCancelled("i1.fire.1", 1, "test", "beside")
        if write.number == 1:
            store.write(unit, Write(0, write.at + 0.5, (told,)))

    async with office(tmp_path, beside) as at:
        at.put(1)
        await at.all_told(1)
        with at.book.reader.connect() as connection:
            assert store.restore(connection).orders == (), "it is cancelled"


@pytest.mark.parametrize("who", ["write", "beside"])
async def test_a_contradiction_ends_it_and_nothing_of_its_piece_is_written(tmp_path: Path, who: str) -> None:
    def beside(unit: Unit, write: Write) -> None:
        if who == "beside" and write.number == 2:
            raise Bug("it contradicts itself")

    async with office(tmp_path, beside, broken=True) as at:
        at.book.held = asyncio.Event()
        at.put(1)
        strange = fact.DispatcherTold("i9.fire.1", 1, Why.DEADLINE, 2, START)
        at.scribe.put(replace(at.write(2), facts=(strange,)) if who == "write" else at.write(2))
        at.put(3)
        at.book.held.set()
        await asyncio.wait([at.running], timeout=WITHIN_S)
        assert isinstance(at.running.exception(), Bug)
        assert at.told == [] and at.written() == []


async def test_a_scribe_who_is_stopped_has_written_whole_pieces(tmp_path: Path) -> None:
    async with office(tmp_path, broken=True) as at:
        at.put(*range(1, 300))
        await until(lambda: at.told)
        at.running.cancel()
        await asyncio.wait([at.running])
        await asyncio.to_thread(at.book.wait_behind, WITHIN_S)
        barrier = at.book.submit(lambda unit: None)
        assert not isinstance(barrier, Refusal)
        await asyncio.wrap_future(barrier)
        written, told = at.written(), [number for each in at.told for number in each]
        assert written[: len(told)] == told
        assert written == list(range(1, len(written) + 1)) and len(written) in {
            scribe.MOST * pieces for pieces in range(6)
        } | {299}


def _and_then(decide: Callable[..., object], error: Exception) -> Callable[..., object]:
    """It is committed, and the one who committed it does not hear of that; the first time."""
    done = False

    async def decided(work: Work[None]) -> Committed[None] | Refusal:
        nonlocal done
        came = await decide(work)  # type: ignore[misc]
        if not done:
            done = True
            raise error
        return came  # type: ignore[no-any-return]

    return decided
