"""Recordings as the HTTP interface shows them: what the journal knows of each, and never where it lies."""

from __future__ import annotations

from typing import Any, Self

from console.told import Moment, State
from journal import Fact
from journal.instant import to_text


class FindingState(State):
    """Something that was noticed in a recording."""

    kind: str
    """What, a stable word."""
    level: str
    """`fault`: the recorder lost something; else an observation, such as a quiet caller."""
    role: str | None
    """On whose leg."""
    from_ms: int | None
    """After the recording's start."""
    to_ms: int | None


class RecordingState(State):
    """One finished recording."""

    sequence: int
    """Of the fact that it is finished; a list goes on after it."""
    call: str
    """The call's id; of a department's call its attempt's."""
    order: str | None
    """The order for which a department was called; null: a caller's call."""
    kept_at: Moment
    """When its evidence was written."""
    start: Moment | None
    """When it begins; null: a fact of an older version, the evidence tells."""
    duration_ms: int
    bytes: int | None
    """Of the audio; null: there is none, or as for `start`."""
    sha256: str | None
    """Of the audio; null: nobody was heard, there is none."""
    evidence_sha256: str
    voices: tuple[str, ...]
    """Roles of those of whom there is audio of their own: `caller`, a seat's id, `department`."""
    findings: tuple[FindingState, ...]
    faulty: bool
    """Whether the recorder lost something."""

    @classmethod
    def of(cls, fact: Fact, order: str | None) -> Self:
        """A recording as the journal knows it: a `RecordingKept`."""
        body: dict[str, Any] = dict(fact.body)
        findings = tuple(FindingState.model_validate(each) for each in body.get("findings", ()))
        start = body.get("start")
        return cls(
            sequence=fact.sequence,
            call=fact.subjects["call"],
            order=order,
            kept_at=to_text(fact.time),
            start=None if start is None else _microseconds(start),
            duration_ms=body["duration_ms"],
            bytes=body.get("bytes"),
            sha256=body["sha256"],
            evidence_sha256=body["evidence_sha256"],
            voices=tuple(body.get("voices", ())),
            findings=findings,
            faulty=any(each.level == "fault" for each in findings),
        )


def _microseconds(text: str) -> str:
    """The evidence counts in milliseconds; every moment here has microseconds, so that texts sort as moments do."""
    return text.replace("Z", "000Z")
