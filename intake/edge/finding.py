"""Finds out who calls and from where, in threads of its own: places and numbers are looked up in files and tables.

Places in one thread, for their table is one open file; numbers in two others. Raises what the database raises.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime
from typing import TypeVar

from sqlalchemy import Engine, select

from gis.locate import CallFacts, Located, Locator
from gis.position import Position
from intake.edge.locating import areas_told, restored
from intake.edge.writing import LOCATED
from intake.history import NumberHistory, number_history
from intake.incident import Incident
from intake.incident.reading import of_call
from intake.number import NumberForm
from intake.tables import caller_calls
from journal import facts_about, newest_about

T = TypeVar("T")


class Finding:
    """For one engine."""

    def __init__(self, locator: Locator, reader: Engine, form: NumberForm) -> None:
        """`reader` is a read engine of the journal's database."""
        self._locator = locator
        self._reader = reader
        self._form = form
        self._places = ThreadPoolExecutor(1, "places")
        self._numbers = ThreadPoolExecutor(2, "numbers")

    def close(self) -> None:
        """Look nothing up any more; what is being looked up is thrown away."""
        for each in (self._places, self._numbers):
            each.shutdown(wait=False, cancel_futures=True)

    async def locate(self, facts: CallFacts, known: Located) -> Located:
        """Where he may be, on top of what was known; nothing that was known is lost."""
        return await _in(self._places, lambda: self._more(known, self._locator.locate(facts)))

    async def add(self, known: Located, position: Position) -> Located:
        """With one more position."""
        return await _in(self._places, lambda: self._locator.add(known, position))

    async def earlier(self, call: str, facts: CallFacts | None = None) -> Located | None:
        """What the journal has of where he may be, with the subscriber as he is found now; None: nothing."""
        facts_of_it = await _in(self._numbers, lambda: newest_about(self._reader, "call", call, LOCATED, most=1))
        if not facts_of_it:
            return None

        def restore() -> Located | None:
            fresh = Located() if facts is None else self._locator.locate(facts)
            return restored(facts_of_it[0], fresh, self._locator)

        return await _in(self._places, restore)

    def areas(self, call: str) -> frozenset[str]:
        """Ids of the areas in which its caller was or may have been, by the journal. Waits for that."""
        newest = newest_about(self._reader, "call", call, LOCATED, most=1)
        return areas_told(newest[0]) if newest else frozenset()

    async def is_known(self, call: str) -> bool:
        """Whether the journal knows of this call."""
        return bool(await _in(self._numbers, lambda: facts_about(self._reader, "call", call, most=1)))

    def key(self, number: str) -> str:
        """What a number is found by; empty for one that is withheld."""
        return self._form.key(number)

    async def number_of(self, call: str) -> str | None:
        """The number that made a call; empty: withheld, or erased; None: there is no such call."""

        def look() -> str | None:
            with self._reader.connect() as connection:
                return connection.scalar(select(caller_calls.c.caller).where(caller_calls.c.call == call))

        return await _in(self._numbers, look)

    async def ask(self, call: str, number: str, now: datetime) -> tuple[NumberHistory, tuple[Incident, ...]]:
        """What is known of the number that calls, and the incidents that the call is about."""
        key = self.key(number)

        def ask() -> tuple[NumberHistory, tuple[Incident, ...]]:
            return number_history(self._reader, key, now, but=call), of_call(self._reader, call)

        return await _in(self._numbers, ask)

    def _more(self, known: Located, found: Located) -> Located:
        if not known.positions and not known.heard:
            return found
        whole = replace(
            known,
            subscriber=found.subscriber or known.subscriber,
            references=tuple(dict.fromkeys((*known.references, *found.references))),
            heard=tuple(dict.fromkeys((*known.heard, *found.heard))),
        )
        return self._locator.add(whole, *found.positions)


async def _in(pool: ThreadPoolExecutor, work: Callable[[], T]) -> T:
    return await asyncio.get_running_loop().run_in_executor(pool, work)
