"""The spool: a folder of append-only files that hold witnessed facts between the moment and the database.

Rules: `append` returns when the drafts are on disk, and for that it flushes once for all of them; a failed append
leaves nothing behind. Records are read in the order in which they were written and forgotten only when they are in the
database. A process begins a segment of its own and never writes after what another left, so a torn end stays the end.
When everything is in the database the spool is empty, so personal data don't outlive their erasure here.
"""

from __future__ import annotations

import fcntl
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from journal.error import SpoolInUse
from journal.fact import Draft
from journal.spool_record import Damage, decode, encode

SEGMENT_BYTES = 4 * 1024 * 1024
"""After this a new segment begins: ten thousand facts, as much as is read again at worst after a crash."""
MOST_BYTES = 1024**3
"""Of all segments: two million facts, a day of the busiest centre without its database."""
_NAME = re.compile(r"(\d{16})\.spool", re.ASCII)


@dataclass(slots=True)
class _Segment:
    path: Path
    number: int
    size: int


@dataclass(frozen=True, slots=True)
class Read:
    """Records that were read, and where the next ones begin."""

    drafts: tuple[Draft, ...]
    segment: int
    offset: int
    damage: tuple[Damage, ...]


class Spool:
    """One spool folder. One thread uses it."""

    def __init__(self, folder: Path, *, segment_bytes: int = SEGMENT_BYTES, most_bytes: int = MOST_BYTES) -> None:
        """Opens the folder, made if there is none. Raises SpoolInUse, OSError."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder = folder
        self._segment_bytes = segment_bytes
        self._most_bytes = most_bytes
        self._lock: int | None = _locked(folder)
        found = sorted((int(name[1]), each) for each in folder.iterdir() if (name := _NAME.fullmatch(each.name)))
        self._segments = [_Segment(path, number, path.stat().st_size) for number, path in found]
        self._next = found[-1][0] + 1 if found else 1
        self._writing: int | None = None
        self._offset = 0

    @property
    def bytes(self) -> int:
        """On disk and not yet forgotten."""
        return sum(each.size for each in self._segments) - self._offset

    def append(self, drafts: Sequence[Draft]) -> None:
        """Write drafts and flush them to disk. Raises OSError: then none of them is in the spool."""
        data = b"".join(map(encode, drafts))
        if self.bytes + len(data) > self._most_bytes:
            raise OSError(
                f"{self._folder}: the spool holds {self.bytes} bytes, more than {self._most_bytes} it may not"
            )
        descriptor = self._writable()
        segment = self._segments[-1]
        try:
            _write(descriptor, data)
            os.fsync(descriptor)
        except OSError:
            # After a failed flush nobody knows what is on disk: this segment is cut, and not written to again.
            self._stop_writing()
            if segment.size:
                os.truncate(segment.path, segment.size)
            else:
                del self._segments[-1]
                segment.path.unlink(missing_ok=True)
            raise
        segment.size += len(data)
        if segment.size >= self._segment_bytes:
            self._stop_writing()

    def read(self, most: int) -> Read:
        """The first records that are not forgotten, at most so many; the same ones until `forget`. Raises OSError."""
        drafts: list[Draft] = []
        damage: list[Damage] = []
        number, offset = (self._segments[0].number if self._segments else self._next), self._offset
        for segment in self._segments:
            if segment.number != number:
                number, offset = segment.number, 0
            with segment.path.open("rb") as file:
                file.seek(offset)
                while offset < segment.size and len(drafts) < most:
                    line = file.readline(segment.size - offset)
                    if not line:
                        break
                    draft = decode(line)
                    if draft:
                        drafts.append(draft)
                    else:
                        damage.append(Damage(segment.path.name, offset, len(line), torn=not line.endswith(b"\n")))
                    offset += len(line)
            if len(drafts) >= most:
                break
        return Read(tuple(drafts), number, offset, tuple(damage))

    def forget(self, read: Read) -> None:
        """These records are in the database. Raises OSError; the records may then be read once more later."""
        while self._segments and self._segments[0].number < read.segment:
            self._drop()
        self._offset = read.offset
        if self._segments and self._segments[0].number == read.segment and read.offset >= self._segments[0].size:
            self._drop()

    def close(self) -> None:
        """Let others have the folder. May be called again."""
        if self._lock is None:
            return
        self._stop_writing()
        for segment in self._segments:
            if not segment.size:
                segment.path.unlink(missing_ok=True)
        os.close(self._lock)
        self._lock = None

    def _drop(self) -> None:
        """Forget the first segment; the one that is being written is only emptied."""
        first = self._segments[0]
        self._offset = 0
        if self._writing is not None and len(self._segments) == 1:
            os.ftruncate(self._writing, 0)
            first.size = 0
            return
        del self._segments[0]
        first.path.unlink(missing_ok=True)

    def _writable(self) -> int:
        if self._writing is None:
            path = self._folder / f"{self._next:016d}.spool"
            self._writing = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, 0o600)
            self._segments.append(_Segment(path, self._next, 0))
            self._next += 1
            _flush_names(self._folder)
        return self._writing

    def _stop_writing(self) -> None:
        if self._writing is not None:
            os.close(self._writing)
            self._writing = None


def _locked(folder: Path) -> int:
    """The lock goes with its holder, however that ends."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(descriptor)
        raise SpoolInUse(f"{folder}: another process spools here") from error
    return descriptor


def _flush_names(folder: Path) -> None:
    """Make a new file's name outlive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _write(descriptor: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]
