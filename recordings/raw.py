"""Asterisk's raw files: their names, their headers, what is in them.

A recorder writes two files a channel: what the party said (`r`) and what was sent to it (`t`), 16-bit mono WAV, named
`<role>_<channel>_<armed ms>.r.wav` (8 kHz) or `.r.wav16` (16 kHz; Asterisk names that format so). The header has 44
bytes and its lengths are written only when the file is closed: after a kill they are 0, and what is in the file is
told by its size. Raw files are read and never written.
"""

from __future__ import annotations

import hashlib
import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import numpy as np

from recordings.error import BadCallId, RecordingError, StillGrowing
from recordings.profile import Profile, Samples, cell_frames, joined, profile_of

HEADER_BYTES = 44
FRAME_BYTES = 2
RATES = range(4_000, 192_001)
"""Believable rates, in Hz; Asterisk's recorder has 8,000 to 192,000. Outside of them the header is damaged."""
SCAN_CELLS = 600
"""Cells read at a time: a minute, 2 MB at 16 kHz."""

_CALL_ID = re.compile(r"[0-9A-Za-z-][0-9A-Za-z.-]{0,127}", re.ASCII)
_NAME = re.compile(
    r"(?P<role>[a-z][0-9a-z-]{0,63})_(?P<channel>[0-9A-Za-z-][0-9A-Za-z.-]{0,127})_(?P<armed>[0-9]{12,14})"
    r"\.(?P<side>[rt])\.(?P<format>wav|wav16)",
    re.ASCII,
)

CALLER = "caller"
"""The role of whoever dialled the centre."""


class Side(StrEnum):
    """Which way the audio of a file went, as a party's telephone sees it."""

    SAID = "r"
    HEARD = "t"


class DamagedHeader(RecordingError):
    """The first 44 bytes of a raw file are not those of a 16-bit mono WAV."""

    code = "recording_damaged_header"


@dataclass(frozen=True, slots=True)
class Name:
    """What a raw file's name tells."""

    role: str
    channel: str
    armed_ms: int
    """When its recorder was armed, ms since the epoch."""
    side: Side
    format: str
    """Asterisk's name of its format."""


@dataclass(frozen=True, slots=True)
class Repair:
    """How a header's length was wrong, in bytes."""

    said_bytes: int
    """Audio that the header tells of."""
    found_bytes: int
    """Whole samples that are there."""
    cut_bytes: int
    """Half a sample at the end, cut: 0 or 1."""


@dataclass(frozen=True, slots=True)
class Extent:
    """What audio a raw file holds."""

    rate: int
    frames: int
    repair: Repair | None

    @property
    def length_ms(self) -> int:
        """Its length in whole ms, rounded up: no sample may fall off its end."""
        return -(-self.frames * 1000 // self.rate)


@dataclass(frozen=True, slots=True)
class Scan:
    """A raw file, read once from end to end."""

    path: Path
    bytes: int
    sha256: str
    """Of the whole file as it lies there, header included."""
    last_write_ms: int
    extent: Extent | None
    """None: the header is damaged, see `problem`."""
    profile: Profile
    problem: str = ""


def checked_call_id(call_id: str) -> str:
    """The call id, if it can safely be the name of a file or folder; raises BadCallId."""
    if not _CALL_ID.fullmatch(call_id):
        raise BadCallId(call_id)
    return call_id


def is_call_id(name: str) -> bool:
    """Whether a name can be a call id."""
    return _CALL_ID.fullmatch(name) is not None


def parse_name(name: str) -> Name | None:
    """What a file's name tells, None if it is no raw file's."""
    match = _NAME.fullmatch(name)
    if match is None:
        return None
    return Name(match["role"], match["channel"], int(match["armed"]), Side(match["side"]), match["format"])


def measure(head: bytes, size: int) -> Extent:
    """What audio is in a file of `size` bytes that begins with `head`.

    The file's size is the truth, whatever the header's length says: it may be 0 or stale after a kill, or too long
    after a truncation. Fewer than 44 bytes are a file that was never flushed: no audio. Raises DamagedHeader.
    """
    if size < HEADER_BYTES:
        return Extent(RATES[0], 0, None)
    try:
        riff, _, wave, fmt, fmt_bytes, pcm, channels, rate, _, _, bits, data, said = struct.unpack(
            "<4sI4s4sIHHIIHH4sI", head[:HEADER_BYTES]
        )
    except struct.error:
        raise DamagedHeader("the header cannot be read") from None
    if (riff, wave, fmt, data) != (b"RIFF", b"WAVE", b"fmt ", b"data"):
        raise DamagedHeader("the header is not that of a WAV file as Asterisk writes it")
    if (fmt_bytes, pcm, channels, bits) != (16, 1, 1, 16) or rate not in RATES:
        raise DamagedHeader(f"not 16-bit mono PCM: format {pcm}, {channels} channels, {bits} bits, {rate} Hz")
    frames, cut = divmod(size - HEADER_BYTES, FRAME_BYTES)
    found = frames * FRAME_BYTES
    repair = None if said == found and not cut else Repair(said, found, cut)
    return Extent(rate, frames, repair)


def scan(path: Path) -> Scan:
    """Read a raw file: its hash, its extent, its profile. Raises OSError; StillGrowing if it changes meanwhile."""
    with path.open("rb") as file:
        before = path.stat()
        head = file.read(HEADER_BYTES)
        digest = hashlib.sha256(head)
        problem = ""
        extent: Extent | None = None
        try:
            extent = measure(head, before.st_size)
        except DamagedHeader as error:
            problem = str(error)
        rate = extent.rate if extent else RATES[0]
        parts = []
        while block := file.read(SCAN_CELLS * cell_frames(rate) * FRAME_BYTES):
            digest.update(block)
            if extent:
                parts.append(profile_of(_samples(block), rate))
    after = path.stat()
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        raise StillGrowing(f"{path.name} changed while it was read")
    return Scan(
        path, before.st_size, digest.hexdigest(), before.st_mtime_ns // 1_000_000, extent, joined(parts), problem
    )


def blocks(path: Path, frames: int, size: int) -> Iterator[Samples]:
    """The first `frames` samples, `size` at a time, the last block shorter. Raises OSError."""
    with path.open("rb") as file:
        file.seek(HEADER_BYTES)
        while frames > 0:
            block = _samples(file.read(min(size, frames) * FRAME_BYTES))
            if not len(block):
                raise StillGrowing(f"{path.name} became shorter while it was read")
            frames -= len(block)
            yield block


def _samples(block: bytes) -> Samples:
    return np.frombuffer(block, "<i2", len(block) // FRAME_BYTES)
