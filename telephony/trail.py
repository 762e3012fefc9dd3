"""Follows the channel event log wherever it is moved to, from a place that is kept on disk.

    trail = Trail(path, place)          # None: from the beginning of the oldest file
    for row in trail.read():            # a bounded piece; empty: nothing new
        row.event, row.place            # who comes back with this place reads this row again
    trail.place                         # of what is read next

A file is known by how it begins: its first row has a microsecond and a unique id in it, while the number of an inode is
used again and a copy has another one. So it is found again under whatever name it was rotated to beside the log
(`cel.csv.1`), by renaming or by copying, and its rest is read before the next one; a file that was cut or deleted and
begun anew is another one. What was compressed before it was read is lost here.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from telephony.cel import ROW_MAX, ChannelEvent, rows_in

PIECE = 64 * 1024
"""Bytes read at once, unless a row is longer: 350 rows, some 5 ms."""
_FIRST = 64
"""Bytes at a file's beginning that tell it from every other: time, kind, and most of a unique id."""
_TIME = re.compile(rb'"([0-9]{1,11}\.[0-9]{6})","')
_PACKED = frozenset((".gz", ".bz2", ".xz", ".zst", ".lz4"))


@dataclass(frozen=True, slots=True)
class Place:
    """Where a row begins."""

    first: str
    """How its file begins; empty: it is the oldest one."""
    offset: int


@dataclass(frozen=True, slots=True)
class Row:
    """An event and its place."""

    place: Place
    event: ChannelEvent


class Trail:
    """Reads on from a place. Raises OSError when the disk fails; a log that is not there yet is empty."""

    def __init__(self, path: Path, place: Place | None = None) -> None:
        self._path = path
        self._file: _File | None = None
        self._first = place.first if place else ""
        self._offset = place.offset if place else 0
        self.senseless = 0
        """Rows that could not be read."""
        self.ended = False
        """Whether the last `read` came to the end of everything."""

    @property
    def place(self) -> Place:
        """Of what is read next."""
        return Place(self._first, self._offset)

    def close(self) -> None:
        """Read no more."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def skip(self) -> None:
        """Go to the end of what is written now: only what comes later is read."""
        self.close()
        file = _File.open(self._path)
        if file is not None and file.first:
            self._file, self._first, self._offset = file, file.first, file.size
        elif file is not None:
            file.close()

    def read(self) -> list[Row]:
        """The next whole rows, a bounded piece of them. Empty when there is nothing new, or only half a row."""
        while (file := self._current()) is not None:
            rows, ended = self._piece(file)
            over = ended and self._is_over(file)
            self.ended = ended and not over
            if rows or not over:
                return rows
            self._step()
        self.ended = True
        return []

    def _piece(self, file: _File) -> tuple[list[Row], bool]:
        """The next rows of a file, and whether they are its last."""
        size = PIECE
        while True:
            data = file.read(self._offset, size)
            found = rows_in(data)
            if found.used or len(data) < size or size > ROW_MAX + PIECE:
                break
            size += PIECE
        rows = [Row(Place(self._first, self._offset + place), event) for place, event in found.events]
        self._offset += found.used
        self.senseless += found.senseless
        return rows, len(data) < size

    def _current(self) -> _File | None:
        """The file that is read now; None if there is none, or none that has a row."""
        if self._file is not None and self._file.begins(self._first) and self._file.size >= self._offset:
            return self._file
        self.close()  # it was cut, and perhaps begun anew: then its rest may lie in a copy
        if not self._open() and self._step():
            self._open()
        return self._file

    def _open(self) -> bool:
        """Open the file of our place."""
        files = _files(self._path)
        if not self._first:
            self._first = min(files, key=_time, default="")
        file = _File.open(files[self._first]) if self._first in files else None
        if file is not None and file.begins(self._first) and file.size >= self._offset:
            self._file = file
            return True
        if file is not None:
            file.close()
        return False

    def _is_over(self, file: _File) -> bool:
        """Whether Asterisk writes another file by now; one row may just have been on its way into this one."""
        now = _File.open(self._path)
        if now is None:
            return False
        other = bool(now.first) and not now.is_same(file)
        now.close()
        return other and not rows_in(file.read(self._offset, PIECE)).used

    def _step(self) -> bool:
        """Go to the file that follows; if times don't tell which one that is, to the one that Asterisk writes now.

        False if there is none yet.
        """
        files = _files(self._path)
        ours = (_time(self._first), self._file.changed_ns if self._file is not None else 0)
        self.close()
        later = {(_time(first), _changed_ns(path)): first for first, path in files.items() if first != self._first}
        after = [age for age in later if age > ours]
        now = [first for first, path in files.items() if path == self._path]
        found = later[min(after)] if after else next(iter(now), "")
        if found:
            self._first, self._offset = found, 0
        return bool(found)


class _File:
    """One open file of the log."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self.first = self._begin()

    @classmethod
    def open(cls, path: Path) -> Self | None:
        try:
            return cls(os.open(path, os.O_RDONLY | os.O_CLOEXEC))
        except FileNotFoundError:
            return None

    def close(self) -> None:
        os.close(self._descriptor)

    def read(self, offset: int, size: int) -> bytes:
        return os.pread(self._descriptor, size, offset)

    def begins(self, first: str) -> bool:
        return self._begin() == first

    def is_same(self, other: _File) -> bool:
        return os.path.samestat(os.fstat(self._descriptor), os.fstat(other._descriptor))

    @property
    def size(self) -> int:
        return os.fstat(self._descriptor).st_size

    @property
    def changed_ns(self) -> int:
        return os.fstat(self._descriptor).st_mtime_ns

    def _begin(self) -> str:
        first = self.read(0, _FIRST)
        return first.decode("latin-1") if len(first) == _FIRST else ""


def _files(path: Path) -> dict[str, Path]:
    """Every file of the log, by its beginning; of copies that begin alike, the log itself, or the newest."""
    found: dict[str, Path] = {}
    for each in sorted(path.parent.glob(f"{path.name}*"), reverse=True):
        if each.suffix not in _PACKED and (file := _File.open(each)) is not None:
            if file.first:
                found[file.first] = each
            file.close()
    return found


def _changed_ns(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except FileNotFoundError:
        return 0


def _time(first: str) -> float:
    """When the first row of a file was written; 0 if a file begins with no row."""
    match = _TIME.match(first.encode("latin-1"))
    return float(match[1]) if match else 0.0
