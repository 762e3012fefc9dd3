"""Witnessed facts: acted on from memory already, and journalled behind, whatever the database does.

    witness() ─ memory, bounded ─→ spool, flushed in groups ─→ writer, in groups ─→ forgotten by the spool

Rules: `witness` never waits. Facts reach the journal in the order in which they were witnessed, and each exactly once:
the spool hands on at least once, and the fact's own id makes the second time nothing. While the spool can't be written
(full disk) facts wait in memory, and go from there to the database as soon as all spooled ones are in. When memory is
full too, what comes is refused and counted, and the count is journalled as a fact when there is room again.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from concurrent.futures import Future
from dataclasses import dataclass
from itertools import islice
from time import monotonic

from journal.canonical import Json
from journal.error import Refusal
from journal.fact import Draft, Fact
from journal.instant import from_text
from journal.registry import Own, Registry
from journal.spool import Read, Spool
from journal.spool_record import Damage
from journal.unit import Committed, Unit
from journal.writer import Writer

MEMORY = 10_000
"""Facts in memory that are not on disk yet, some 10 MB; the spool's flush takes ms, so this is a full disk's minute."""
GROUP = 200
"""Facts in one work: the writer has other works too."""
AGAIN_S = 0.5
"""Before what failed is tried again."""
_SPOOLED_AT_ONCE = 1_000
"""Drafts in one flush: about a megabyte."""

log = logging.getLogger("journal")


@dataclass(frozen=True, slots=True)
class WitnessStatus:
    """How far behind the journal is."""

    in_memory: int
    """Facts that are on no disk yet."""
    spool_bytes: int
    """On disk, not yet in the database."""
    lost: int
    """Facts refused because memory was full, since the start."""
    spool_trouble: str | None
    database_trouble: str | None
    damage: tuple[Damage, ...]
    """What was unreadable in the spool since the start: a torn end after a crash, or worse."""


@dataclass(frozen=True, slots=True)
class _OnTheWay:
    """What was handed to the writer."""

    future: Future[Committed[tuple[Fact, ...]]]
    read: Read | None
    """Where in the spool it came from; None: from memory, past a spool that can't be written."""
    count: int


class Witness:
    """Journals witnessed facts behind, in a thread of its own."""

    def __init__(
        self, writer: Writer, spool: Spool, registry: Registry, *, memory: int = MEMORY, again_s: float = AGAIN_S
    ) -> None:
        self._writer = writer
        self._spool = spool
        self._registry = registry
        self._most = memory
        self._again_s = again_s
        self._memory: deque[Draft] = deque()
        self._woken = threading.Condition()
        self._called = False
        self._closed = False
        self._empty = False
        self._emptied = 0
        """How often everything was in the journal: facts come in order, so each time all before it are."""
        self._first_lost = self._last_lost = ""
        self._lost_untold = 0
        self._lost = 0
        self._on_the_way: _OnTheWay | None = None
        self._spool_trouble: str | None = None
        self._database_trouble: str | None = None
        self._spool_again_at = 0.0
        self._hand_again_at = 0.0
        self._damage: tuple[Damage, ...] = ()
        self._thread = threading.Thread(target=self._run, name="journal-witness", daemon=True)

    def start(self) -> None:
        """Begin with what an earlier process left in the spool."""
        self._thread.start()

    def witness(self, draft: Draft) -> Refusal | None:
        """Take a fact; never blocks. A refusal was counted and will be told. Raises UnknownType, BadFact."""
        self._registry.check(draft.type, draft.subjects)
        with self._woken:
            if self._closed:
                return Refusal.CLOSED
            if len(self._memory) >= self._most:
                self._first_lost = self._first_lost or draft.time
                self._last_lost = draft.time
                self._lost_untold += 1
                self._lost += 1
                return Refusal.FULL
            self._memory.append(draft)
            self._empty = False
            self._call()
        return None

    def status(self) -> WitnessStatus:
        """How far behind the journal is, now."""
        with self._woken:
            return WitnessStatus(
                in_memory=len(self._memory),
                spool_bytes=self._spool.bytes,
                lost=self._lost,
                spool_trouble=self._spool_trouble,
                database_trouble=self._database_trouble,
                damage=self._damage,
            )

    def wait_empty(self, timeout_s: float) -> bool:
        """Wait until everything witnessed so far is in the journal; False if that took too long."""
        with self._woken:
            before = self._emptied
            return self._woken.wait_for(lambda: self._empty or self._emptied > before, timeout_s)

    def close(self) -> None:
        """Take nothing more, bring what is there as far as it goes now, and end; the spool keeps the rest."""
        with self._woken:
            self._closed = True
            self._call()
        self._thread.join()
        self._spool.close()

    def _call(self) -> None:
        """Wake the thread; the lock is held."""
        self._called = True
        self._woken.notify_all()

    def _run(self) -> None:
        while True:
            self._tell_lost()
            self._spool_memory()
            self._take_back()
            self._hand_over()
            with self._woken:
                idle = self._on_the_way is None
                self._empty = idle and not self._memory and not self._spool.bytes and not self._lost_untold
                if self._empty:
                    self._emptied += 1
                    self._woken.notify_all()
                # What can't go on now lies in the spool, or, if that is what is in trouble, is lost.
                if self._closed and idle and (self._empty or self._spool_trouble or self._database_trouble):
                    break
                if not self._called:
                    self._woken.wait(None if self._empty else self._again_s)
                self._called = False
        if self._memory:
            log.error("%d witnessed facts were lost at the end: %s", len(self._memory), self._spool_trouble)

    def _tell_lost(self) -> None:
        """Journal how many facts were lost, once there is room in memory again."""
        with self._woken:
            if self._lost_untold and len(self._memory) < self._most:
                body: dict[str, Json] = {"count": self._lost_untold, "first": self._first_lost, "last": self._last_lost}
                self._memory.append(Draft.of(Own.FACTS_LOST, from_text(self._last_lost), body=body))
                self._lost_untold, self._first_lost = 0, ""

    def _spool_memory(self) -> None:
        from_memory = self._on_the_way is not None and self._on_the_way.read is None
        while not from_memory and monotonic() >= self._spool_again_at:
            with self._woken:
                drafts = list(islice(self._memory, _SPOOLED_AT_ONCE))
            if not drafts:
                return
            try:
                self._spool.append(drafts)
            except OSError as error:
                self._spool_fails(error)
                return
            self._spool_trouble = None
            self._shorten_memory(len(drafts))

    def _take_back(self) -> None:
        """See what has become of what was handed to the writer."""
        if self._on_the_way is None or not self._on_the_way.future.done():
            return
        sent, self._on_the_way = self._on_the_way, None
        error = sent.future.exception()
        if error is not None:
            if self._database_trouble is None:
                log.warning("witnessed facts wait in the spool: %s", error)
            self._database_trouble = str(error)
            self._hand_again_at = monotonic() + self._again_s
            return
        self._database_trouble = None
        if sent.read is None:
            self._shorten_memory(sent.count)
        else:
            self._forget(sent.read)

    def _hand_over(self) -> None:
        """Hand the next facts to the writer: the spool's first, and from memory only what the spool can't take."""
        if self._on_the_way is not None or monotonic() < self._hand_again_at:
            return
        try:
            read = self._spool.read(GROUP) if self._spool.bytes else None
        except OSError as error:
            self._spool_fails(error)
            return
        if read is not None:
            self._note(read.damage)
            if not read.drafts:
                self._forget(read)
                return
        drafts = read.drafts if read is not None else self._past_the_spool()
        if not drafts:
            return

        def work(unit: Unit) -> tuple[Fact, ...]:
            return unit.record_once(drafts)

        submitted = self._writer.submit(work)
        if isinstance(submitted, Refusal):
            self._database_trouble = f"the writer's queue is {submitted}"
            self._hand_again_at = monotonic() + self._again_s
            return
        self._on_the_way = _OnTheWay(submitted, read, len(drafts))
        submitted.add_done_callback(self._done)

    def _past_the_spool(self) -> tuple[Draft, ...]:
        with self._woken:
            return tuple(islice(self._memory, GROUP)) if self._spool_trouble else ()

    def _done(self, _: object) -> None:
        with self._woken:
            self._call()

    def _shorten_memory(self, count: int) -> None:
        with self._woken:
            for _ in range(count):
                self._memory.popleft()

    def _forget(self, read: Read) -> None:
        try:
            self._spool.forget(read)
        except OSError as error:
            self._spool_fails(error)

    def _spool_fails(self, error: OSError) -> None:
        if self._spool_trouble is None:
            log.error("the spool fails, witnessed facts wait in memory: %s", error)
        self._spool_trouble = str(error)
        self._spool_again_at = monotonic() + self._again_s

    def _note(self, damage: tuple[Damage, ...]) -> None:
        new = tuple(each for each in damage if each not in self._damage)
        for each in new:
            log.warning("the spool %s has %d bytes at %d that are no fact", each.file, each.bytes, each.offset)
        self._damage += new
