"""What happens in a centre, told line by line as the feed tells it; and waiting for what must come.

A line is printed when the feed, or a telephone, has told of it, with the time at which it happened. Who plays a trial
waits for facts here; one that does not come ends the trial, naming it.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

WITHIN_S = 20.0
_WHO_WIDTH = 11

Json = Mapping[str, Any]


class NotSeen(ValueError):
    """A fact of a trial did not come."""

    code = "demo_fact_missing"


def _seats(fact: Json) -> str:
    return " and ".join(fact["body"]["seats"])


def _answered(fact: Json) -> str:
    chosen = "rung by the dialplan alone" if fact["body"]["by_net"] else "chosen by the engine"
    return f"answered by {fact['subjects']['seat']} after {fact['body']['waited_s']:.2f} s, {chosen}"


def _recorded(fact: Json) -> str:
    return f"kept: {fact['body']['path']}, {fact['body']['duration_ms'] / 1000:.1f} s"


_TELLERS: Mapping[str, tuple[str, Callable[[Json], str]]] = {
    "SignedIn": ("seat", lambda fact: f"{fact['subjects']['person']} signs in at {fact['subjects']['seat']}"),
    "CallArrived": (
        "call",
        lambda fact: f"{(fact['personal'] or {}).get('caller', '')} dials {fact['body']['called']}",
    ),
    "CallOffered": ("engine", lambda fact: f"chooses {_seats(fact)} ({fact['body']['rule']})"),
    "CallQueued": ("engine", lambda fact: f"nobody is free: the caller waits, {fact['body']['waiting']} in all"),
    "SeatRang": ("seat", lambda fact: f"{fact['subjects']['seat']} rings"),
    "CallAnswered": ("call", _answered),
    "CallEnded": ("call", lambda fact: f"over after {fact['body']['lasted_s']:.1f} s"),
    "RecordingKept": ("recording", _recorded),
}
"""Who is meant, and what is said, for each kind of fact; others are not for strangers."""


class Timeline:
    """Listens to one feed."""

    def __init__(self, feed: ClientConnection) -> None:
        self._feed = feed
        self._begun: datetime | None = None
        self._told: list[Json] = []
        self._news = asyncio.Condition()

    def tell(self, who: str, what: str, at: datetime | None = None) -> None:
        """Print a line."""
        at = at or datetime.now(UTC)
        self._begun = self._begun or at
        print(f"  {(at - self._begun).total_seconds():7.3f} s  {who:<{_WHO_WIDTH}} {what}", flush=True)

    async def run(self) -> None:
        """Print what the feed tells, until it ends or this is cancelled."""
        async for text in self._feed:
            message: Json = json.loads(text)
            match message["kind"]:
                case "fact":
                    self._fact(message)
                case "engine":
                    self.tell("engine", "is back" if message["up"] else "is gone")
            async with self._news:
                self._told.append(message)
                self._news.notify_all()

    def _fact(self, fact: Json) -> None:
        what = fact["body"].get("what", fact["type"])
        if what in _TELLERS:
            who, teller = _TELLERS[what]
            afterwards = " (written afterwards: no engine saw it)" if fact["body"].get("without_engine") else ""
            self.tell(who, teller(fact) + afterwards, datetime.fromisoformat(fact["time"]))

    async def heard(self, what: str, meant: Callable[[Json], bool], within_s: float = WITHIN_S) -> Json:
        """The first message of the feed that is meant; waits for it. Raises NotSeen."""
        seen = 0
        try:
            async with asyncio.timeout(within_s), self._news:
                while True:
                    for message in self._told[seen:]:
                        if meant(message):
                            return message
                    seen = len(self._told)
                    await self._news.wait()
        except TimeoutError:
            raise NotSeen(f"the demo ends here, a fact did not come within {within_s:.0f} s: {what}") from None

    async def fact(self, what: str, name: str, within_s: float = WITHIN_S, **subjects: str) -> Json:
        """The first fact of this name about these subjects; waits for it. Raises NotSeen."""

        def meant(message: Json) -> bool:
            if message["kind"] != "fact" or name not in (message["body"].get("what"), message["type"]):
                return False
            return all(message["subjects"].get(kind) == id for kind, id in subjects.items())

        return await self.heard(what, meant, within_s)


@asynccontextmanager
async def timeline(url: str, token: str) -> AsyncIterator[Timeline]:
    """Listen to the feed at this address until the block ends. Raises OSError when nobody is there."""
    async with connect(url, additional_headers={"Authorization": f"Bearer {token}"}, max_size=None) as feed:
        line = Timeline(feed)
        running = asyncio.create_task(line.run())
        try:
            yield line
        finally:
            running.cancel()
