"""The journal as readers of the console want it: in pages, in threads, never holding a transaction open."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from console.state import FactState
from journal import Fact, facts_about, facts_after, last_sequence

PAGE_MAX = 500
"""Facts in one page: some ms of reading, and some hundred KiB."""
READERS = 4
"""Reads at once; more would only wait for each other."""

T = TypeVar("T")


class HistoryAway(OSError):
    """The journal cannot be read now."""

    code = "journal_trouble"


@dataclass(frozen=True, slots=True)
class Page:
    """Some facts in order."""

    facts: tuple[FactState, ...]
    more: bool
    """Whether others follow."""


class History:
    """Reads facts, and what the rooms made of them, beside the event loop. Everything raises HistoryAway."""

    def __init__(self, engine: Engine) -> None:
        """`engine` is the journal's `read_engine`."""
        self._engine = engine
        self._turn = asyncio.Semaphore(READERS)

    async def last(self) -> int:
        """Sequence of the last fact; 0 if there is none."""
        return await self.read(last_sequence)

    async def after(self, sequence: int, most: int = PAGE_MAX) -> Page:
        """The facts that follow this sequence."""
        return await self.read(lambda engine: _page(facts_after(engine, sequence, most + 1), most))

    async def about(self, kind: str, id: str, after: int = 0, most: int = PAGE_MAX) -> Page:
        """The facts about one subject that follow this sequence."""
        return await self.read(lambda engine: _page(facts_about(engine, kind, id, after=after, most=most + 1), most))

    async def read(self, act: Callable[[Engine], T]) -> T:
        """Anything else that stands in the database: what a room's own `reading` does with the engine."""
        async with self._turn:
            try:
                return await asyncio.to_thread(act, self._engine)
            except (SQLAlchemyError, OSError, ValueError) as error:  # ValueError: a text that is no fact
                raise HistoryAway(f"the journal cannot be read: {type(error).__name__}") from error


def _page(facts: tuple[Fact, ...], most: int) -> Page:
    return Page(tuple(FactState.of(fact) for fact in facts[:most]), len(facts) > most)
