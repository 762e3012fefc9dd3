"""How a draft lies in the spool: one line with a checksum, so that a torn or damaged one is known at once.

    1c291ca3 {"body":{…},"id":"…", …}\\n        CRC-32 of the text in 8 hexadecimal digits, a blank, the draft's text

Canonical JSON has no raw line end, so lines are the frames: after damage the next line end begins a whole record again.
"""

from __future__ import annotations

from dataclasses import dataclass
from zlib import crc32

from journal.error import BadFact
from journal.fact import Draft


@dataclass(frozen=True, slots=True)
class Damage:
    """Bytes of a spool file that are no record."""

    file: str
    """Name of the segment."""
    offset: int
    bytes: int
    torn: bool
    """They are the file's end, as a crash in the middle of a write leaves it; otherwise something changed the file."""


def encode(draft: Draft) -> bytes:
    """A draft as a line."""
    text = draft.to_text().encode()
    return b"%08x %b\n" % (crc32(text), text)


def decode(line: bytes) -> Draft | None:
    """The draft of a line with its line end; None if it is damaged."""
    text = line[9:-1]
    if line[:9] != b"%08x " % crc32(text) or line[-1:] != b"\n":
        return None
    try:
        return Draft.from_text(text.decode())
    except (BadFact, UnicodeDecodeError):
        return None
