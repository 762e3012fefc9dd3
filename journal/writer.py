"""The one writer: a thread that commits what others decide, in the order in which they handed it in.

What waits while a commit is flushed to disk is committed together by the next one (group commit): one flush for many,
and nobody waits for a timer to fill a group. A future is done only when its work is on disk. The queue is bounded:
when it is full, handing in returns `Refusal.FULL` at once, and who gets it says so to a person.

The event loop never waits here: `submit` takes a lock for microseconds, and `asyncio.wrap_future` awaits the result.
A future that is cancelled before its turn is not run; later, cancelling changes nothing in the database.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from datetime import datetime, timedelta
from typing import Any, TypeVar

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from journal.batch import Batch, Job
from journal.database import tidy
from journal.error import NotCommitted, Refusal
from journal.fact import Fact
from journal.instant import Clock, utc_now
from journal.registry import Registry
from journal.seal import Seal
from journal.unit import Committed, Work

QUEUE = 2_000
"""Works that may wait; the last of them is done within 2 s even where only 1,000 a second can be committed."""
GROUP = 100
"""Works in one commit: beyond this the flush is no longer what costs."""
IDLE_S = 1.0
"""How often an idle writer looks whether the last facts are to be sealed."""
TIDY_EVERY = timedelta(seconds=5)
"""Between two looks at the WAL: a reader that is in the way must not delay each commit."""

Listener = Callable[[tuple[Fact, ...]], None]
"""Hears each commit's facts, in order, in the writer's thread, and must be quick: `loop.call_soon_threadsafe` is."""

log = logging.getLogger("journal")
T = TypeVar("T")


class Writer:
    """Commits works. Make it with a write engine of a database that `upgrade` has prepared, then `start` it."""

    def __init__(
        self,
        engine: Engine,
        registry: Registry,
        *,
        seal: Seal | None = None,
        clock: Clock = utc_now,
        queue: int = QUEUE,
        group: int = GROUP,
    ) -> None:
        self._engine = engine
        self._registry = registry
        self._seal = seal
        self._clock = clock
        self._most = queue
        self._group = group
        self._waiting: deque[Job[Any]] = deque()
        self._woken = threading.Condition()
        self._closed = False
        self._unsealed = True
        self._tidied_at: datetime | None = None
        self._listeners: tuple[Listener, ...] = ()
        self._thread = threading.Thread(target=self._run, name="journal-writer", daemon=True)
        self.trouble: str | None = None
        """Why the last commit failed; None if it didn't."""

    def start(self) -> None:
        """Begin to commit."""
        self._thread.start()

    def submit(self, work: Work[T], ids: Iterable[str] = ()) -> Future[Committed[T]] | Refusal:
        """Hand in a work; never blocks. `ids` are those of facts that it will record, if they are known.

        The future raises what the work raised, NotCommitted, or CommitUnknown.
        """
        job = Job(work, Future(), tuple(ids))
        with self._woken:
            if self._closed:
                return Refusal.CLOSED
            if len(self._waiting) >= self._most:
                return Refusal.FULL
            self._waiting.append(job)
            self._woken.notify()
        return job.future

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Call a listener after every commit with facts, from the next one on; returns what takes it off again."""
        with self._woken:
            self._listeners = (*self._listeners, listener)

        def take_off() -> None:
            with self._woken:
                self._listeners = tuple(each for each in self._listeners if each is not listener)

        return take_off

    @property
    def waiting(self) -> int:
        """Works in the queue."""
        return len(self._waiting)

    def close(self) -> None:
        """Commit what waits, seal it, and end. Waits for that."""
        with self._woken:
            self._closed = True
            self._woken.notify()
        self._thread.join()

    def _run(self) -> None:
        try:
            self._work()
        finally:
            # Whatever ended it, nobody waits for ever: what comes is refused, and what waits is told.
            with self._woken:
                self._closed = True
                left = Batch(list(self._waiting), self._registry)
                self._waiting.clear()
            left.tell(NotCommitted("the journal's writer has ended"))

    def _work(self) -> None:
        self._commit([], sealing=True)  # what a crash left unsealed
        while (jobs := self._take()) is not None:
            sealing = (bool(jobs) or self._unsealed) and self._seal is not None and self._seal.due(self._clock())
            if jobs or sealing:
                self._commit(jobs, sealing)
        if self._unsealed:
            self._commit([], sealing=True)

    def _take(self) -> list[Job[Any]] | None:
        """The next group; empty when it is time to look at the seal; None at the end."""
        with self._woken:
            while not self._waiting:
                if self._closed:
                    return None
                if not self._woken.wait(IDLE_S if self._unsealed and self._seal else None):
                    return []
            return [self._waiting.popleft() for _ in range(min(len(self._waiting), self._group))]

    def _commit(self, jobs: list[Job[Any]], sealing: bool) -> None:
        batch = Batch(jobs, self._registry)
        seal, now, failure = self._seal if sealing else None, self._clock(), None
        try:
            with self._engine.begin() as connection:
                batch.run(connection, seal, now)
        except SQLAlchemyError as error:
            failure = batch.failure(error, self._engine)
        except BaseException as bug:
            batch.tell(NotCommitted(f"the journal's writer has a bug: {bug!r}"))
            raise
        self.trouble = str(failure) if failure else None
        batch.tell(failure)
        if failure:
            return
        if batch.recorded:
            self._unsealed = True
            self._tell(batch.recorded)
        if seal:
            self._unsealed = False
            if batch.sealed:
                seal.signed(now)
            seal.file(self._engine)
        self._tidy(now)

    def _tell(self, facts: tuple[Fact, ...]) -> None:
        for listener in self._listeners:
            try:
                listener(facts)
            except Exception:
                # A bug in somebody's feed must be seen, but it must not end the journal.
                log.exception("a listener of the journal failed at fact %d", facts[-1].sequence)

    def _tidy(self, now: datetime) -> None:
        if self._tidied_at is None or abs(now - self._tidied_at) >= TIDY_EVERY:
            self._tidied_at = now
            tidy(self._engine)
