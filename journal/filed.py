"""The heads file beside the database's own heads: each must know what the other knows, but for the last head.

The writer commits a head first and files it then, so a crash can leave the file one head short, never the database.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from journal.error import BadFact
from journal.finding import Fault
from journal.head import SignedHead
from journal.heads_file import HeadsFile, read_lines

Tell = Callable[[int, Fault, str], None]
_MAY_LACK = 1


class FiledHeads:
    """Reads the heads file along with the database, in the order of sequences."""

    def __init__(self, path: Path, tell: Tell, signed: Callable[[SignedHead], bool]) -> None:
        self._path = path
        self._tell = tell
        self._heads = self._read(path, signed)
        self._next = next(self._heads, None)
        self._lacking: list[int] = []
        """Sequences of the database's heads, so far last, that the file does not have."""

    def until(self, upper: int, stored: dict[int, SignedHead]) -> Iterator[SignedHead]:
        """The file's heads up to a sequence; whatever either side lacks of the other is told."""
        filed = {}
        while self._next is not None and self._next.sequence <= upper:
            filed[self._next.sequence] = self._next
            yield self._next
            self._next = next(self._heads, None)
        for sequence in sorted(stored.keys() | filed.keys()):
            if sequence not in stored:
                self._tell(sequence, Fault.HEAD_REMOVED, "the heads file has a head that the database lacks")
            if sequence in filed:
                self._told_lacking()
            else:
                self._lacking.append(sequence)
                del self._lacking[: -_MAY_LACK - 1]
            if sequence in stored and sequence in filed and stored[sequence] != filed[sequence]:
                self._tell(sequence, Fault.HEAD_EDITED, "the database's head is not the one in the heads file")

    def end(self) -> None:
        """Everything was read. Heads that were signed meanwhile were filed meanwhile."""
        last = HeadsFile(self._path).last()
        self._lacking = [sequence for sequence in self._lacking if sequence > last]
        if len(self._lacking) > _MAY_LACK:
            self._told_lacking()

    def _told_lacking(self) -> None:
        for sequence in self._lacking:
            self._tell(sequence, Fault.HEADS_FILE_EDITED, "the heads file lacks this head")
        self._lacking.clear()

    def _read(self, path: Path, signed: Callable[[SignedHead], bool]) -> Iterator[SignedHead]:
        last = 0
        for number, line in enumerate(read_lines(path), 1):
            try:
                head = SignedHead.from_line(line)
            except BadFact:
                head = None
            if head is None or not signed(head):
                self._tell(last + 1, Fault.HEADS_FILE_EDITED, f"line {number} of the heads file is no signed head")
            elif head.sequence <= last:
                self._tell(head.sequence, Fault.HEADS_FILE_EDITED, f"line {number} of the heads file is out of order")
            else:
                last = head.sequence
                yield head
