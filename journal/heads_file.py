"""The heads file: every signed head once more, one a line, beside the key and so outside the database.

Who cuts the end off the database, heads and all, is found by it. It is only ever appended to, 350 bytes every 10 s
while facts come, 3 MB a day at most. A last line without its end was torn by a crash and counts as not written.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from journal.error import BadFact
from journal.head import SignedHead

_TAIL = 4096
"""Bytes that surely hold the last line, which has 350."""


class HeadsFile:
    """Appends to one heads file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def last(self) -> int:
        """Sequence of the last head in it; 0 if there is none, or if the last line isn't one. Raises OSError."""
        try:
            with self._path.open("rb") as file:
                size = file.seek(0, os.SEEK_END)
                file.seek(max(0, size - _TAIL))
                whole, _, _ = file.read().rpartition(b"\n")
        except FileNotFoundError:
            return 0
        try:
            return SignedHead.from_line(whole.rpartition(b"\n")[2].decode() + "\n").sequence
        except (BadFact, UnicodeDecodeError):
            return 0

    def append(self, heads: list[SignedHead]) -> None:
        """Append heads and flush them to disk; a torn last line is cut off first. Raises OSError: nothing was added."""
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
        try:
            whole = self._whole_bytes(descriptor)
            os.ftruncate(descriptor, whole)
            data = "".join(each.to_line() for each in heads).encode()
            try:
                if os.write(descriptor, data) < len(data):
                    os.ftruncate(descriptor, whole)
                    raise OSError(f"{self._path}: no room for a signed head")
                os.fsync(descriptor)
            except OSError:
                os.ftruncate(descriptor, whole)
                raise
        finally:
            os.close(descriptor)

    def _whole_bytes(self, descriptor: int) -> int:
        """Size up to the end of the last whole line."""
        size = os.fstat(descriptor).st_size
        start = max(0, size - _TAIL)
        tail = os.pread(descriptor, _TAIL, start)
        return start + tail.rfind(b"\n") + 1 if b"\n" in tail or not start else size


def read_lines(path: Path) -> Iterator[str]:
    """The whole lines that are in a heads file at the first one's reading, each with its line end; a torn last one,
    and what comes later, is left out. Raises OSError."""
    try:
        file = path.open("rb")
    except FileNotFoundError:
        return
    with file:
        rest = os.fstat(file.fileno()).st_size
        while rest > 0 and (line := file.readline(rest)).endswith(b"\n"):
            rest -= len(line)
            yield line.decode("utf-8", "replace")
