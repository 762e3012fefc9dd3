"""The journal as one process uses it: opened once by the composition root, closed at the end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Engine

from journal.database import read_engine, write_engine
from journal.error import Refusal
from journal.fact import Draft, Fact
from journal.heads_file import HeadsFile
from journal.instant import Clock, utc_now
from journal.key import SigningKey
from journal.migration import upgrade
from journal.registry import Registry
from journal.seal import Seal
from journal.spool import Spool
from journal.timer import Handed
from journal.unit import Committed, Work
from journal.witness import Witness, WitnessStatus
from journal.writer import Listener, Writer

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Places:
    """Where the journal's parts lie."""

    url: str
    """The database; `database.sqlite_url(path)` for a file."""
    spool: Path
    """Folder of witnessed facts on their way; made if there is none."""
    key: Path
    """The signing key; made, with `.pub` beside it, if there is none. On another disk than the database if possible."""

    @property
    def public_key(self) -> Path:
        """What verification needs."""
        return self.key.with_name(self.key.name + ".pub")

    @property
    def heads_file(self) -> Path:
        """The signed heads, beside the key."""
        return self.key.with_name(self.key.name + ".heads")


@dataclass(frozen=True, slots=True)
class JournalStatus:
    """How the journal fares, for metrics and for `/readyz`."""

    waiting: int
    """Works in the writer's queue."""
    trouble: str | None
    """Why the last commit failed."""
    heads_trouble: str | None
    """Why the heads file lags."""
    witness: WitnessStatus


class Journal:
    """Everything that the engine does with the journal. Only one process at a time may open it."""

    def __init__(self, engine: Engine, writer: Writer, witness: Witness, seal: Seal, places: Places) -> None:
        self._engine = engine
        self._writer = writer
        self._witness = witness
        self._seal = seal
        self.reader = read_engine(places.url)
        """For `reading`, `auditor` and `verification`."""

    @classmethod
    def open(
        cls, places: Places, registry: Registry, *, versions: Sequence[Path] = (), clock: Clock = utc_now
    ) -> Journal:
        """Upgrade the database, begin to write, and bring in what an earlier process left in the spool.

        `versions` are other rooms' folders of migrations. Raises BadUrl, BadKey, SpoolInUse, OSError, SQLAlchemyError.
        """
        spool = Spool(places.spool)
        try:
            upgrade(places.url, versions)
            seal = Seal(SigningKey.load_or_make(places.key), HeadsFile(places.heads_file))
        except BaseException:
            spool.close()
            raise
        engine = write_engine(places.url)
        writer = Writer(engine, registry, seal=seal, clock=clock)
        witness = Witness(writer, spool, registry)
        journal = cls(engine, writer, witness, seal, places)
        writer.start()
        # Whatever a dead predecessor was handed, nobody acts on any more.
        writer.submit(lambda unit: unit.timers.take_back())
        witness.start()
        return journal

    def submit(self, work: Work[T]) -> Future[Committed[T]] | Refusal:
        """Hand in a work; never blocks. For threads; in an event loop `decide` is the same."""
        return self._writer.submit(work)

    async def decide(self, work: Work[T]) -> Committed[T] | Refusal:
        """Commit a work, and return when it is on disk. Raises what the work raises, NotCommitted, CommitUnknown."""
        return await _answer(self._writer.submit(work))

    async def record(self, *drafts: Draft) -> Committed[tuple[Fact, ...]] | Refusal:
        """Commit decided facts that need no other rows; raises like `decide`."""
        return await _answer(self._writer.submit(lambda unit: unit.record(*drafts), (each.id for each in drafts)))

    def witness(self, draft: Draft) -> Refusal | None:
        """Journal a witnessed fact behind; never blocks. Raises UnknownType, BadFact."""
        return self._witness.witness(draft)

    async def due(self, now: datetime, most: int = 100) -> tuple[Handed, ...]:
        """The timers to act on now; also none when the writer can't take the question. Raises like `decide`."""
        handed = await self.decide(lambda unit: unit.timers.hand_out(now, most))
        return () if isinstance(handed, Refusal) else handed.value

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Hear every commit's facts, in order, in the writer's thread; returns what takes the listener off again."""
        return self._writer.listen(listener)

    def wait_behind(self, timeout_s: float) -> bool:
        """Wait until everything witnessed so far is in the database; False if that took too long."""
        return self._witness.wait_empty(timeout_s)

    def status(self) -> JournalStatus:
        """How it fares now."""
        return JournalStatus(self._writer.waiting, self._writer.trouble, self._seal.trouble, self._witness.status())

    def close(self) -> None:
        """Write what waits, sign it, and end; blocks for that. What the database doesn't take stays in the spool."""
        self._witness.close()
        self._writer.close()
        self.reader.dispose()
        self._engine.dispose()


async def _answer(submitted: Future[Committed[T]] | Refusal) -> Committed[T] | Refusal:
    if isinstance(submitted, Refusal):
        return submitted
    return await asyncio.wrap_future(submitted)
