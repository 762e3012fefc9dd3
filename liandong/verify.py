"""`liandong verify`: is everything that was kept still what it was?"""

from __future__ import annotations

from pathlib import Path

from config.state import State as StateFolder
from config.state import StateError
from recordings.verification import State, Verdict
from recordings.verification import verify as verify_recordings


def verify(state: Path) -> int:
    """Check every recording; 1 if anything is damaged."""
    folder = StateFolder(state.absolute()).recordings
    if not folder.is_dir():
        raise StateError("state_missing", f"{folder}: there are no recordings here; name the folder with --state")
    report = verify_recordings(folder, _tell)
    print(
        f"recordings: {report.ok} ok, {report.damaged} damaged, {report.unfinished} not finished yet"
        + (f", {report.leftover} left over" if report.leftover else "")
    )
    return 0 if report.sound else 1


def _tell(verdict: Verdict) -> None:
    if verdict.state is not State.OK:
        print(f"{verdict.state}: {verdict.path}: {verdict.text}")
