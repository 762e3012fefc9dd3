"""The JSON beside every recording, which proves it.

Rules: the same raw files, counts and settings give the same bytes (so nothing in it tells when it was made); the bytes
are the canonical form of what they say, so any other writing of it is an edit; it carries its own SHA-256, which tells
an accident or a careless edit. Who recomputes that can't be found out here: the journal keeps the digest as well.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import PurePath
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from recordings.error import RecordingError
from recordings.finding import Finding, Kind, Level
from recordings.leg import Legs, Placed
from recordings.mix import Ear, Mix
from recordings.placement import Anchor
from recordings.raw import Repair, Scan

SCHEMA: Final = 1


class BadEvidence(RecordingError):
    """A file is not the canonical, unedited evidence of a call."""

    code = "recording_bad_evidence"


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class RawFile(_Part):
    """A raw file with audio."""

    name: str
    bytes: int
    sha256: str
    """Of the file as Asterisk left it."""
    rate: int
    """Hz."""
    frames: int
    offset_ms: int
    """Its first sample's time after the call's start."""
    anchor: Anchor
    """What the offset rests on."""
    late_ms: int
    """Time for which its recorder was armed and there are no samples."""
    loudest_second_dbfs: float | None
    """None: all samples are zero."""
    repaired: Repair | None


class LegEvidence(_Part):
    """One recorder's work on one channel."""

    role: str
    channel: str
    armed_ms: int
    """After the call's start."""
    packets_received: int | None
    """RTP packets that Asterisk received from this party since its stream's source last changed; None: not counted."""
    said: RawFile | None
    heard: RawFile | None


class OtherFile(_Part):
    """A raw file without usable audio: nobody answered, or its header is damaged."""

    name: str
    bytes: int
    sha256: str


class Source(_Part):
    """Which raw file is heard when on which channel; ms after the call's start."""

    ear: Ear
    file: str
    spare: bool
    """True: it is what the other side was sent, in the place of a lost file."""
    spans_ms: tuple[tuple[int, int], ...]


class Audio(_Part):
    """The FLAC: 16 bit, two channels, the caller (or the seat that dialled out) on the left, all others right."""

    name: str
    bytes: int
    sha256: str
    rate: int
    """Hz."""
    frames: int
    duration_ms: int
    encoder: str


class Evidence(_Part):
    """All that is known about one recording."""

    schema_version: Literal[1]
    call_id: str
    start: str
    """UTC, ISO 8601 with ms: the first arming of a recorder, and the FLAC's first sample."""
    end: str
    """UTC: after the last sample of any file."""
    audio: Audio | None
    """None: no audio came on any leg, as when a caller gives up at once."""
    legs: tuple[LegEvidence, ...]
    without_audio: tuple[OtherFile, ...]
    sources: tuple[Source, ...]
    findings: tuple[Finding, ...]
    raw_kept: bool
    """Whether the raw files were moved to `kept/`."""
    tool: str
    evidence_sha256: str
    """Of these bytes with this field empty."""

    @property
    def faulty(self) -> bool:
        """Whether the recorder lost something."""
        return any(finding.level is Level.FAULT for finding in self.findings)

    def raw_hashes(self) -> dict[str, str]:
        """SHA-256 of every raw file by name."""
        hashes = {side.name: side.sha256 for leg in self.legs for side in (leg.said, leg.heard) if side}
        return hashes | {each.name: each.sha256 for each in self.without_audio}

    def day(self) -> PurePath:
        """The folder that it belongs in: `YYYY/MM/DD` of its start."""
        return PurePath(*self.start[:10].split("-"))

    def sealed(self) -> Evidence:
        """The same with its own digest."""
        return self.model_copy(update={"evidence_sha256": self._digest()})

    def to_bytes(self) -> bytes:
        """The canonical form."""
        return (json.dumps(self.model_dump(mode="json"), ensure_ascii=False, indent=1) + "\n").encode()

    def _digest(self) -> str:
        return hashlib.sha256(self.model_copy(update={"evidence_sha256": ""}).to_bytes()).hexdigest()

    @staticmethod
    def from_bytes(data: bytes) -> Evidence:
        """Read evidence; raises BadEvidence if it is none, or was changed since it was sealed."""
        try:
            evidence = Evidence.model_validate_json(data)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            place = ".".join(str(step) for step in first["loc"])
            raise BadEvidence(f"not evidence of this version: {place}: {first['msg']}") from None
        if evidence.to_bytes() != data or evidence._digest() != evidence.evidence_sha256:
            raise BadEvidence("edited since it was written")
        return evidence


def utc_text(ms: int) -> str:
    """ms since the epoch as UTC with ms."""
    seconds, rest = divmod(ms, 1000)
    moment = datetime.fromtimestamp(seconds, UTC).replace(microsecond=rest * 1000)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def tool_name() -> str:
    """Who made it: this program and its version."""
    try:
        return f"liandong {version('liandong')}"
    except PackageNotFoundError:
        return "liandong from a checkout"


def compiled(
    call_id: str,
    legs: Legs,
    files: Sequence[Scan],
    mix: Mix,
    audio: Audio | None,
    findings: Sequence[Finding],
    *,
    keep_raw: bool,
) -> Evidence:
    """Evidence of a call made of these files; its raw files stay if something is faulty or nobody's, or by wish."""
    with_audio = {side.scan.path for leg in legs.legs for side in (leg.said, leg.heard) if side}
    must_stay = any(each.level is Level.FAULT or each.kind is Kind.UNKNOWN_FILE for each in findings)
    return Evidence(
        schema_version=SCHEMA,
        call_id=call_id,
        start=utc_text(legs.started_ms),
        end=utc_text(legs.started_ms + legs.length_ms),
        audio=audio,
        legs=tuple(
            LegEvidence(
                role=leg.role,
                channel=leg.channel,
                armed_ms=leg.armed_ms,
                packets_received=leg.packets,
                said=_file(leg.said),
                heard=_file(leg.heard),
            )
            for leg in legs.legs
        ),
        without_audio=tuple(
            OtherFile(name=each.path.name, bytes=each.bytes, sha256=each.sha256)
            for each in files
            if each.path not in with_audio
        ),
        sources=tuple(
            Source(ear=track.ear, file=track.side.scan.path.name, spare=track.spare, spans_ms=track.gates)
            for track in mix.tracks
        ),
        findings=tuple(findings),
        raw_kept=keep_raw or must_stay,
        tool=tool_name(),
        evidence_sha256="",
    ).sealed()


def _file(side: Placed | None) -> RawFile | None:
    if side is None:
        return None
    loudest = side.profile.loudest_second_dbfs()
    return RawFile(
        name=side.scan.path.name,
        bytes=side.scan.bytes,
        sha256=side.scan.sha256,
        rate=side.extent.rate,
        frames=side.extent.frames,
        offset_ms=side.start_ms,
        anchor=side.placement.anchor,
        late_ms=side.placement.late_ms,
        loudest_second_dbfs=None if loudest is None else round(loudest, 1),
        repaired=side.extent.repair,
    )
