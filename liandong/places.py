"""Where the journal lies in a state directory, whatever its configuration says by now."""

from __future__ import annotations

from pathlib import Path

from config.state import State
from journal import Places, sqlite_url


def database(state: State) -> Path:
    """The file of the database."""
    return state.path / "journal" / "journal.db"


def journal_places(state: State) -> Places:
    """All of the journal."""
    file = database(state)
    return Places(sqlite_url(file), file.with_name("spool"), state.secrets / "journal-key")
