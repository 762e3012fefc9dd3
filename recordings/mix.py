"""Two channels of a call: the caller on the left, everybody else on the right.

Who said what comes from each party's own file. Where that is lost, the other side's spare (what it was sent) stands in
for it, alone: the spare carries everybody on this side, so nobody is heard twice. Several parties on one side are
added and cut off at full scale. Only a block is in memory at a time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt
import soxr  # type: ignore[import-untyped]

from recordings.finding import Diagnosis
from recordings.interval import Interval, difference, intersection, union
from recordings.leg import Leg, Legs, Placed
from recordings.profile import Samples
from recordings.raw import blocks

BLOCK_FRAMES = 1 << 16
"""Frames mixed at a time: 4 s at 16 kHz, 256 KB a channel while adding."""


class Ear(StrEnum):
    """A channel of the stereo file."""

    LEFT = "left"
    RIGHT = "right"


@dataclass(frozen=True, slots=True)
class Track:
    """A raw file, and when it is heard on which channel; times in ms since the call's start."""

    ear: Ear
    side: Placed
    gates: tuple[Interval, ...]
    spare: bool


@dataclass(frozen=True, slots=True)
class Mix:
    """What the stereo file is made of."""

    rate: int
    frames: int
    tracks: tuple[Track, ...]


def planned(legs: Legs, diagnosis: Diagnosis) -> Mix:
    """Which file is heard where and when."""
    lost = list(zip(legs.legs, diagnosis.lost, strict=True))
    callers = [each for each in lost if each[0].is_caller]
    others = [each for each in lost if not each[0].is_caller]
    tracks = _tracks(Ear.LEFT, callers, [leg for leg, _ in others])
    tracks += _tracks(Ear.RIGHT, others, [leg for leg, _ in callers])
    rate = max((track.side.extent.rate for track in tracks), default=0)
    return Mix(rate, _frame(max((track.gates[-1][1] for track in tracks), default=0), rate), tuple(tracks))


def mixed(mix: Mix) -> Iterator[npt.NDArray[np.int16]]:
    """The samples, block after block, of shape (frames, 2). Raises OSError."""
    playheads = [_Playhead(track, mix.rate) for track in mix.tracks]
    for begin in range(0, mix.frames, BLOCK_FRAMES):
        end = min(begin + BLOCK_FRAMES, mix.frames)
        both = np.zeros((end - begin, 2), np.int32)
        for playhead in playheads:
            playhead.add(both[:, 0 if playhead.track.ear is Ear.LEFT else 1], begin, end)
        yield np.clip(both, -32768, 32767).astype(np.int16)


def _tracks(ear: Ear, members: Sequence[tuple[Leg, tuple[Interval, ...]]], opposite: Sequence[Leg]) -> list[Track]:
    spares = [leg.heard for leg in opposite if leg.heard]
    # With nobody on this side at all, what the other side was sent is all that there is.
    lost = union(each for _, gaps in members for each in gaps) if members else union(spare.span for spare in spares)
    tracks: list[Track] = []
    covered: tuple[Interval, ...] = ()
    for spare in spares:
        gates = difference(intersection(lost, [spare.span]), covered)
        tracks.append(Track(ear, spare, gates, spare=True))
        covered = union([*covered, *gates])
    by_channel: dict[str, tuple[Interval, ...]] = {}
    for leg, _ in members:
        if leg.said:
            # A channel that was armed twice says everything twice while both recorders run.
            taken = by_channel.get(leg.channel, ())
            tracks.append(Track(ear, leg.said, difference([leg.said.span], [*covered, *taken]), spare=False))
            by_channel[leg.channel] = union([*taken, leg.said.span])
    return [track for track in tracks if track.gates]


def _frame(ms: int, rate: int) -> int:
    return round(ms * rate / 1000)


class _Playhead:
    """Runs once through a track, at the mix's rate."""

    def __init__(self, track: Track, rate: int) -> None:
        self.track = track
        self._gates = [(_frame(a, rate), _frame(b, rate)) for a, b in track.gates]
        self._at = _frame(track.side.start_ms, rate)
        self._source = _at_rate(track.side, rate)
        self._rest: Samples = np.zeros(0, np.int16)

    def add(self, into: npt.NDArray[np.int32], begin: int, end: int) -> None:
        """Add what is heard of the track from frame `begin` to `end`; calls go forward in time."""
        while self._at < end and self._fill():
            taken = self._rest[: end - self._at]
            for a, b in self._gates:
                first, last = max(a, self._at, begin), min(b, self._at + len(taken))
                if first < last:
                    into[first - begin : last - begin] += taken[first - self._at : last - self._at]
            self._rest = self._rest[len(taken) :]
            self._at += len(taken)

    def _fill(self) -> bool:
        while not len(self._rest):
            block = next(self._source, None)
            if block is None:
                return False
            self._rest = block
        return True


def _at_rate(side: Placed, rate: int) -> Iterator[Samples]:
    source = blocks(side.scan.path, side.extent.frames, BLOCK_FRAMES)
    if side.extent.rate == rate:
        yield from source
        return
    stream = soxr.ResampleStream(side.extent.rate, rate, 1, dtype="int16")
    for block in source:
        yield stream.resample_chunk(block)
    yield stream.resample_chunk(np.zeros(0, np.int16), last=True)
