"""What the journal is told of recordings. Pure, and the same for whoever tells it: the ids are made of the call's.

Rules: the evidence's own digest goes along, so that evidence that was rewritten as a whole is found out; nothing that
was said, and nobody's number, stands in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from types import MappingProxyType

from journal import Draft, LogEvent
from journal.canonical import Json
from recordings.archive import Recording
from recordings.error import RecordingError
from recordings.fact import KEPT
from recordings.finding import Finding, Level

NOTHING: Mapping[str, str] = MappingProxyType({})

MOST_FINDINGS = 100
"""Told of one recording; the evidence has them all."""


def kept_id(call: str) -> str:
    """Of the fact that a call's recording is finished."""
    return f"{call}:recording"


def failed_id(call: str) -> str:
    """Of the fact that a call's recording could not be finished."""
    return f"{call}:recording:failed"


def faulty_id(call: str) -> str:
    """Of the fact that the recorder lost something of a call."""
    return f"{call}:recording:faulty"


def kept(recording: Recording, root: Path, at: datetime, more: Mapping[str, str] = NOTHING) -> list[Draft]:
    """That it is finished, and if it is faulty, that too; `at` is when its evidence was written.

    `more` is what else it is about, besides its call.
    """
    evidence = recording.evidence
    audio = evidence.audio
    body: dict[str, Json] = {
        "what": "RecordingKept",
        "evidence": str(recording.evidence_path.relative_to(root)),
        "evidence_sha256": evidence.evidence_sha256,
        "path": None if recording.flac_path is None else str(recording.flac_path.relative_to(root)),
        "sha256": None if audio is None else audio.sha256,
        "bytes": None if audio is None else audio.bytes,
        "start": evidence.start,
        "duration_ms": 0 if audio is None else audio.duration_ms,
        "voices": [leg.role for leg in evidence.legs if leg.said],
        "findings": _told(evidence.findings),
        "raw_kept": evidence.raw_kept,
    }
    call = {**more, "call": evidence.call_id}
    drafts = [Draft.of(KEPT, at, subjects=call, body=body, id=kept_id(evidence.call_id))]
    if evidence.faulty:
        faults = [finding for finding in evidence.findings if finding.level is Level.FAULT]
        body = {"what": "RecordingFaulty", "faults": _told(faults)}
        drafts.append(Draft.of(LogEvent.RECORDING_FAILED, at, subjects=call, body=body, id=faulty_id(evidence.call_id)))
    return drafts


def failed(call: str, error: RecordingError, at: datetime, more: Mapping[str, str] = NOTHING) -> Draft:
    """That it could not be finished and will not be by itself; its raw files are where they were."""
    body: dict[str, Json] = {"what": "RecordingFailed", "code": error.code, "because": str(error)}
    return Draft.of(LogEvent.RECORDING_FAILED, at, subjects={**more, "call": call}, body=body, id=failed_id(call))


def _told(findings: tuple[Finding, ...] | list[Finding]) -> list[Json]:
    return [
        {
            "kind": finding.kind.value,
            "level": finding.level.value,
            "role": finding.role,
            "from_ms": finding.from_ms,
            "to_ms": finding.to_ms,
        }
        for finding in findings[:MOST_FINDINGS]
    ]
