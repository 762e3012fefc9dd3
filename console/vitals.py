"""How the engine fares: its own figures, asked for anew when somebody looks, and what they mean for readiness."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from console.tap import EngineAway, Tap
from console.wire import Refused

FRESH_S = 0.5  # probes and scrapers come every few seconds; many at once ask the engine once
ASK_S = 1.5  # whoever probes waits some seconds; a frozen engine says nothing

LINK_UP = "link_up"
"""In the engine's status: whether its link to Asterisk stands."""
READY = "ready"
"""Whether it sees what Asterisk has, so that it can choose."""
TROUBLES = ("journal_trouble", "spool_trouble")
"""Why the journal, or what is on its way there, can't be written; null: it can."""


@dataclass(frozen=True, slots=True)
class Unready:
    """One reason not to send people here."""

    code: str
    because: str


def unready(status: Mapping[str, Any]) -> tuple[Unready, ...]:
    """What, by the engine's own figures, is not as it should be."""
    found = []
    if status.get(LINK_UP) is not True:
        found.append(Unready("link_down", "the engine has no link to Asterisk"))
    elif status.get(READY) is not True:
        found.append(Unready("not_synced", "the engine does not see yet what Asterisk has"))
    for trouble in TROUBLES:
        if (why := status.get(trouble)) is not None:
            found.append(Unready(trouble, f"facts cannot be written down: {why}"))
    return tuple(found)


class Vitals:
    """Asks one engine."""

    def __init__(self, tap: Tap) -> None:
        self._tap = tap
        self._asking: asyncio.Task[Mapping[str, Any]] | None = None
        self._asked_at = 0.0

    async def status(self) -> Mapping[str, Any]:
        """The engine's figures, flat. Raises EngineAway, Refused."""
        if not self._tap.up:
            raise EngineAway("the engine is away; it is started again by itself")
        now = asyncio.get_running_loop().time()
        if self._asking is None or (self._asking.done() and now - self._asked_at > FRESH_S):
            self._asked_at = now
            self._asking = asyncio.create_task(self._tap.request("status", {}, ASK_S))
        # Shielded: one who loses patience must not take the answer from the others.
        return await asyncio.shield(self._asking)

    async def unready(self) -> tuple[Unready, ...]:
        """Everything about the engine that is not as it should be."""
        try:
            return unready(await self.status())
        except (EngineAway, Refused) as error:
            return (Unready(error.code, str(error)),)
