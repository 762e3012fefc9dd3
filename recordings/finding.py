"""What is remarkable about a call's legs: faults of the recorder, and observations about the people.

The one hard question is what a stretch of exact zeros means. A microphone never gives it; µ-law's code for silence
does (a muted telephone), and so does the recorder's own filling where no audio came at all. So zeros alone prove
nothing. They are a *fault* with either of two witnesses:

- The other side was at that very time sent sound that nobody else on this call made: then audio arrived and was passed
  on, and only this file lacks it. The sound may also be music that the other side was given on hold while the telephone
  sent nothing; such a finding then costs a kept raw file and nothing else, because the spare takes the zeros' place and
  the spare is what was really sent.
- Asterisk counted packets that came meanwhile (witness.py). This one also sees what both files lack, and it can't tell
  a telephone that sends digital silence from a recorder that lost the voice; its finding says so.

Where packets prove that nothing came, zeros are nothing remarkable: a telephone on hold, or one that waits to be
answered. Where nobody can tell, they are an observation, except before the first sound, where they are usual.

A quiet person is an observation. Somebody who calls an emergency number may be unable to speak.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from recordings.interval import Interval
from recordings.leg import Leg, Legs, Placed
from recordings.profile import CELL_MS, Flags
from recordings.settings import RecordingSettings
from recordings.witness import Arrival, witnessed

GUARD_CELLS = 5
"""Cells at each end of a stretch that aren't compared, 0.5 s: two files are placed to a frame or two, not exactly."""
PROOF_CELLS = 10
"""Cells with sound that prove it, 1 s: a click or a key press is shorter."""


class Kind(StrEnum):
    """What was found."""

    DIGITAL_ZEROS = "digital_zeros"
    """A leg is exactly zero while the other side was sent its sound, or while packets came."""
    ZEROS = "zeros"
    """A leg is exactly zero for a while, and it can't be told whether audio came."""
    MISSING = "missing"
    """What a party said was not recorded, though what it heard was."""
    UNREADABLE = "unreadable"
    """A raw file's header is damaged beyond repair."""
    SPARE_ZEROS = "spare_zeros"
    """What a party was sent is exactly zero while the other side spoke: this spare could not have helped."""
    SILENT = "silent"
    """A leg is exactly zero throughout and nothing shows that audio arrived: a muted telephone, or no audio sent."""
    QUIET = "quiet"
    """A party was never loud."""
    REPAIRED = "repaired"
    """A file's length was taken from its size; up to 32 KB of its end may be lost."""
    UNKNOWN_FILE = "unknown_file"
    """A file that is nobody's lies with the raw files; all of them are kept."""


class Level(StrEnum):
    """How it is to be taken."""

    FAULT = "fault"
    """The recorder lost something: somebody must be told, and the raw files are kept."""
    OBSERVATION = "observation"
    """Worth knowing, nobody's fault."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One remarkable thing; times in ms since the call's start."""

    kind: Kind
    level: Level
    role: str
    channel: str
    from_ms: int
    to_ms: int
    text: str


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """All findings, and for each leg (same order) the stretches of what it said that are lost."""

    findings: tuple[Finding, ...]
    lost: tuple[tuple[Interval, ...], ...]


def diagnose(legs: Legs, settings: RecordingSettings) -> Diagnosis:
    """Look at every leg."""
    timeline = _Timeline(legs, settings)
    findings: list[Finding] = []
    lost = []
    for leg in legs.legs:
        found, stretches = timeline.losses(leg)
        found += timeline.zeros(leg, stretches)
        findings += [*found, *timeline.manner(leg, found), *timeline.spare(leg), *_damage(leg)]
        lost.append(stretches)
    return Diagnosis(tuple(findings), tuple(lost))


class _Timeline:
    """The legs' profiles laid on one line of cells."""

    def __init__(self, legs: Legs, settings: RecordingSettings) -> None:
        self._legs = legs.legs
        self._cells = -(-legs.length_ms // CELL_MS) + 1
        self._settings = settings

    def losses(self, leg: Leg) -> tuple[list[Finding], tuple[Interval, ...]]:
        """What of this leg is lost."""
        if leg.said is None:
            return self._absence(leg)
        opposite = [other for other in self._legs if other.is_caller != leg.is_caller]
        proof = self._sent_alone(leg, opposite)
        stretches = tuple(_in_ms(run, leg.said) for run in self._zero_runs(leg.said) if _proved(proof, run))
        text = "exact zeros while the other side was sent sound; the spare takes their place"
        return [_finding(Kind.DIGITAL_ZEROS, Level.FAULT, leg, each, text) for each in stretches], stretches

    def zeros(self, leg: Leg, lost: tuple[Interval, ...]) -> list[Finding]:
        """What the count of packets says about zeros that aren't known to be lost."""
        if leg.said is None:
            return []
        runs = [_in_ms(run, leg.said) for run in self._zero_runs(leg.said)]
        before = [run for run in runs if run[0] == leg.said.start_ms]
        before_ms, zeros_ms = _total(before), _total(runs)
        sound_ms = leg.said.extent.length_ms - zeros_ms
        statement = witnessed(leg.packets, sound_ms, before_ms, zeros_ms - before_ms)
        found = []
        for run in runs:
            arrival = statement.before if run in before else statement.after
            if run in lost or arrival is Arrival.NONE or (arrival is Arrival.UNKNOWN and run in before):
                continue
            came = arrival is Arrival.CAME
            kind, level = (Kind.DIGITAL_ZEROS, Level.FAULT) if came else (Kind.ZEROS, Level.OBSERVATION)
            found.append(_finding(kind, level, leg, run, _zeros_text(leg.packets, came=came)))
        return found

    def manner(self, leg: Leg, found: list[Finding]) -> list[Finding]:
        """How its party spoke, beyond what was found about its zeros."""
        if leg.said is None:
            return []
        loudest = leg.said.profile.loudest_second_dbfs()
        if loudest is None:
            text = "exact zeros throughout: a muted telephone, µ-law silence, or no audio sent"
            return [] if found else [_finding(Kind.SILENT, Level.OBSERVATION, leg, leg.said.span, text)]
        if loudest >= self._settings.quiet_dbfs:
            return []
        text = f"loudest second {loudest:.1f} dBFS"
        return [_finding(Kind.QUIET, Level.OBSERVATION, leg, leg.said.span, text)]

    def spare(self, leg: Leg) -> list[Finding]:
        """Whether what it was sent could serve as a spare."""
        if leg.heard is None:
            return []
        speaking = self._any(other.said for other in self._legs if other.is_caller != leg.is_caller)
        runs = [run for run in self._zero_runs(leg.heard) if _proved(speaking, run)]
        if not runs:
            return []
        seconds = sum(b - a for a, b in runs) * CELL_MS / 1000
        text = f"{seconds:.1f} s of exact zeros were sent to it while the other side spoke"
        hull = runs[0][0] * CELL_MS, runs[-1][1] * CELL_MS
        return [_finding(Kind.SPARE_ZEROS, Level.OBSERVATION, leg, hull, text)]

    def _absence(self, leg: Leg) -> tuple[list[Finding], tuple[Interval, ...]]:
        if leg.heard is None:
            return [], ()
        span = leg.heard.span
        proof = self._sent_alone(leg, [other for other in self._legs if other.is_caller != leg.is_caller])
        proved = _proved(proof, (span[0] // CELL_MS, -(-span[1] // CELL_MS)))
        text = "no audio was recorded of what it said" + ("; the other side was sent sound" if proved else "")
        level = Level.FAULT if proved else Level.OBSERVATION
        return [_finding(Kind.MISSING, level, leg, span, text)], (span,)

    def _sent_alone(self, leg: Leg, others: Iterable[Leg]) -> Flags:
        """Where one of the others was sent sound while no third party made any."""
        found = np.zeros(self._cells, np.bool_)
        for other in others:
            third = self._any(each.said for each in self._legs if each.channel not in (leg.channel, other.channel))
            found |= self._any([other.heard]) & ~third
        return found

    def _any(self, sides: Iterable[Placed | None]) -> Flags:
        """Where any of these has sound."""
        line = np.zeros(self._cells, np.bool_)
        for side in sides:
            if side is not None:
                first = side.start_ms // CELL_MS
                flags = side.profile.sounds[: self._cells - first]
                line[first : first + len(flags)] |= flags
        return line

    def _zero_runs(self, side: Placed) -> list[Interval]:
        """Stretches of exact zeros that are long enough to matter, in cells of the timeline."""
        first = side.start_ms // CELL_MS
        edges = np.flatnonzero(np.diff(side.profile.zeros, prepend=False, append=False))
        least = self._settings.zeros_s * 1000 / CELL_MS
        return [(int(a) + first, int(b) + first) for a, b in edges.reshape(-1, 2) if b - a >= least]


def _proved(sounds: Flags, run: Interval) -> bool:
    return int(np.count_nonzero(sounds[run[0] + GUARD_CELLS : run[1] - GUARD_CELLS])) >= PROOF_CELLS


def _in_ms(run: Interval, side: Placed) -> Interval:
    """Cells of the timeline as time, within the side's file."""
    start, end = side.span
    return max(run[0] * CELL_MS, start), min(run[1] * CELL_MS, end)


def _total(stretches: Iterable[Interval]) -> int:
    return sum(end - start for start, end in stretches)


def _zeros_text(packets: int | None, *, came: bool) -> str:
    if came:
        return (
            f"exact zeros although {packets} packets came in all: the recorder lost the voice, or the telephone sent "
            "digital silence"
        )
    counted = "packets weren't counted" if packets is None else f"{packets} packets in all leave it open"
    return f"exact zeros, and it can't be told whether audio came: {counted}"


def _damage(leg: Leg) -> list[Finding]:
    found = []
    for side in (leg.said, leg.heard):
        if side and side.extent.repair:
            repair = side.extent.repair
            text = (
                f"{side.scan.path.name}: the header told of {repair.said_bytes} bytes, {repair.found_bytes} are there, "
                f"{repair.cut_bytes} cut"
            )
            found.append(_finding(Kind.REPAIRED, Level.OBSERVATION, leg, side.span, text))
    for scan in leg.damaged:
        text = f"{scan.path.name}: {scan.problem}"
        found.append(_finding(Kind.UNREADABLE, Level.FAULT, leg, (leg.armed_ms, leg.armed_ms), text))
    return found


def _finding(kind: Kind, level: Level, leg: Leg, span: Interval, text: str) -> Finding:
    return Finding(kind, level, leg.role, leg.channel, span[0], span[1], text)
