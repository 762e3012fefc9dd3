"""The legs of a call: each party's two raw files, placed on the call's own time.

Times here are ms since the call's start, which is the first arming of a recorder in it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from recordings.error import BadTimeline
from recordings.interval import Interval
from recordings.placement import Placement, place
from recordings.profile import Profile
from recordings.raw import CALLER, Extent, Name, Scan, Side

MAX_CALL_MS = 48 * 3_600_000
"""Longest believable call, two days; a set clock must not make a file of years of silence."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A raw file with audio in it, at its place."""

    scan: Scan
    extent: Extent
    placement: Placement
    start_ms: int

    @property
    def span(self) -> Interval:
        """From its first sample to after its last."""
        return self.start_ms, self.start_ms + self.extent.length_ms

    @property
    def profile(self) -> Profile:
        """How loud it is over time."""
        return self.scan.profile


@dataclass(frozen=True, slots=True)
class Leg:
    """One recorder's work on one channel: what its party said, and what it was sent."""

    role: str
    channel: str
    armed_ms: int
    """ms since the call's start."""
    said: Placed | None
    heard: Placed | None
    damaged: tuple[Scan, ...] = ()
    """Those of its files whose headers can't be read."""
    is_caller: bool = False
    """Whether it belongs on the left."""
    packets: int | None = None
    """RTP packets that Asterisk received from this party since its stream's source last changed; None: not counted."""


@dataclass(frozen=True, slots=True)
class Legs:
    """All that was recorded of a call."""

    started_ms: int
    """ms since the epoch: the first arming of a recorder."""
    legs: tuple[Leg, ...]
    """Those with audio or with a damaged file: caller's first, then by arming and name."""
    empty: tuple[Scan, ...]
    """Files without audio, such as those of seats that only rang."""

    @property
    def length_ms(self) -> int:
        """From the start to after the last sample of any leg."""
        return max((side.span[1] for leg in self.legs for side in (leg.said, leg.heard) if side), default=0)


def gathered(
    call_id: str,
    files: Iterable[tuple[Name, Scan]],
    ended_ms: int | None = None,
    packets: Mapping[str, int] | None = None,
) -> Legs:
    """Make legs of raw files; `ended_ms` is the call's end, if known, ms since the epoch. Raises BadTimeline.

    `packets` are those that each channel received. The count is a channel's, so of two legs on it neither has one.

    A call bears its first channel's id, so that channel is the caller's, also when a seat dials out.
    """
    every = sorted(files, key=lambda each: each[1].path.name)
    started_ms = min(name.armed_ms for name, _ in every)
    grouped: dict[tuple[int, str, str, str], dict[Side, Scan]] = {}
    for name, scan in every:
        grouped.setdefault((name.armed_ms, name.role, name.channel, name.format), {})[name.side] = scan
    recorders = Counter(channel for _, _, channel, _ in grouped)
    counted = {channel: count for channel, count in (packets or {}).items() if recorders[channel] == 1}
    legs = []
    empty = []
    for (armed_ms, role, channel, _), sides in grouped.items():
        placed = {side: _placed(scan, armed_ms, started_ms, ended_ms) for side, scan in sides.items()}
        damaged = tuple(scan for scan in sides.values() if scan.problem)
        empty += [scan for side, scan in sides.items() if not placed[side] and not scan.problem]
        if any(placed.values()) or damaged:
            said, heard = placed.get(Side.SAID), placed.get(Side.HEARD)
            is_caller = role == CALLER or channel == call_id
            came = counted.get(channel)
            legs.append(Leg(role, channel, armed_ms - started_ms, said, heard, damaged, is_caller, came))
    legs.sort(key=lambda leg: (not leg.is_caller, leg.armed_ms, leg.role, leg.channel))
    found = Legs(started_ms, tuple(legs), tuple(empty))
    if max(found.length_ms, max(name.armed_ms for name, _ in every) - started_ms) > MAX_CALL_MS:
        raise BadTimeline(f"the raw files' times are more than {MAX_CALL_MS // 3_600_000} h apart")
    return found


def _placed(scan: Scan, armed_ms: int, started_ms: int, ended_ms: int | None) -> Placed | None:
    if scan.extent is None or not scan.extent.frames:
        return None
    placement = place(armed_ms, scan.last_write_ms, scan.extent.length_ms, ended_ms)
    return Placed(scan, scan.extent, placement, placement.start_ms - started_ms)
