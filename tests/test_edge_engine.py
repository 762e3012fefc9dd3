"""What the engine grants, refuses and tells on its socket; Asterisk is rehearsed, everything else is real."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from console.state import Hello, Live
from console.tap import Tap
from intake import fact
from intake.edge.door import TRIES
from intake.edge.writing import draft_of, end_id
from journal import facts_after
from liandong.engine import DEAD
from telephony.manager.exchange import Gap, Why
from tests.edge_room import WITHIN_S, until
from tests.engine_house import BY, SEAT, WHO, House, house
from tests.journal_places import START


@pytest.fixture
async def engine(short_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[House]:
    async with house(short_path, monkeypatch) as living:
        yield living


async def test_every_want_is_granted_written_down_and_told(engine: House) -> None:
    assert await engine.wants("sign-in", seat=SEAT, person=WHO, pin=None, **BY) == {}
    assert engine.state()[0] == (WHO, "ready", None)
    assert await engine.wants("pause", seat=SEAT, reason="meal", **BY) == {}
    assert engine.state()[0] == (WHO, "paused", "meal")
    assert await engine.wants("ready", seat=SEAT, **BY) == {}
    assert await engine.wants("sign-out", seat=SEAT, **BY) == {}
    assert engine.state()[0] == (None, "signed out", None)
    await until(lambda: len(engine.facts()) == 4)
    assert engine.facts() == [(1, "SignedIn"), (2, "Paused"), (3, "Resumed"), (4, "SignedOut")]
    await until(lambda: engine.tap.seats[SEAT].presence == "signed out")
    assert {each.body["by"] for each in facts_after(engine.journal.reader, 0)} == {"supervisor"}


async def test_a_pin_opens_a_wrong_one_does_not_and_guesses_are_locked_out(engine: House) -> None:
    right = engine.installation.pin(WHO).reveal()
    wrong = f"{(int(right) + 1) % 10**6:06d}"
    assert await engine.refuses("sign-in", seat=SEAT, person=WHO, pin="", **BY) == "wrong_pin"
    assert await engine.refuses("sign-in", seat=SEAT, person="nobody", pin=wrong, **BY) == "wrong_pin"
    assert await engine.wants("sign-in", seat=SEAT, person=WHO, pin=right, by="call-taker") == {}
    await engine.wants("sign-out", seat=SEAT, **BY)
    codes = [await engine.refuses("sign-in", seat=SEAT, person=WHO, pin=wrong, **BY) for _ in range(TRIES + 1)]
    assert codes == ["wrong_pin"] * TRIES + ["locked"]
    assert await engine.refuses("sign-in", seat=SEAT, person=WHO, pin=right, **BY) == "locked"
    assert await asyncio.to_thread(engine.journal.wait_behind, 10)
    told = json.dumps([fact.text for fact in facts_after(engine.journal.reader, 0)])
    assert told.count("WrongPin") == TRIES + 4
    assert right not in told
    assert wrong not in told


async def test_what_cannot_be_is_refused_with_the_cores_own_code(engine: House) -> None:
    assert await engine.refuses("sign-in", seat="seat-99", person=WHO, pin=None, **BY) == "no_such_seat"
    assert await engine.refuses("sign-in", seat=SEAT, person="nobody", pin=None, **BY) == "no_such_person"
    assert await engine.refuses("sign-out", seat=SEAT, **BY) == "not_signed_in"
    assert await engine.refuses("ready", seat=SEAT, **BY) == "not_signed_in"
    assert await engine.refuses("pause", seat=SEAT, reason="meal", **BY) == "not_signed_in"
    await engine.wants("sign-in", seat=SEAT, person=WHO, pin=None, **BY)
    assert await engine.refuses("pause", seat=SEAT, reason="fishing", **BY) == "no_such_reason"
    assert await engine.refuses("sign-in", seat="seat-02", person=WHO, pin=None, **BY) == "signed_in_elsewhere"


_SIGN_IN = {"seat": SEAT, "person": WHO, "pin": None, "by": "x"}
BAD: list[tuple[str, dict[str, Any]]] = [
    ("", {}),
    ("fly", {"seat": SEAT}),
    ("x" * 1_000_000, {}),
    ("\x00" * 600_000, {"\ud800" * 50_000: 1}),
    ("sign-in", {}),
    *(("sign-in", {key: value for key, value in _SIGN_IN.items() if key != name}) for name in _SIGN_IN),
    *(("sign-in", _SIGN_IN | {name: bad}) for name in _SIGN_IN for bad in (5, True, ["x"], {"x": 1}, 1e300)),
    *(("sign-in", _SIGN_IN | {name: None}) for name in ("seat", "person", "by")),
    *(("sign-out", {"seat": SEAT, "by": bad}) for bad in ("", "\ud800", "x" * 200_000, "a\nb", "张三", None, 7)),
    ("sign-out", {"seat": None, "by": "x"}),
    ("pause", {"seat": SEAT, "by": "x"}),
    ("pause", {"seat": SEAT, "reason": 1, "by": "x"}),
    ("ready", {"seat": [], "by": "x"}),
    ("record", {}),
    ("record", {"drafts": "x"}),
    ("record", {"drafts": {"0": "x"}}),
]


async def test_what_makes_no_sense_is_refused_changes_nothing_and_harms_nobody(engine: House) -> None:
    await engine.wants("sign-in", seat=SEAT, person=WHO, pin=None, **BY)
    before = engine.state()
    for want, args in BAD:
        assert await engine.refuses(want, **args) == "bad_request", (want[:20], str(args)[:80])
    assert engine.state() == before
    assert [what for _, what in engine.facts()] == ["SignedIn"]
    assert not engine.running.done()


@pytest.mark.parametrize("odd", ["\ud800", "", "席位", "x" * 100_000, "../../etc", "seat-01\r\nAction: Logoff"])
async def test_names_of_nothing_and_pins_of_nobody_are_refused_like_any_other(engine: House, odd: str) -> None:
    codes = [
        await engine.refuses("sign-in", seat=odd, person=WHO, pin=None, by="x"),
        await engine.refuses("sign-in", seat=odd, person=WHO, pin="1", by="x"),
        await engine.refuses("sign-out", seat=odd, by="x"),
        await engine.refuses("sign-in", seat=SEAT, person=odd, pin=None, by="x"),
        await engine.refuses("sign-in", seat=SEAT, person=odd, pin="1", by="x"),
        await engine.refuses("sign-in", seat=SEAT, person=WHO, pin=odd, by="x"),
    ]
    assert codes == ["no_such_seat"] * 3 + ["no_such_person"] + ["wrong_pin"] * 2
    assert not engine.running.done()


async def test_facts_that_the_worker_found_are_committed_once(engine: House) -> None:
    drafts = [
        draft_of(fact.CallEnded(f"c.{n}", answered=False, lasted_s=1.0), START, id=end_id(f"c.{n}")).to_text()
        for n in range(3)
    ]
    assert await engine.wants("record", drafts=[]) == {"recorded": 0}
    assert await engine.wants("record", drafts=drafts[:2]) == {"recorded": 2}
    assert await engine.wants("record", drafts=drafts) == {"recorded": 1}
    assert await engine.wants("record", drafts=[drafts[0], drafts[0]]) == {"recorded": 0}
    await until(lambda: len(engine.facts()) == 3)
    assert engine.facts() == [(1, "CallEnded"), (2, "CallEnded"), (3, "CallEnded")]


async def test_what_the_engine_saw_itself_is_committed_before_what_was_found(engine: House) -> None:
    again = threading.Event()
    ended = fact.CallEnded("c.1", answered=True, lasted_s=1.0)
    found = draft_of(ended, START, more={"without_engine": True}, id=end_id("c.1")).to_text()
    engine.journal.submit(lambda unit: again.wait())
    engine.journal.witness(draft_of(ended, START, id=end_id("c.1")))
    try:
        assert await engine.refuses("record", drafts=[found]) == "not_written_down"
    finally:
        again.set()
    await until(lambda: len(engine.facts()) == 1)
    assert await engine.wants("record", drafts=[found]) == {"recorded": 0}
    assert "without_engine" not in facts_after(engine.journal.reader, 0)[0].body


async def test_a_draft_that_is_none_is_refused_and_none_of_its_companions_is_committed(engine: House) -> None:
    good = draft_of(fact.CallEnded("c.1", answered=False, lasted_s=1.0), START, id=end_id("c.1")).to_text()
    for bad in ("", "{}", "[" * 5_000, 7, None, {"id": "x"}, good.replace('"c.1"', '"c 1"'), good[:-1]):
        assert await engine.refuses("record", drafts=[good, bad]) == "bad_fact", str(bad)[:60]
    assert facts_after(engine.journal.reader, 0) == ()


async def test_the_status_is_flat_and_tells_how_everything_fares(engine: House) -> None:
    await engine.wants("sign-in", seat=SEAT, person=WHO, pin=None, **BY)
    await until(lambda: engine.link.beats and engine.facts())
    status = await engine.wants("status")
    assert all(value is None or isinstance(value, bool | int | float | str) for value in status.values())
    figures = {"ready": True, "link_up": True, "link_broken": None, "listeners": 1, "seats_signed_in": 1}
    assert figures.items() <= status.items()
    assert (status["sequence"], status["seats_free"], status["journal_trouble"]) == (1, 1, None)
    assert status["lines_idle"] == len(engine.telephones.seats)
    engine.telephones.unanswered(engine.telephones.comes())
    await until(lambda: engine.engine._desk.calls())
    later = await engine.wants("status", whatever=True)
    assert sum(value for key, value in later.items() if key.startswith("calls_")) == 1


async def test_who_begins_to_listen_is_told_where_everything_stands(engine: House) -> None:
    await engine.wants("sign-in", seat=SEAT, person=WHO, pin=None, **BY)
    engine.telephones.unanswered(engine.telephones.comes(number="13800000009"))
    happened = {"SignedIn", "CallArrived", "CallLeft", "CallLocated"}
    await until(lambda: {what for _, what in engine.facts()} == happened)
    reader, writer = await asyncio.open_unix_connection(engine.installation.engine_socket, limit=1 << 22)
    hello = Hello.model_validate(json.loads(await reader.readline())["hello"])
    writer.close()
    assert hello.sequence == 4
    assert [(call.caller, call.called, call.service) for call in hello.calls] == [("13800000009", "119", "fire")]
    assert [seat.id for seat in hello.seats] == list(engine.telephones.seats)
    assert (hello.seats[0].person, hello.seats[0].free, hello.status["ready"]) == (WHO, True, True)


async def test_what_changes_is_told_live_and_what_is_over_is_gone(engine: House) -> None:
    call = engine.telephones.comes()
    engine.telephones.unanswered(call)
    await until(lambda: call in engine.tap.calls)
    engine.telephones.leaves(call)
    await until(lambda: call not in engine.tap.calls)
    gone = [each for heard in engine.heard if isinstance(heard, Live) for each in heard.gone]
    assert gone == [call]


async def test_who_begins_to_listen_between_two_showings_is_told_that_a_call_is_over(
    short_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("intake.edge.desk.SHOW_S", 3600.0)  # from now on only a newcomer makes it show
    async with house(short_path, monkeypatch) as engine, listener(engine) as first:
        call = engine.telephones.comes()
        engine.telephones.unanswered(call)
        await until(lambda: engine.engine._desk.knows(call))
        async with listener(engine) as second:
            assert call in second.calls
            engine.telephones.leaves(call)
            await until(lambda: not engine.engine._desk.knows(call))
            async with listener(engine) as third:
                assert call not in third.calls
                await until(lambda: call not in second.calls and call not in first.calls)


@asynccontextmanager
async def listener(engine: House) -> AsyncIterator[Tap]:
    """Somebody more who listens, and has heard where everything stands."""
    tap = Tap(engine.installation.engine_socket)
    running = asyncio.create_task(tap.run())
    try:
        await until(lambda: tap.up)
        yield tap
    finally:
        running.cancel()
        await asyncio.wait([running])


async def test_only_an_engine_that_sees_says_that_it_lives_and_one_that_ends_says_so_last(
    short_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with house(short_path, monkeypatch, seen=False) as living:
        steps = living.engine._desk.steps
        await until(lambda: living.engine._desk.steps >= steps + 2)
        assert living.link.beats == []
        assert (await living.wants("status"))["ready"] is False
        assert await living.refuses("sign-in", seat=SEAT, person=WHO, pin=None, **BY) == "not_ready"
        await living.seen()
        await until(lambda: living.link.beats)
        assert (await living.wants("status"))["ready"] is True
        living.link.tell(Gap(Why.LINK))
        await until(lambda: not living.engine._desk.ready)
        beats = len(living.link.beats)
        steps = living.engine._desk.steps
        await until(lambda: living.engine._desk.steps >= steps + 2)
        assert len(living.link.beats) <= beats + 1
        assert (await living.wants("status"))["ready"] is False
        await living.seen()
    assert living.link.beats[-1] == DEAD
    assert DEAD not in living.link.beats[:-1]


async def test_a_bug_in_the_desk_ends_the_engine(short_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ExceptionGroup):
        async with house(short_path, monkeypatch) as living:
            living.link.tell("no news of this world")  # type: ignore[arg-type]
            await asyncio.wait([living.running], timeout=WITHIN_S)
