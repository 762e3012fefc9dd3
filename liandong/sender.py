"""Brings facts that were found afterwards into the journal, by the engine's hand, for it alone writes there.

Rules: returns when they are there, however long the engine is away; what was sent and not answered is sent again, for
an id is written once. An engine that has just come is left to bring in first what an earlier one saw and could not
write any more: that is more than anybody finds out afterwards.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from console.tap import Down, EngineAway, Heard, Tap, Up
from console.wire import Refused
from journal import BadFact, Draft, known

BATCH = 200
"""Facts in one request: one commit, some 10 ms."""
BATCH_BYTES = 1024 * 1024
"""A quarter of the longest line."""

T = TypeVar("T")

log = logging.getLogger("catch-up")


@dataclass(frozen=True, slots=True)
class Patience:
    """How long, in seconds."""

    settle_s: float = 3.0
    """From the engine's coming to the first request: its spool is in by then."""
    again_s: float = 0.5
    """Before what failed is tried again."""


class Sender:
    """Looks what is missing in the journal, and has it written."""

    def __init__(self, tap: Tap, journal: Engine, patience: Patience = Patience()) -> None:
        """`journal` is a read engine."""
        self._tap = tap
        self._journal = journal
        self._patience = patience
        self._there = asyncio.Event()
        self._since = 0.0
        self._told = ""
        self.written = 0
        """Facts that were sent and are there."""
        self.refused = 0
        """Facts that no journal takes: a bug of ours, and logged."""
        tap.listen(self._heard)
        if tap.up:
            self._heard(Up(tap.sequence))

    async def missing(self, ids: Iterable[str]) -> frozenset[str]:
        """Those of these ids that don't stand in the journal."""
        wanted = frozenset(ids)
        if not wanted:
            return wanted
        return wanted - await self.ask(lambda engine: known(engine, wanted))

    async def ask(self, question: Callable[[Engine], T]) -> T:
        """What the journal answers, in a thread; asked again until it can."""
        while True:
            try:
                answer = await asyncio.to_thread(question, self._journal)
            except SQLAlchemyError as error:  # not made yet, or being mended
                await self._wait("the journal cannot be read: " + str(error).partition("\n")[0])
            else:
                self._told = ""
                return answer

    async def engines_own(self) -> None:
        """Wait until the journal has everything that the engine has seen itself by now."""
        await self._write(())

    async def write(self, drafts: Sequence[Draft]) -> None:
        """Have them written; returns when they are."""
        for batch in _batches(drafts):
            await self._write(batch)

    async def _write(self, drafts: Sequence[Draft]) -> None:
        args = {"drafts": [draft.to_text() for draft in drafts]}
        while True:
            await self._engine()
            try:
                await self._tap.request("record", args)
            except EngineAway as error:
                await self._wait(str(error))
            except Refused as error:
                if error.code == BadFact.code or error.code == "bad_fact":
                    await self._sort_out(drafts, error)
                    return
                await self._wait(str(error))
            else:
                self._told = ""
                self.written += len(drafts)
                return

    async def _sort_out(self, drafts: Sequence[Draft], error: Refused) -> None:
        """One of these is none that a journal takes; it must not hold up the others."""
        if len(drafts) > 1:
            for draft in drafts:
                await self._write([draft])
            return
        self.refused += 1
        log.error("the fact %s (%s) is not in the journal: %s", drafts[0].id, drafts[0].type, error.because)

    async def _engine(self) -> None:
        """Wait for an engine that has settled."""
        loop = asyncio.get_running_loop()
        while True:
            await self._there.wait()
            left = self._since + self._patience.settle_s - loop.time()
            if left <= 0:
                return
            await asyncio.sleep(left)

    async def _wait(self, why: str) -> None:
        if why != self._told:
            log.info("%s", why)
        self._told = why
        await asyncio.sleep(self._patience.again_s)

    def _heard(self, heard: Heard) -> None:
        match heard:
            case Up():
                self._since = asyncio.get_running_loop().time()
                self._there.set()
            case Down():
                self._there.clear()
            case _:
                pass


def _batches(drafts: Iterable[Draft]) -> Iterator[list[Draft]]:
    batch: list[Draft] = []
    size = 0
    for draft in drafts:
        more = 4 * (len(draft.body) + len(draft.personal or "")) + 1024  # a letter has at most four bytes
        if batch and (len(batch) == BATCH or size + more > BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(draft)
        size += more
    if batch:
        yield batch
