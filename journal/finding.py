"""What `verification.py` can find, and its report."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Fault(StrEnum):
    """What was done to the journal; of several at one place, the first of this list comes first."""

    EDITED = "edited"
    """A fact says something else than when it was recorded, or what it is found by was changed."""
    REMOVED = "removed"
    """Facts are gone from the middle."""
    REORDERED = "reordered"
    """In a fact's place stands another fact."""
    TRUNCATED = "truncated"
    """Facts are gone from the end."""
    INSERTED = "inserted"
    """Something stands where there never was anything."""
    REWRITTEN = "rewritten"
    """The chain is whole in itself, but it is not the one that was signed."""
    PERSONAL_EDITED = "personal_edited"
    """Personal data are not those that were recorded."""
    PERSONAL_MISSING = "personal_missing"
    """Personal data are gone and no fact says that they were erased."""
    PERSONAL_BACK = "personal_back"
    """Personal data that were erased are there again."""
    HEAD_EDITED = "head_edited"
    """A signed head, or the row that says where the journal ends."""
    HEAD_REMOVED = "head_removed"
    """A signed head is gone from the database."""
    HEADS_FILE_EDITED = "heads_file_edited"
    """The heads file was changed, or lines of it are gone."""
    UNREADABLE = "unreadable"
    """The database can't be read from here on; nothing after it was checked."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong."""

    sequence: int
    """The first fact it concerns; 0 if it can't be said."""
    until: int
    """The last fact it may concern."""
    fault: Fault
    text: str
    """In words, without its place."""

    def __str__(self) -> str:
        place = f"fact {self.sequence}" if self.sequence == self.until else f"facts {self.sequence} to {self.until}"
        return f"{place}: {self.fault}: {self.text}"


@dataclass(frozen=True, slots=True)
class Report:
    """What a verification came to."""

    facts: int
    """Facts read."""
    last: int
    """The last one's sequence."""
    signed: int
    """The last sequence that a signed head seals; who can write to the database could have changed what follows."""
    erased: int
    """Facts whose personal data were erased, as facts say."""
    faults: int
    """All that was found; `findings` holds the first of them."""
    findings: tuple[Finding, ...]
    """In the order of sequences, at most `verification.MOST_FINDINGS`."""

    @property
    def sound(self) -> bool:
        """Whether nothing is wrong."""
        return not self.faults

    @property
    def first(self) -> Finding | None:
        """The first bad fact and what is wrong with it."""
        return self.findings[0] if self.findings else None
