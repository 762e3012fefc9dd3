"""What can go wrong with the journal.

Two families: a `JournalError` says that something given to the journal is wrong, and nothing of it was done; a
`JournalTrouble` says that the database or the disk did not do what it was asked. Every `code` is stable.
"""

from __future__ import annotations

from enum import StrEnum


class JournalError(ValueError):
    """Something given to the journal cannot be taken."""

    code = "journal_error"


class BadFact(JournalError):
    """A fact that cannot be written: no canonical form, a name out of form, too long, or a time without zone."""

    code = "journal_bad_fact"


class UnknownType(JournalError):
    """A type that no room of the house has registered."""

    code = "journal_unknown_type"


class DuplicateFact(JournalError):
    """A decided fact whose id stands in the journal already."""

    code = "journal_duplicate_fact"


class BadTimer(JournalError):
    """A timer that cannot be armed: its id is taken, or a name is out of form."""

    code = "journal_bad_timer"


class BadUrl(JournalError):
    """A database that is neither SQLite in a file nor PostgreSQL."""

    code = "journal_bad_url"


class BadKey(JournalError):
    """A key file that holds no Ed25519 key, or that others than its owner could read."""

    code = "journal_bad_key"


class JournalTrouble(OSError):
    """The database or the disk failed."""

    code = "journal_trouble"


class NotCommitted(JournalTrouble):
    """The database refused: nothing of this work is in it."""

    code = "journal_not_committed"


class CommitUnknown(JournalTrouble):
    """The connection was lost during the commit and the database can't be asked now: read before trying again."""

    code = "journal_commit_unknown"


class SpoolInUse(JournalTrouble):
    """Another process holds the spool folder."""

    code = "journal_spool_in_use"


class Refusal(StrEnum):
    """Why something was not even queued. It is a value, not an exception: back-pressure is part of the day's work."""

    FULL = "full"
    """The queue holds as much as it may: what was handed in is not in it."""
    CLOSED = "closed"
    """The journal is closing."""
