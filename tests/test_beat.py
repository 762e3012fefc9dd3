"""A sign of life: written in place, also on a full disk, and read by somebody who trusts nothing."""

import asyncio
import json
import os
import time
from pathlib import Path

import pytest

from liandong.beat import SIZE, Beat, BeatSeen, beat_file, read_beat, reserve
from liandong.lock import Role
from tests.centre import small_disk

WITHIN_S = 30.0  # less than the minute for which the worst is remembered


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return beat_file(tmp_path, Role.ENGINE)


def test_a_beat_says_who_lives_and_when(file: Path) -> None:
    before = time.monotonic()
    beat = Beat(file)
    beat.write()
    seen = read_beat(file)
    assert seen is not None
    assert (seen.pid, seen.lag_ms, seen.lag_max_ms) == (os.getpid(), 0.0, 0.0)
    assert before - 0.001 <= seen.at <= time.monotonic() + 0.001
    assert (file.name, file.stat().st_size) == ("engine.beat", SIZE)


def test_the_next_beat_takes_no_more_room_and_no_new_file(file: Path) -> None:
    beat = Beat(file)
    beat.write()
    inode = file.stat().st_ino
    beat.write()
    assert (file.stat().st_ino, file.stat().st_size) == (inode, SIZE)
    assert file.read_bytes().endswith(b" \n")


GARBAGE: list[bytes] = [
    b"",
    b"\0" * SIZE,
    b" " * SIZE,
    b"{",
    b"[]",
    b"null",
    b'"x"',
    b"\xff\xfe{",
    b"[" * 100_000,
    b'{"pid": 1, "at": 2.0, "lag_ms": 1.0}',
    *(
        json.dumps({"pid": 1, "at": 2.0, "lag_ms": 1.0, "lag_max_ms": 3.0} | wrong).encode()
        for wrong in ({"pid": 0}, {"pid": -1}, {"pid": True}, {"pid": 1.0}, {"pid": "1"}, {"at": "2"}, {"at": None})
    ),
    b'{"pid": 1, "at": NaN, "lag_ms": 1, "lag_max_ms": 3}',
    b'{"pid": 1, "at": Infinity, "lag_ms": 1, "lag_max_ms": 3}',
    b'{"pid": 1, "at": 1' + b"0" * 150 + b'e999, "lag_ms": 1, "lag_max_ms": 3}',
]


@pytest.mark.parametrize("data", GARBAGE)
def test_what_is_no_beat_is_none(file: Path, data: bytes) -> None:
    file.write_bytes(data)
    assert read_beat(file) is None


def test_every_half_of_a_beat_is_none_or_whole(file: Path) -> None:
    Beat(file).write()
    whole, data = read_beat(file), file.read_bytes()
    for length in range(SIZE):
        file.write_bytes(data[:length])
        assert read_beat(file) in (None, whole)


def test_there_is_no_beat_where_there_is_no_file(tmp_path: Path) -> None:
    assert read_beat(tmp_path / "no" / "engine.beat") is None
    assert read_beat(tmp_path) is None


def test_whole_numbers_are_numbers(file: Path) -> None:
    file.write_bytes(b'{"pid": 7, "at": 2, "lag_ms": 1, "lag_max_ms": 3}')
    assert read_beat(file) == BeatSeen(7, 2.0, 1.0, 3.0)


def test_room_is_made_once_and_takes_no_beat_away(file: Path) -> None:
    reserve(file)
    assert (file.stat().st_size, read_beat(file)) == (SIZE, None)
    Beat(file).write()
    seen = read_beat(file)
    reserve(file)
    assert read_beat(file) == seen is not None


async def test_a_stall_of_the_event_loop_is_measured_and_remembered(file: Path) -> None:
    beat = Beat(file)
    measuring = asyncio.create_task(beat.measure())
    await asyncio.sleep(0.15)
    time.sleep(0.4)  # noqa: ASYNC251 - this is the stall
    await asyncio.sleep(0.15)
    first = beaten(beat, file)
    assert first.lag_ms == first.lag_max_ms >= 290
    worst = first.lag_ms
    async with asyncio.timeout(WITHIN_S):
        while True:  # the machine may stall as well
            await asyncio.sleep(0.25)
            later = beaten(beat, file)
            worst = max(worst, later.lag_ms)
            assert later.lag_max_ms == worst
            if later.lag_ms < first.lag_ms:
                break
    measuring.cancel()


def beaten(beat: Beat, file: Path) -> BeatSeen:
    """The next beat."""
    beat.write()
    seen = read_beat(file)
    assert seen is not None
    return seen


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a small disk, so a full one is NOT PROVED here")
def test_a_full_disk_stops_no_beat(short_path: Path) -> None:
    with small_disk(short_path / "disk", "1m") as disk:
        path = beat_file(disk.seen, Role.ENGINE)
        reserve(path)
        disk.fill()
        beat = Beat(path)
        beat.write()
        first = read_beat(path)
        beat.write()
        second = read_beat(path)
        assert first is not None
        assert second is not None
        assert second.at >= first.at
        Beat(beat_file(disk.seen, Role.WEB)).write()  # no room was made for this one: nothing comes, nothing breaks
        assert read_beat(beat_file(disk.seen, Role.WEB)) is None
        beat.close()
