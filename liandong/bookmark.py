"""How far the catch-up has read; lost or damaged, everything is read again, and nothing is written twice for that."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path

from config.state import write_file
from telephony.trail import Place


@dataclass(frozen=True, slots=True)
class Mark:
    """Everything before it stands in the journal."""

    place: Place | None = None
    """In the channel event log: the first row of the oldest call that hasn't ended. None: nothing was read."""
    recordings_ns: int = 0
    """Evidence that was written before this (ns since the epoch) was told."""


class Bookmark:
    """Keeps the mark in a small file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._kept = self.mark = _read(path)

    def move(self, place: Place) -> None:
        """Everything before this place in the log stands in the journal."""
        self.mark = replace(self.mark, place=place)

    def told_recordings(self, until_ns: int) -> None:
        """All evidence that was written before was told."""
        self.mark = replace(self.mark, recordings_ns=until_ns)

    def keep(self) -> None:
        """Put it on disk if it has moved. Raises StateError."""
        if self.mark == self._kept:
            return
        mark = self.mark
        told: dict[str, object] = {"recordings_ns": mark.recordings_ns}
        if mark.place is not None:
            told |= {"first": mark.place.first, "offset": mark.place.offset}
        write_file(self._path, json.dumps(told).encode() + b"\n")
        self._kept = mark


def _read(path: Path) -> Mark:
    try:
        match json.loads(path.read_bytes()):
            case {"first": str(first), "offset": int(offset), "recordings_ns": int(until)} if offset >= 0:
                return Mark(Place(first, offset), until)
            case {"recordings_ns": int(until)}:
                return Mark(None, until)
    except (OSError, ValueError, RecursionError):
        pass
    return Mark()
