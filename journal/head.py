"""Signed heads, the pure part: what is signed, and when.

A signature a fact would cost more than the fact; a signed head seals everything up to it. The text that is signed is
stored, like every hashed text here. What comes after the last head is sealed by the next; until then, at most
`SIGN_EVERY` while facts come, who can write to the database could change it unseen. That window is the price.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta

from journal.canonical import canonical
from journal.error import BadFact
from journal.instant import from_text, to_text

SIGN_EVERY = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class Head:
    """The journal's end at one moment."""

    journal: str
    sequence: int
    hash: str
    time: datetime
    key: str
    """Name of the key that signs (`key.key_name`), so that a key can be replaced one day."""

    def to_text(self) -> str:
        """The bytes that are signed."""
        return canonical(
            {
                "hash": self.hash,
                "journal": self.journal,
                "key": self.key,
                "sequence": self.sequence,
                "time": to_text(self.time),
            }
        )

    @classmethod
    def from_text(cls, text: str) -> Head:
        """What `to_text` wrote; raises BadFact for anything else."""
        try:
            told = json.loads(text)
            read = cls(told["journal"], told["sequence"], told["hash"], from_text(told["time"]), told["key"])
            if read.to_text() == text:
                return read
        except (ValueError, KeyError, TypeError, RecursionError):
            pass
        raise BadFact("no text of a head")


@dataclass(frozen=True, slots=True)
class SignedHead:
    """A head's text with its signature, 128 hexadecimal digits of Ed25519 (RFC 8032)."""

    sequence: int
    text: str
    signature: str

    def to_line(self) -> str:
        """One line for the heads file, with its line end."""
        return canonical({"signature": self.signature, "text": self.text}) + "\n"

    @classmethod
    def from_line(cls, line: str) -> SignedHead:
        """What `to_line` wrote; raises BadFact for anything else."""
        try:
            told = json.loads(line)
            signed = cls(Head.from_text(told["text"]).sequence, told["text"], told["signature"])
            if signed.to_line() == line:
                return signed
        except (ValueError, KeyError, TypeError, RecursionError):
            pass
        raise BadFact("no line of a heads file")


def sign_due(signed_at: datetime | None, now: datetime) -> bool:
    """Whether new facts are to be sealed now; a clock that stepped back is no reason to wait."""
    return signed_at is None or now >= signed_at + SIGN_EVERY or now < signed_at
