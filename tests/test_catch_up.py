"""Whatever dies and whenever, each fact that no engine saw stands in the journal exactly once, with its true time."""

import asyncio
import gc
import os
import random
import time
import types
from collections.abc import AsyncIterator, Coroutine, Generator, Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from console.tap import Tap
from intake import fact
from intake.edge.writing import draft_of, end_id, start_id
from journal import Draft
from liandong.bookmark import Bookmark, Mark
from liandong.catch_up import Pace
from liandong.sender import BATCH, Patience
from telephony import trail as trails
from telephony.cel import rows_in
from telephony.trail import Place
from tests.catch_up_room import (
    EVENTS,
    PACE,
    RECORDED,
    ROWS,
    Room,
    nothing,
    refusing,
    told_by,
    until,
)

ALL = {told.id for told in told_by(EVENTS)}
"""Everything that the recorded day tells, but for the end of the last call."""
LAST = EVENTS[-1].call
"""The call that goes on where the recording ends."""
DAY = ALL | {end_id(LAST)}
"""With the end that is found once Asterisk says that this call is gone."""


@pytest_asyncio.fixture
async def room(tmp_path: Path) -> AsyncIterator[Room]:
    room = Room(tmp_path)
    yield room
    await room.end()


# The day as a whole.


async def test_a_whole_day_without_an_engine_stands_in_the_journal_as_soon_as_there_is_one(room: Room) -> None:
    room.events.write_bytes(RECORDED)
    async with room.catching_up():
        await room.engine_comes()
        await room.until_facts(DAY)
        await until(room.bookmark.exists)
    by_id = {each.id: each for each in room.facts()}
    for told in told_by(EVENTS):
        written = by_id[told.id]
        assert written.time == told.at
        assert written.body["without_engine"] is True
        assert written.body["what"] == type(told.fact).__name__
        assert written.subjects["call"] == told.fact.call


async def test_what_the_engine_wrote_itself_stays_as_it_is(room: Room) -> None:
    await room.engine_comes()
    seen = [told for told in told_by(EVENTS) if told.id in (start_id(EVENTS[0].call), end_id(EVENTS[0].call))]
    for told in seen:
        await room.record(draft_of(told.fact, told.at + timedelta(milliseconds=1), id=told.id))
    room.events.write_bytes(RECORDED)
    async with room.catching_up():
        await room.until_facts(DAY)
    for written in room.facts()[:2]:
        assert "without_engine" not in written.body
        assert written.id in {told.id for told in seen}


async def test_nothing_is_asked_of_an_engine_that_saw_everything(room: Room) -> None:
    await room.engine_comes()
    await room.record(*(told.draft() for told in told_by(EVENTS)))
    room.up = None
    room.events.write_bytes(RECORDED)
    async with room.catching_up():
        await until(lambda: room.asked > 3)  # it looks for lost calls when it has read everything
    assert room.requests == []


async def test_a_row_counts_when_the_engine_had_its_time_to_write_it(room: Room) -> None:
    await room.engine_comes()
    room.events.write_bytes(b"".join(ROWS[:20]))
    room.clock = lambda: EVENTS[19].at.timestamp() + 0.5
    async with room.catching_up(Pace(ripe_s=1.0, look_s=0.01, keep_s=0.0)):
        begun = asyncio.get_running_loop().time()
        await until(lambda: start_id(EVENTS[0].call) in room.ids())
        assert asyncio.get_running_loop().time() - begun >= 0.5


async def test_rows_of_a_clock_that_was_put_back_are_told_after_the_same_time(room: Room) -> None:
    await room.engine_comes()
    room.events.write_bytes(b"".join(ROWS[:20]))
    room.clock = lambda: EVENTS[0].at.timestamp() - 86400
    async with room.catching_up():
        await until(lambda: start_id(EVENTS[0].call) in room.ids())


async def test_rows_are_told_as_they_come(room: Room) -> None:
    await room.engine_comes()
    chance = random.Random(110)
    room.up = None
    async with room.catching_up():
        place = 0
        while place < len(RECORDED):
            piece = RECORDED[place : (place := place + chance.randint(1, 9000))]
            with room.events.open("ab") as file:
                file.write(piece)
            expected = {told.id for told in told_by([event for _, event in rows_in(RECORDED[:place]).events])}
            await until(lambda expected=expected: expected <= room.ids())
        room.up = frozenset()
        await room.until_facts(DAY)


async def test_a_log_that_is_rotated_in_the_middle_of_calls_loses_none(room: Room) -> None:
    await room.engine_comes()
    async with room.catching_up():
        for number, (start, end) in enumerate(((0, 20), (20, 100), (100, 300), (300, len(ROWS)))):
            if room.events.exists():
                room.events.rename(room.events.with_name(f"cel.csv.{9 - number}"))
            room.events.write_bytes(b"".join(ROWS[start:end]))
        await room.until_facts(DAY)


# Who was there.


async def test_whoever_was_signed_in_at_that_seat_then_has_answered(room: Room) -> None:
    answered = next(told for told in told_by(EVENTS) if isinstance(told.fact, fact.CallAnswered))
    assert isinstance(answered.fact, fact.CallAnswered)
    seat = answered.fact.seat
    await room.engine_comes()

    async def at(moment: datetime, what: fact.SignedIn | fact.SignedOut | fact.Paused) -> None:
        await room.record(draft_of(what, moment))

    await at(answered.at - timedelta(hours=9), fact.SignedIn(seat, "li-na", "call-taker"))
    await at(answered.at - timedelta(hours=1), fact.SignedOut(seat, "li-na", "call-taker"))
    await at(answered.at - timedelta(hours=1), fact.SignedIn("seat-12", "li-na", "call-taker"))
    await at(answered.at - timedelta(minutes=1), fact.SignedIn(seat, "zhang-wei", "call-taker"))
    await at(answered.at - timedelta(seconds=30), fact.Paused(seat, "zhang-wei", "rest", "call-taker"))
    await at(answered.at + timedelta(milliseconds=1), fact.SignedOut(seat, "zhang-wei", "call-taker"))
    room.events.write_bytes(RECORDED)
    async with room.catching_up():
        await until(lambda: room.ids() >= ALL)
    people = [each.subjects.get("person") for each in room.facts() if each.body.get("what") == "CallAnswered"]
    assert people[0] == "zhang-wei"
    assert set(people[1:]) == {None}


async def test_a_seat_that_was_lost_is_told_once_though_the_engine_told_it_by_another_name(room: Room) -> None:
    lost = next(told for told in told_by(EVENTS) if isinstance(told.fact, fact.CallCameBack))
    await room.engine_comes()
    await room.record(draft_of(lost.fact, lost.at + timedelta(milliseconds=300)))
    room.events.write_bytes(RECORDED)
    async with room.catching_up():
        await until(lambda: ALL - {lost.id} <= room.ids())
    about = [each for each in room.facts() if each.subjects["call"] == lost.fact.call]
    assert [each.body["what"] for each in about].count("CallCameBack") == 1


# The engine is away, slow, frozen, back.


async def test_nothing_is_lost_while_the_engine_is_away_and_the_bookmark_waits(room: Room) -> None:
    await room.engine_comes()
    await room.engine_goes()
    room.events.write_bytes(RECORDED)
    async with room.catching_up():
        await asyncio.sleep(0.1)  # nothing can come; what must not happen is given time to happen
        assert room.facts() == []
        assert not room.bookmark.exists()
        await room.engine_comes()
        await room.until_facts(DAY)


async def test_an_engine_that_goes_after_every_commit_and_comes_back_costs_no_fact_and_doubles_none(room: Room) -> None:
    room.events.write_bytes(RECORDED)
    gone = asyncio.Event()

    async def go() -> None:
        if len(room.requests) < 6:
            gone.set()
            await asyncio.Event().wait()  # the answer never leaves

    room.after = go
    async with room.catching_up():
        await room.engine_comes()
        for _ in range(5):
            await gone.wait()
            gone.clear()
            await room.engine_goes()
            await room.engine_comes()
        await room.until_facts(DAY)


async def test_a_slow_engine_gets_one_request_at_a_time(room: Room) -> None:
    room.events.write_bytes(RECORDED)
    at_once = most = 0

    async def slowly() -> None:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        await asyncio.sleep(0.05)
        at_once -= 1

    room.before = slowly
    await room.engine_comes()
    async with room.catching_up():
        await room.until_facts(DAY)
    assert most == 1
    assert max(room.requests) <= BATCH


async def test_an_engine_that_cannot_write_is_asked_until_it_can(room: Room) -> None:
    room.events.write_bytes(RECORDED)
    room.before = refusing("not_written_down")
    await room.engine_comes()
    async with room.catching_up():
        await until(lambda: len(room.requests) >= 3)
        assert room.facts() == []
        room.before = nothing
        await room.until_facts(DAY)


async def test_a_fact_that_no_journal_takes_holds_up_no_other_one(
    room: Room, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    room.events.write_bytes(RECORDED)
    bad = sorted(ALL)[7]
    handle = room._handle

    async def refuse(want: str, args: dict[str, list[str]]) -> object:
        if any(Draft.from_text(text).id == bad for text in args["drafts"]):
            await refusing("bad_fact")()
        return await handle(want, args)

    monkeypatch.setattr(room, "_handle", refuse)
    await room.engine_comes()
    async with room.catching_up():
        await room.until_facts((DAY) - {bad})
        await until(lambda: bad in caplog.text)


async def test_an_engine_that_has_just_come_is_left_to_bring_in_what_an_earlier_one_saw(room: Room) -> None:
    room.events.write_bytes(RECORDED)
    async with room.catching_up(PACE, Patience(settle_s=0.5, again_s=0.01)):
        await room.engine_comes()
        await asyncio.sleep(0)
        seen = next(told for told in told_by(EVENTS))
        await room.record(draft_of(seen.fact, seen.at, id=seen.id))
        await room.until_facts(DAY)
    assert "without_engine" not in room.facts()[0].body


# The task itself dies.


async def test_a_request_that_is_cancelled_just_as_its_answer_comes_is_cancelled(room: Room) -> None:
    room.before = asyncio.Event().wait
    await room.engine_comes()
    tap = Tap(room.socket)
    running = asyncio.create_task(tap.run())
    await until(lambda: tap.up)
    asked = asyncio.create_task(tap.request("record", {"drafts": []}))
    await until(lambda: bool(tap._asked))
    next(iter(tap._asked.values())).set_result({})
    asked.cancel()
    await asyncio.wait([asked])
    running.cancel()
    assert asked.cancelled()


class _Killed(BaseException):
    """What nothing in the task expects."""


@types.coroutine
def until_it_waited(work: Coroutine[Any, Any, None], times: int) -> Generator[Any, Any, None]:
    """Do this work until it has waited so often, and kill it there."""
    waited = work.send(None)
    for _ in range(times - 1):
        try:
            yield waited
        except asyncio.CancelledError as error:  # a time-out of its own, which it has to hear
            waited = work.throw(error)
        else:
            waited = work.send(None)
    with pytest.raises(_Killed):
        work.throw(_Killed)


async def test_killed_wherever_it_waits_and_begun_again_it_tells_every_fact_once(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trails, "PIECE", 8192)
    room.events.write_bytes(RECORDED)
    await room.engine_comes()
    tap = Tap(room.socket)
    hearing = asyncio.create_task(tap.run())
    await until(lambda: tap.up)
    lives = 0
    while not room.ids() >= DAY:
        lives += 1
        await until_it_waited(room.catch_up(tap).run(), lives)
    hearing.cancel()
    assert room.ids() == DAY
    assert lives > 20


async def test_a_bookmark_that_is_lost_damaged_or_of_another_log_costs_a_look_and_no_fact(room: Room) -> None:
    room.events.write_bytes(RECORDED)
    await room.engine_comes()
    async with room.catching_up():
        await room.until_facts(DAY)
    requests = len(room.requests)
    for damage in (b"", b"{", b'{"first": 1}', b"[]", b'{"first": "x", "offset": 9, "recordings_ns": 0}', b"\xff" * 90):
        room.bookmark.write_bytes(damage)
        async with room.catching_up():
            await until(lambda damage=damage: room.bookmark.read_bytes() != damage)
        assert Bookmark(room.bookmark).mark.place is not None
    assert room.ids() == DAY
    assert len(room.requests) == requests


async def test_the_bookmark_never_passes_the_first_row_of_a_call_that_has_not_ended(room: Room) -> None:
    await room.engine_comes()
    room.up = None
    first_rows = (index for index, each in enumerate(EVENTS) if each.kind == "CHAN_START" and each.channel == each.call)
    open_at = next(index for index in first_rows if index > 100)
    room.events.write_bytes(b"".join(ROWS[: open_at + 3]))
    place = len(b"".join(ROWS[:open_at]))
    async with room.catching_up():
        await until(lambda: start_id(EVENTS[open_at].call) in room.ids())
        await until(lambda: Bookmark(room.bookmark).mark.place == Place(ROWS[0][:64].decode(), place))


def test_a_bookmark_is_what_was_kept(tmp_path: Path) -> None:
    bookmark = Bookmark(tmp_path / "catch-up.json")
    assert bookmark.mark == Mark()
    bookmark.move(Place('"1795598495.010942","火警é\x00\xff', 77))
    bookmark.told_recordings(123)
    bookmark.keep()
    assert Bookmark(tmp_path / "catch-up.json").mark == Mark(Place('"1795598495.010942","火警é\x00\xff', 77), 123)


async def test_a_disk_that_takes_no_bookmark_costs_no_fact(room: Room, tmp_path: Path) -> None:
    room.events.write_bytes(RECORDED)
    room.bookmark = tmp_path / "nowhere" / "catch-up.json"
    await room.engine_comes()
    async with room.catching_up():
        await room.until_facts(DAY)
        room.bookmark.parent.mkdir()
        await until(room.bookmark.exists)


# Asterisk was killed, and nobody calls any more.


async def test_a_call_that_asterisk_took_along_is_ended_once_asterisk_says_twice_that_it_is_gone(room: Room) -> None:
    await room.engine_comes()
    room.events.write_bytes(RECORDED)
    room.up = None  # it can't be asked
    async with room.catching_up():
        await until(lambda: room.ids() >= ALL and room.asked > 3)
        room.up = frozenset({LAST, "another"})
        asked = room.asked
        await until(lambda: room.asked > asked)
        assert end_id(LAST) not in room.ids()
    room.up, room.asked = frozenset({"another"}), 0
    async with room.catching_up():
        await until(lambda: end_id(LAST) in room.ids())
    assert room.asked == 2
    (ended,) = (each for each in room.facts() if each.id == end_id(LAST))
    assert ended.body["found"] is True
    assert ended.time == max(event.at for event in EVENTS if event.call == LAST)


async def test_a_call_that_talks_on_without_a_row_is_asked_about_and_left(room: Room) -> None:
    await room.engine_comes()
    room.events.write_bytes(RECORDED)
    room.up = frozenset({LAST})
    async with room.catching_up(Pace(ripe_s=0.01, look_s=0.01, keep_s=0.0, quiet_s=0.05)):
        await until(lambda: room.ids() >= ALL and room.asked > 3)
        assert end_id(LAST) not in room.ids()


# Much.


async def all_missing(ids: Iterable[str]) -> frozenset[str]:
    return frozenset(ids)


async def nobody(question: object) -> None:
    return None


def resident_bytes() -> int:
    """Memory of this process."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


async def test_a_log_of_fifty_megabytes_takes_little_memory_and_holds_up_nobody(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody looked for weeks."""
    day = RECORDED[: RECORDED.index(b'\n"1', len(RECORDED) * 4 // 5) + 1]
    copies = 50_000_000 // len(day) + 1
    with room.events.open("wb") as file:
        for number in range(copies):
            file.write(day.replace(b"liandong-1795", b"liandong-%d" % (3000 + number)))
    room.up = None
    catch_up = room.catch_up(Tap(room.socket))
    pieces: list[int] = []

    async def count(drafts: list[Draft]) -> None:
        pieces.append(len(drafts))
        assert len(catch_up._history.open) < 10

    monkeypatch.setattr(catch_up._sender, "missing", all_missing)
    monkeypatch.setattr(catch_up._sender, "ask", nobody)
    monkeypatch.setattr(catch_up._sender, "engines_own", nothing)
    monkeypatch.setattr(catch_up._sender, "write", count)
    steps: list[float] = []

    async def measure() -> None:
        """Seconds of the processor that the event loop's thread had in a row; the machine may have other work, too."""
        while True:
            before = time.thread_time()
            await asyncio.sleep(0.001)
            steps.append(time.thread_time() - before)

    gc.collect()
    gc.freeze()  # what other tests have left is not looked through in the middle of a step
    before = resident_bytes()
    tasks = [asyncio.create_task(measure()), asyncio.create_task(catch_up.run())]
    try:
        await until(lambda: tasks[1].done() or room.asked > 0, within_s=120)
    finally:
        for each in tasks:
            each.cancel()
        gc.unfreeze()
    two_days = told_by([each for _, each in rows_in(day).events + rows_in(day.replace(b"-1795", b"-3000")).events])
    assert sum(pieces) == (copies - 1) * (len(two_days) // 2 + 1) + len(two_days) // 2
    assert max(pieces) < 100
    assert resident_bytes() - before < 20_000_000
    assert max(steps) < 0.02
