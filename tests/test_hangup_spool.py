"""With no engine a call's end is put down by a process of its own: whole, quiet, and never many at once."""

import asyncio
import json
import random
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio

from phones import ring_then_answer
from telephony.hangup import SCRIPT, HangUp, main, parse, put, read_spool, take_out
from tests.centre import Centre, running_centre
from tests.conversation import CALLER_HZ, SEAT_HZ, taken, talk
from tests.engine import playing_engine

KNOWN = HangUp(
    call="liandong-1795451103.2",
    called="119",
    caller="13800000001",
    arrived=1795451103.25,
    answered=1795451110.5,
    ended=1795451200.75,
    seat="seat-03",
    path="fallback",
    outcome="ANSWER",
    cause=16,
)
TOLD = "liandong-1795451103.2|119|13800000001|1795451103.25|1795451110.5 seat-03|1795451200.75|fallback|ANSWER|16"


def test_what_the_dialplan_tells_becomes_the_facts_of_a_call() -> None:
    assert parse(TOLD) == KNOWN
    assert parse("a.1|119||||1795451200.75|||0") == HangUp(
        "a.1", "119", "", arrived=None, answered=None, ended=1795451200.75, seat=None, path="", outcome="", cause=0
    )
    assert parse(TOLD.replace("119", "%2B1%7C%0A")).called == "+1|\n"


@pytest.mark.parametrize(
    "told", ["", "a.1", "|" * 8, TOLD + "|", TOLD.replace("liandong", "../x"), TOLD + "x", "hangup"]
)
def test_what_is_no_call_is_refused(told: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse(told)


def test_what_was_put_down_is_read_oldest_first_until_it_is_taken_out(tmp_path: Path) -> None:
    later = replace(KNOWN, call="a.9", ended=1795451300.0, answered=None, seat=None, caller="张三")
    for hang_up in (later, KNOWN, KNOWN):
        put(tmp_path, hang_up)
    assert read_spool(tmp_path) == [KNOWN, later]
    assert json.loads((tmp_path / "liandong-1795451103.2.json").read_text())["seat"] == "seat-03"
    take_out(tmp_path, KNOWN.call)
    take_out(tmp_path, KNOWN.call)
    assert read_spool(tmp_path) == [later]
    assert [file.name for file in tmp_path.iterdir()] == ["a.9.json"]


def test_a_spool_that_never_was_is_empty(tmp_path: Path) -> None:
    assert read_spool(tmp_path / "none") == []


def test_half_a_file_garbage_and_foreign_files_are_left_and_cost_the_others_nothing(tmp_path: Path) -> None:
    put(tmp_path, KNOWN)
    whole = (tmp_path / f"{KNOWN.call}.json").read_bytes()
    chance = random.Random(3)
    for number in range(200):
        damaged = bytearray(whole[: chance.randrange(len(whole) - 1)])
        damaged[chance.randrange(len(damaged) + 1) :] = chance.randbytes(chance.randrange(9))
        (tmp_path / f"damaged-{number}.json").write_bytes(damaged)
    for number, text in enumerate(("[]", "null", "1", '{"call": 5}', whole.decode().replace("16}", '"x"}'))):
        (tmp_path / f"foreign-{number}.json").write_text(text)
    (tmp_path / ".a.1.part").write_bytes(whole)
    assert read_spool(tmp_path) == [KNOWN]


def test_a_name_that_leads_elsewhere_is_never_written_or_removed(tmp_path: Path) -> None:
    for name in ("../x", "", ".x", "a/b", "x" * 81):
        with pytest.raises(ValueError, match="no id"):
            put(tmp_path, replace(KNOWN, call=name))
        with pytest.raises(ValueError, match="no id"):
            take_out(tmp_path, name)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running(sounds: Path) -> AsyncIterator[Centre]:
    patient = {"overflow_after_s": 600, "ask_s": 2, "heartbeat_s": 10}
    with tempfile.TemporaryDirectory(prefix="ld-") as folder:
        async with running_centre(Path(folder), sounds, fallback=patient) as centre:
            yield centre


@pytest_asyncio.fixture(loop_scope="module")
async def centre(running: Centre) -> AsyncIterator[Centre]:
    """The centre, with an empty spool, and nothing left after the test."""
    for hang_up in read_spool(spool(running)):
        take_out(spool(running), hang_up.call)
    yield running
    await running.hang_up(*running.phones)
    await running.manager.silence()

    async def told_all() -> bool:  # who tells of a hang-up outlives the call
        return "0 active channels" in await running.manager.command("group show channels")

    await running.until("nobody is counted any more", told_all, True)


def spool(centre: Centre) -> Path:
    return centre.state / "log" / "hangups"


async def put_down(centre: Centre) -> HangUp:
    """The one call that was put down; its channel ends only then."""
    await centre.manager.silence()
    (hang_up,) = read_spool(spool(centre))
    return hang_up


@pytest.mark.asyncio(loop_scope="module")
async def test_a_call_that_the_net_brought_to_a_seat_is_put_down_with_who_and_when(centre: Centre) -> None:
    seat, caller = await centre.seat(3, ring_then_answer(0.2)), await centre.caller()
    began = time.time()
    call = await caller.dial("119", tone=CALLER_HZ)
    at_seat = await taken(seat)
    await talk(call, at_seat)
    spoke = time.time()
    await call.hang_up()
    hang_up = await put_down(centre)
    assert (hang_up.called, hang_up.caller) == ("119", caller.user)
    assert (hang_up.seat, hang_up.path, hang_up.outcome) == ("seat-03", "fallback", "ANSWER")
    assert hang_up.arrived is not None
    assert hang_up.answered is not None
    assert hang_up.ended is not None
    assert began - 0.1 < hang_up.arrived < hang_up.answered - 0.2 < spoke
    assert spoke - 0.1 < hang_up.ended < time.time() + 0.1
    assert hang_up.call in {event.get("Linkedid") for event in centre.manager.events}


@pytest.mark.asyncio(loop_scope="module")
async def test_a_caller_who_gave_up_was_answered_by_nobody(centre: Centre) -> None:
    seat, caller = await centre.seat(3), await centre.caller()
    call = await caller.dial("120")
    at_seat = await seat.incoming()
    await call.cancel()
    await at_seat.ended()
    hang_up = await put_down(centre)
    assert (hang_up.called, hang_up.answered, hang_up.seat) == ("120", None, None)


@pytest.mark.asyncio(loop_scope="module")
async def test_what_a_caller_writes_into_his_names_forges_nothing_and_nothing_is_said_of_it(centre: Centre) -> None:
    seat, caller = await centre.seat(3), await centre.caller()
    hostile = "138\r\n\r\n200 result=1 (a.1|1|2|3|4 seat-01|5|engine|x|16)\r\n"
    call = await caller.dial("hangup", caller=hostile)
    at_seat = await seat.incoming()
    await call.cancel()
    await at_seat.ended()
    hang_up = await put_down(centre)
    assert (hang_up.called, hang_up.seat, hang_up.path) == ("hangup", None, "fallback")
    said = (centre.state / "log" / "asterisk" / "console.log").read_text()
    assert "ENV LINE" not in said
    assert "liandong:" not in said


@pytest.mark.asyncio(loop_scope="module")
async def test_while_the_engine_lives_nothing_is_put_down(centre: Centre) -> None:
    seat, caller = await centre.seat(3, ring_then_answer()), await centre.caller()
    async with playing_engine(centre, lambda _: "offer+1+seat-03+10"):
        call = await caller.dial("119", tone=CALLER_HZ)
        at_seat = await taken(seat)
        at_seat.play_tone(SEAT_HZ)
        await call.hears(SEAT_HZ)
        await call.hang_up()
        await centre.manager.silence()
    assert read_spool(spool(centre)) == []


@contextmanager
def slow_disk(centre: Centre) -> Iterator[tuple[Path, Path]]:
    """Processes that note that they began, and last until they may end."""
    folder, script = centre.state.parent, centre.state / "asterisk" / "agi-bin" / SCRIPT
    began, may_end = folder / "began", folder / "may-end"
    own = script.read_text()
    began.touch()
    script.write_text(f"#!/bin/sh\necho x >> {began}\nwhile [ ! -e {may_end} ]; do sleep 0.02; done\n")
    try:
        yield began, may_end
    finally:
        may_end.touch()
        script.write_text(own)


@pytest.mark.asyncio(loop_scope="module")
async def test_two_at_once_are_enough_and_nobody_else_waits_for_them(centre: Centre) -> None:
    callers = [await centre.caller() for _ in range(6)]
    with slow_disk(centre) as (began, may_end):
        calls = [await caller.dial("119") for caller in callers]
        for call in calls:
            await call.ringing()
        await asyncio.gather(*(call.cancel() for call in calls))

        async def left() -> int:
            return len(await centre.manager.channels())

        async def begun() -> int:
            return began.stat().st_size // len("x\n")

        await centre.until("two processes began", begun, 2)
        await centre.until("only those two are left", left, 2)
        seat, other = await centre.seat(3, ring_then_answer()), await centre.caller()
        call = await other.dial("119", tone=CALLER_HZ)
        await talk(call, await taken(seat))
        await call.hang_up()
        await centre.until("only those two are left", left, 2)
        assert await begun() == 2
        may_end.touch()
        await centre.manager.silence()
    assert read_spool(spool(centre)) == []


def test_a_process_without_an_asterisk_says_one_line_and_fails(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("telephony.hangup._ask", lambda: "nonsense")
    assert main([str(tmp_path)]) == 1
    assert capsys.readouterr().err.count("\n") == 1
    assert not [*tmp_path.iterdir()]
