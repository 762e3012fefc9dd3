"""What Asterisk's log lacks is told by the hang-up spool, then by the recordings; and every recording is told once."""

import asyncio
import json
import os
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
import pytest_asyncio

from dispatch.attempt import order_and_incident
from intake.edge.traces import of_hang_up
from intake.edge.writing import end_id, start_id
from journal import Fact
from liandong.shelf import Shelf
from recordings.archive import Recording, finish
from recordings.error import Conflict
from telephony.hangup import HangUp, put
from tests.catch_up_room import EVENTS, PACE, RECORDED, SEATS, Room, told_by, until
from tests.test_recordings_recorder import START_MS, Recorder, nothing, voice, zeros

CALL = "liandong-1732374000.1"
"""A call of which Asterisk's log knows nothing."""
BEGAN = START_MS / 1000


@pytest_asyncio.fixture
async def room(tmp_path: Path) -> AsyncIterator[Room]:
    room = Room(tmp_path)
    room.clock = time.time  # by which files are dated, too
    await room.engine_comes()
    yield room
    await room.end()


def hang_up(call: str = CALL, **more: object) -> HangUp:
    told: dict[str, object] = {
        "called": "119",
        "caller": "13800000001",
        "arrived": BEGAN,
        "answered": BEGAN + 4.5,
        "ended": BEGAN + 61.25,
        "seat": "seat-03",
        "path": "fallback",
        "outcome": "ANSWER",
        "cause": 16,
    }
    return HangUp(call, **(told | more))  # type: ignore[arg-type]


def recorded(room: Room, call: str = CALL, *, seat: str = "seat-03", lost: bool = False) -> Recording:
    """A finished recording of a caller and a seat that answered after 2 s; another seat rang in vain."""
    recorder = Recorder(room.recordings, call)
    caller, answer = voice(6.0, seed=1), voice(4.0, seed=2)
    said = zeros(4.0) if lost else answer
    own = call.rpartition(".")[0]
    recorder.leg("caller", caller, np.concatenate([zeros(2.0), answer]), channel=own)
    recorder.leg(seat, said, caller[2 * 16_000 :], armed=2000, ended=6000, channel="liandong-1732374002")
    recorder.leg("seat-04", nothing(), nothing(), armed=500, ended=2000, channel="liandong-1732374001")
    return finish(room.recordings, call)


def told(room: Room, call: str = CALL) -> dict[str, Fact]:
    """The facts about a call by what they are."""
    return {fact.body["what"]: fact for fact in room.facts() if fact.subjects.get("call") == call}


def at(seconds: float) -> datetime:
    return datetime.fromtimestamp(BEGAN + seconds, UTC)


# The hang-up spool.


async def test_a_call_of_which_the_log_has_nothing_is_told_by_what_was_spooled_at_its_end(room: Room) -> None:
    put(room.hangups, hang_up())
    async with room.catching_up():
        await until(lambda: not list(room.hangups.iterdir()))
    facts = told(room)
    assert {fact.id for fact in facts.values()} == {start_id(CALL), f"{CALL}:answered:seat-03", end_id(CALL)}
    arrived, answered, ended = (facts[what] for what in ("CallArrived", "CallAnswered", "CallEnded"))
    assert (arrived.time, answered.time, ended.time) == (at(0), at(4.5), at(61.25))
    assert arrived.body["called"] == "119"
    assert arrived.personal == {"caller": "13800000001"}
    assert answered.subjects["seat"] == "seat-03"
    assert (answered.body["waited_s"], answered.body["by_net"]) == (4.5, True)
    assert (ended.body["answered"], ended.body["lasted_s"], ended.body["found"]) == (True, 61.25, False)
    assert all(fact.body["without_engine"] and fact.body["source"] == "hang-up" for fact in facts.values())


async def test_a_call_that_the_log_tells_needs_no_spool(room: Room) -> None:
    call = EVENTS[0].call
    put(room.hangups, hang_up(call))
    room.events.write_bytes(RECORDED)
    async with room.catching_up():
        await until(lambda: not list(room.hangups.iterdir()))
    assert room.ids() >= {each.id for each in told_by(EVENTS) if each.fact.call == call}
    assert not [fact for fact in room.facts() if "source" in fact.body]


async def test_a_spooled_call_whose_last_row_is_still_on_its_way_waits_for_it(room: Room) -> None:
    call = EVENTS[0].call
    end = next(place for place in range(len(RECORDED)) if RECORDED.startswith(b'","CHAN_END","' + call.encode(), place))
    room.events.write_bytes(RECORDED[: RECORDED.rindex(b"\n", 0, end) + 1])
    room.up = None
    put(room.hangups, hang_up(call, ended=EVENTS[0].at.timestamp() + 5))
    async with room.catching_up():
        await until(lambda: room.asked > 3)
        assert list(room.hangups.iterdir())
        assert end_id(call) not in room.ids()
        room.events.write_bytes(RECORDED)
        await until(lambda: not list(room.hangups.iterdir()))
    assert end_id(call) in room.ids()
    assert not [fact for fact in room.facts() if "source" in fact.body]


async def test_what_was_spooled_while_the_engine_is_away_waits_for_it(room: Room) -> None:
    await room.engine_goes()
    put(room.hangups, hang_up())
    async with room.catching_up():
        await asyncio.sleep(0.1)  # what must not happen is given time to happen
        assert list(room.hangups.iterdir())
        await room.engine_comes()
        await until(lambda: not list(room.hangups.iterdir()))
    assert len(told(room)) == 3


async def test_damage_in_the_spool_is_left_and_holds_up_nobody(room: Room) -> None:
    (room.hangups / "liandong-9.9.json").write_bytes(b"{")
    (room.hangups / ".liandong-9.8.part").write_bytes(b"")
    put(room.hangups, hang_up())
    async with room.catching_up():
        await until(lambda: len(told(room)) == 3)
        await until(lambda: len(list(room.hangups.iterdir())) == 2)


def test_a_spooled_call_may_lack_anything() -> None:
    nothing_known = {"arrived": None, "answered": None, "ended": None, "seat": None}
    assert of_hang_up(hang_up(**nothing_known), SEATS) == []
    assert of_hang_up(hang_up(**nothing_known | {"arrived": 1e300, "ended": float("nan")}), SEATS) == []
    kinds = [type(each.fact).__name__ for each in of_hang_up(hang_up(**nothing_known | {"ended": 5.0}), SEATS)]
    assert kinds == ["CallArrived", "CallEnded"]
    neighbour = of_hang_up(hang_up(seat="neighbour-north", path="engine"), SEATS)[1]
    assert neighbour.draft().subjects == (("call", CALL),)
    assert json.loads(neighbour.draft().body)["line"] == "neighbour-north"


# Recordings.


async def test_every_finished_recording_becomes_a_fact_that_proves_it(room: Room) -> None:
    recording = recorded(room)
    audio = recording.evidence.audio
    assert audio is not None
    async with room.catching_up():
        await until(lambda: "RecordingKept" in told(room))
    fact = told(room)["RecordingKept"]
    assert (fact.id, fact.type) == (f"{CALL}:recording", "RecordingKept")
    assert fact.body["path"] == f"2024/11/23/{CALL}.flac"
    assert fact.body["evidence"] == f"2024/11/23/{CALL}.json"
    assert (fact.body["sha256"], fact.body["duration_ms"]) == (audio.sha256, audio.duration_ms)
    assert (fact.body["bytes"], fact.body["start"]) == (audio.bytes, recording.evidence.start)
    assert fact.body["evidence_sha256"] == recording.evidence.evidence_sha256
    assert fact.body["voices"] == ["caller", "seat-03"]
    assert fact.body["findings"] == []
    assert fact.time.timestamp() == pytest.approx(os.stat(recording.evidence_path).st_mtime, abs=1e-5)


async def test_a_recording_is_told_at_once_when_the_keeper_says_so(room: Room) -> None:
    async with room.catching_up(replace(PACE, shelf_s=3600.0)) as catch_up:
        await until(lambda: catch_up._shelf_at > 0)
        recorded(room)
        catch_up.look()
        await until(lambda: "RecordingKept" in told(room))


async def test_a_recording_that_is_finished_while_rows_are_waited_for_is_told_after_them(room: Room) -> None:
    row = b'"%.6f","CHAN_START","x-1.1","x-1.1","PJSIP/city-00000000","1","119","unified","","",""\n'
    async with room.catching_up(replace(PACE, shelf_s=3600.0, ripe_s=0.3)) as catch_up:
        await until(lambda: catch_up._shelf_at > 0)
        room.events.write_bytes(row % time.time())
        await until(lambda: catch_up._trail.place.offset > 0)  # it waits now
        recorded(room)
        catch_up.look()
        await until(lambda: "RecordingKept" in told(room))


async def test_a_recorder_that_lost_a_voice_is_told_as_a_failure_beside_the_recording(room: Room) -> None:
    recorded(room, lost=True)
    async with room.catching_up():
        await until(lambda: "RecordingFaulty" in told(room))
    fact = told(room)["RecordingFaulty"]
    assert (fact.id, fact.type) == (f"{CALL}:recording:faulty", "RecordingFailedLogEvent")
    assert [(each["kind"], each["role"]) for each in fact.body["faults"]] == [("digital_zeros", "seat-03")]


async def test_a_recording_that_cannot_be_finished_is_told_with_its_reason(room: Room) -> None:
    async with room.catching_up() as catch_up:
        catch_up.failed(CALL, Conflict("it exists and is another one"))
        await until(lambda: "RecordingFailed" in told(room))
    fact = told(room)["RecordingFailed"]
    assert (fact.id, fact.type) == (f"{CALL}:recording:failed", "RecordingFailedLogEvent")
    assert fact.body["code"] == "recording_conflict"


async def test_a_call_of_which_only_the_recording_is_left_is_told_by_it(room: Room) -> None:
    recorded(room)
    async with room.catching_up():
        await until(lambda: "CallEnded" in told(room))
    facts = told(room)
    assert facts.keys() == {"RecordingKept", "CallArrived", "CallAnswered", "CallEnded"}
    assert (facts["CallArrived"].time, facts["CallAnswered"].time, facts["CallEnded"].time) == (at(0), at(2), at(6))
    assert facts["CallAnswered"].id == f"{CALL}:answered:liandong-1732374002.1"
    assert facts["CallAnswered"].subjects["seat"] == "seat-03"
    assert facts["CallArrived"].personal is None
    assert all(facts[what].body["source"] == "recording" for what in ("CallArrived", "CallAnswered", "CallEnded"))


async def test_a_recording_tells_nothing_of_a_call_that_is_told_already(room: Room) -> None:
    put(room.hangups, hang_up())
    async with room.catching_up():
        await until(lambda: "CallEnded" in told(room))
        recorded(room)
        await until(lambda: "RecordingKept" in told(room))
        await until(room.bookmark.exists)
    assert {fact.body.get("source") for fact in room.facts()} == {"hang-up", None}
    assert len(room.facts()) == 4


async def test_a_recording_of_a_call_that_a_seat_made_is_told_and_its_call_is_not(room: Room) -> None:
    recorder = Recorder(room.recordings, CALL)
    recorder.leg("seat-01", voice(3.0), voice(3.0, seed=2), channel="liandong-1732374000")
    recorder.leg("line", voice(3.0, seed=2), voice(3.0), channel="liandong-1732374001")
    finish(room.recordings, CALL)
    async with room.catching_up():
        await until(lambda: "RecordingKept" in told(room))
    assert told(room).keys() == {"RecordingKept"}


async def test_a_recording_of_a_duty_line_is_told_with_its_order_and_no_call_is_made_of_it(room: Room) -> None:
    attempt = "4f000000000000000000000000000001.fire-119.2-13"
    recorder = Recorder(room.recordings, attempt)
    # An attempt's id is its channel's; the recorder of the tests puts a leg's number behind.
    recorder.leg("department", voice(3.0), voice(3.0, seed=2), channel=attempt)
    finish(room.recordings, attempt)
    async with room.catching_up() as catch_up:
        await until(lambda: "RecordingKept" in told(room, attempt))
        catch_up.failed(attempt, Conflict("it exists and is another one"))
        await until(lambda: "RecordingFailed" in told(room, attempt))
    assert told(room, attempt).keys() == {"RecordingKept", "RecordingFailed"}
    for fact in told(room, attempt).values():
        assert fact.subjects == {
            "call": attempt,
            "attempt": attempt,
            "order": "4f000000000000000000000000000001.fire-119.2",
            "incident": "4f000000000000000000000000000001",
        }


@pytest.mark.parametrize(
    "call", [CALL, "liandong-1795611118.17", "a.b", "x.fire.1", "x.fire.1-", ".fire.1-1", "x.1.1-1"]
)
def test_no_other_calls_id_is_taken_for_an_attempts(call: str) -> None:
    assert order_and_incident(call) is None


async def test_a_call_without_any_audio_is_told_too(room: Room) -> None:
    recorder = Recorder(room.recordings, CALL)
    recorder.leg("caller", nothing(), nothing(), channel="liandong-1732374000")
    finish(room.recordings, CALL)
    async with room.catching_up():
        await until(lambda: "RecordingKept" in told(room))
    assert (told(room)["RecordingKept"].body["path"], told(room)["RecordingKept"].body["duration_ms"]) == (None, 0)


async def test_recordings_that_were_finished_while_nobody_told_are_found_again(room: Room) -> None:
    calls = [f"liandong-{1732374000 + number}.1" for number in range(5)]
    recorded(room, calls[0])
    async with room.catching_up():
        await until(lambda: f"{calls[0]}:recording" in room.ids())
        await until(lambda: '"recordings_ns": 0' not in (room.bookmark.read_text() if room.bookmark.exists() else ""))
    for call in calls[1:]:
        recorded(room, call)
    async with room.catching_up():
        await until(lambda: {f"{call}:recording" for call in calls} <= room.ids())


async def test_a_clock_that_was_put_back_forgets_no_recording(room: Room) -> None:
    room.clock = lambda: time.time() + 10 * 365 * 86400
    async with room.catching_up():
        await until(room.bookmark.exists)
    room.clock = time.time
    recorded(room)
    async with room.catching_up():
        await until(lambda: "RecordingKept" in told(room))


async def test_damaged_evidence_is_left_to_verify_and_holds_up_nobody(room: Room) -> None:
    damaged = recorded(room, "liandong-1732374009.1").evidence_path
    damaged.write_bytes(damaged.read_bytes() + b" ")
    recorded(room)
    async with room.catching_up():
        await until(lambda: "RecordingKept" in told(room))
    assert told(room, "liandong-1732374009.1") == {}


def test_evidence_is_looked_for_by_when_it_was_written_and_no_older_day_is_opened(tmp_path: Path) -> None:
    shelf, hour = Shelf(tmp_path), 3600 * 10**9
    for day, written_ns in (("2024/11/23", 100 * hour), ("2024/11/24", 200 * hour), ("2024/12/01", 300 * hour)):
        folder = tmp_path / day
        folder.mkdir(parents=True)
        for name in ("a.json", ".b.json.part", "a.flac"):
            (folder / name).touch()
            os.utime(folder / name, ns=(written_ns, written_ns))
        os.utime(folder, ns=(written_ns, written_ns))
    (tmp_path / "raw" / "11" / "24").mkdir(parents=True)
    assert [str(each.relative_to(tmp_path)) for each in shelf.folders(150 * hour)] == ["2024/11/24", "2024/12/01"]
    found = shelf.finished(tmp_path / "2024/12/01", 0, 400 * hour)
    assert [[each.call for each in batch] for batch in found] == [["a"]]
    assert shelf.finished(tmp_path / "2024/12/01", 0, 300 * hour) == []
    assert shelf.finished(tmp_path / "2024/12/01", 302 * hour, 400 * hour) == []
