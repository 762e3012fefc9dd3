"""Finished recordings as they lie on disk: which ones are new, and what the journal is to know of them.

Nothing that the keeper remembers is needed for that, so nothing is forgotten when it dies between a recording and its
fact. What is new is told by the time at which its evidence was written; a minute more is looked at again, for evidence
gets its name a moment after its bytes.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

from dispatch.attempt import order_and_incident
from intake.edge.history import Told
from intake.edge.traces import of_recording
from intake.edge.writing import end_id, start_id
from journal import Draft
from recordings.archive import Recording
from recordings.evidence import BadEvidence, Evidence
from recordings.telling import kept, kept_id

BATCH = 100
"""Recordings at once: a tenth of a second."""
AGAIN_NS = 60 * 10**9

log = logging.getLogger("catch-up")


@dataclass(frozen=True, slots=True)
class Finished:
    """The evidence of a call, not read yet."""

    path: Path
    written_ns: int

    @property
    def call(self) -> str:
        """Whose."""
        return self.path.stem

    @property
    def ids(self) -> tuple[str, ...]:
        """Facts that are in the journal when there is nothing to tell."""
        return kept_id(self.call), start_id(self.call), end_id(self.call)


@dataclass(frozen=True, slots=True)
class Kept:
    """A recording, as the journal is told of it."""

    call: str
    drafts: tuple[Draft, ...]
    """About the recording."""
    told: tuple[Told, ...]
    """About the call, in case that nothing else tells of it."""


class Shelf:
    """The recordings folder. Everything here reads the disk: call it in a thread. Raises OSError."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def folders(self, since_ns: int) -> list[Path]:
        """The folders of days in which something was written since."""
        days = self._root.glob("[0-9][0-9][0-9][0-9]/[0-9][0-9]/[0-9][0-9]")
        return sorted(day for day in days if day.stat().st_mtime_ns >= since_ns - AGAIN_NS)

    def finished(self, folder: Path, since_ns: int, until_ns: int) -> list[list[Finished]]:
        """What was finished there since, and before `until_ns`, in batches."""
        found = (Finished(path, path.stat().st_mtime_ns) for path in sorted(folder.glob("[!.]*.json")))
        new = (each for each in found if since_ns - AGAIN_NS <= each.written_ns < until_ns)
        return list(_batches(new))

    def read(self, new: Iterable[Finished], seats: Collection[str]) -> list[Kept]:
        """What these tell. Damaged evidence tells nothing; `liandong verify` finds it."""
        return [each for finished in new if (each := self._read(finished, frozenset(seats))) is not None]

    def _read(self, finished: Finished, seats: frozenset[str]) -> Kept | None:
        path = finished.path
        try:
            evidence = Evidence.from_bytes(path.read_bytes())
        except BadEvidence as error:
            log.error("%s: %s", path, error)
            return None
        audio = evidence.audio
        recording = Recording(evidence, path, None if audio is None else path.with_name(audio.name))
        at = datetime.fromtimestamp(finished.written_ns / 1e9, UTC)
        drafts = kept(recording, self._root, at, about(evidence.call_id))
        return Kept(evidence.call_id, tuple(drafts), tuple(of_recording(evidence, seats)))


def about(call: str) -> dict[str, str]:
    """What a recording is about besides its call: a duty line's call is the attempt of an order in an incident."""
    known = order_and_incident(call)
    return {} if known is None else {"attempt": call, "order": known[0], "incident": known[1]}


def _batches(finished: Iterator[Finished]) -> Iterator[list[Finished]]:
    while batch := list(islice(finished, BATCH)):
        yield batch
