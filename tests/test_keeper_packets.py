"""The packets that Asterisk counted come from its channel event log into a call's evidence, also after a restart."""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path
from typing import Any

import pytest
import soundfile

from liandong import keeper
from liandong.keeper import LOST_S, Keeper
from recordings.archive import RAW, Recording, find, finish
from recordings.evidence import Evidence
from recordings.settings import RecordingSettings
from telephony.cel import Reader
from tests.test_recordings_recorder import CALL_ID, Recorder, voice, zeros

AUDIO = (
    '"1795451770.926085","Audio","{call}","{channel}","PJSIP/seat-01-00000001","8001","s","counted",'
    '"CELGenUserEvent","Audio,{told}","{{""extra"":""{told}""}}"\n'
)
"""As Asterisk 22.10 wrote it."""
OTHER = (
    '"1795451770.926733","HANGUP","liandong-1.3","liandong-1.6","PJSIP/seat-01-00000001","8001","","seats","AppDial",'
    '"(Outgoing Line)","{""hangupcause"":16,""hangupsource"":""PJSIP/city-00000000"",""dialstatus"":""""}"\n'
)


def audio(channel: str, told: object, call: str = CALL_ID) -> str:
    return AUDIO.format(call=call, channel=channel, told=told)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "cel.csv"


def test_a_row_tells_how_many_packets_came(log: Path) -> None:
    log.write_text(audio("a.1", 154) + OTHER)
    assert [event.packets for event in Reader(log).read()] == [154, None]


@pytest.mark.parametrize("told", ["", "-1", "many", "1.5", "²"])
def test_a_count_that_is_no_number_is_unknown(log: Path, told: str) -> None:
    log.write_text(audio("a.1", told))
    assert [event.packets for event in Reader(log).read()] == [None]


@pytest.mark.parametrize("extra", ["", "{", "[]", "7", '{""extra"":7}', '{""other"":""7""}'])
def test_a_row_without_its_count_is_unknown(log: Path, extra: str) -> None:
    log.write_text(audio("a.1", 7).replace('{""extra"":""7""}', extra))
    assert [event.packets for event in Reader(log).read()] == [None]


def test_the_last_rows_are_whole_ones_and_no_more_than_asked_for(log: Path) -> None:
    rows = [audio(f"a.{number}", number) for number in range(100)]
    log.write_text("".join(rows))
    for size in (0, 1, len(rows[-1]) - 1, len(rows[-1]), 10 * len(rows[-1]) + 1, log.stat().st_size, 1 << 20):
        reader = Reader(log)
        reader.skip_to_last(size)
        counts = [event.packets for event in reader.read()]
        assert counts == [*range(100)][100 - len(counts) :]
        assert sum(map(len, rows[100 - len(counts) :])) <= size
        assert reader.senseless == 0


def test_no_log_has_no_last_rows(log: Path) -> None:
    reader = Reader(log)
    reader.skip_to_last(1000)
    assert reader.read() == []


async def swept(root: Path, log: Path, rows: str) -> Evidence:
    """Finish what was left by a process that died."""
    await asyncio.to_thread(log.write_text, rows)
    left = Keeper(root, RecordingSettings(), log)
    await left.sweep(frozenset)
    await left.finish_all()
    path = find(root, CALL_ID)
    assert path is not None
    return Evidence.from_bytes(path.read_bytes())


async def test_a_call_that_ended_while_nobody_listened_still_has_its_counts(tmp_path: Path, log: Path) -> None:
    caller = voice(10.0)
    caller[5 * 16_000 :] = 0
    Recorder(tmp_path).leg("caller", caller, zeros(10.0))
    rows = audio("caller.1", 9, "another.1") + audio("caller.1", 500) + OTHER
    evidence = await swept(tmp_path, log, rows)
    assert [leg.packets_received for leg in evidence.legs] == [500]
    assert [each.kind for each in evidence.findings] == ["digital_zeros"]


async def test_a_count_too_far_back_in_the_log_is_unknown(
    tmp_path: Path, log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeper, "LOOK_BACK_BYTES", 10 * len(OTHER))
    Recorder(tmp_path).leg("caller", voice(10.0), voice(10.0, seed=2))
    evidence = await swept(tmp_path, log, audio("caller.1", 500) + OTHER * 11)
    assert [leg.packets_received for leg in evidence.legs] == [None]


async def finished_of_lost(keeper: Keeper, up: frozenset[str] | None) -> bool:
    """Whether the call is finished after lost ones were looked for while these channels were up."""
    await keeper.take_lost(lambda: up)
    await keeper.finish_all()
    return find(keeper._root, CALL_ID) is not None


async def test_a_call_whose_end_was_never_told_is_finished_when_it_is_silent_and_has_no_channel(
    tmp_path: Path, log: Path
) -> None:
    Recorder(tmp_path).leg("caller", voice(10.0), voice(10.0, seed=2))
    (raw,) = (each for each in (tmp_path / RAW).iterdir())
    left = Keeper(tmp_path, RecordingSettings(), log)

    long_ago = raw.stat()
    lately = time.time() - LOST_S + 60
    os.utime(raw, (lately, lately))
    assert not await finished_of_lost(left, frozenset())
    os.utime(raw, ns=(long_ago.st_atime_ns, long_ago.st_mtime_ns - 10**9 * round(LOST_S)))
    assert not await finished_of_lost(left, None)
    assert not await finished_of_lost(left, frozenset({CALL_ID}))
    assert await finished_of_lost(left, frozenset({"another.1"}))


async def test_what_goes_wrong_with_one_call_is_not_the_others_trouble(
    tmp_path: Path, log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Recorder(tmp_path).leg("caller", voice(10.0), voice(10.0, seed=2))
    (tmp_path / RAW / "a.1").mkdir()
    monkeypatch.setattr(keeper, "_finish", stumbles)
    monkeypatch.setattr(keeper, "AGAIN_S", (0.1,))
    left = Keeper(tmp_path, RecordingSettings(), log)
    kept: asyncio.Queue[Recording] = asyncio.Queue()
    left.kept = kept.put_nowait
    await left.sweep(frozenset)
    running = asyncio.create_task(left.run())
    assert (await asyncio.wait_for(kept.get(), 60)).evidence.call_id == CALL_ID
    assert not running.done()
    running.cancel()
    await asyncio.wait([running])


def stumbles(root: Path, settings: RecordingSettings, ended: Any) -> Recording:
    """In the worker: of one call the disk gives back what no decoder knows."""
    if ended.call == "a.1":
        raise soundfile.LibsndfileError(1)
    return finish(root, ended.call, settings)
