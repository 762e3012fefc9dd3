"""What happens in a centre, told line by line as the feed tells it; and waiting for what must come.

A line with a time is rendered from a fact of the feed, and the time is the fact's; what the demo itself has its people
do is marked otherwise. Who plays waits for facts here; one that does not come ends the demo, naming it.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import unicodedata
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime

from websockets.asyncio.client import ClientConnection, connect

from liandong.play.telling import Json, Telling

WITHIN_S = 30.0
NOTHING: Json = {}
_WHEN_WIDTH, _WHO_WIDTH = 11, 11
_LEAST, _MOST = 80, 120  # columns


_NO_BEGINNING = frozenset(" ,.;:!?)”，。；：！？、）")
"""No line begins with one of these."""


class NotSeen(ValueError):
    """A fact of the demo did not come."""

    code = "demo_fact_missing"


class Timeline:
    """Listens to one feed."""

    def __init__(self, feed: ClientConnection) -> None:
        self._feed = feed
        self._telling = Telling()
        self._begun: datetime | None = None
        self._told: list[Json] = []
        self._news = asyncio.Condition()
        self._arrived: set[str] = set()
        self._early: dict[str, Json] = {}
        """Where a caller is may be written down a moment before that he calls; it is told after it."""
        self._columns = min(max(shutil.get_terminal_size((100, 24)).columns, _LEAST), _MOST)

    def act(self, what: str) -> None:
        """Print what somebody on a telephone, or the demo itself, does: no fact of the feed."""
        _print(" " * (_WHEN_WIDTH + 2) + "» ", what, self._columns)

    async def run(self) -> None:
        """Print what the feed tells, until it ends or this is cancelled."""
        async for text in self._feed:
            message: Json = json.loads(text)
            match message["kind"]:
                case "fact":
                    self._fact(message)
                case "live":
                    for who, said in self._telling.live(message):
                        self._line("", who, said)
                case "engine":
                    self._line("", "engine", "is back" if message["up"] else "is gone")
            async with self._news:
                self._told.append(message)
                self._news.notify_all()

    def _fact(self, fact: Json) -> None:
        what, call = fact["body"].get("what"), fact["subjects"].get("call", "")
        if what == "CallLocated" and call not in self._arrived:
            self._early[call] = fact
            return
        at = datetime.fromisoformat(fact["time"])
        self._begun = self._begun or at
        afterwards = " (written afterwards: no engine saw it)" if fact["body"].get("without_engine") else ""
        for who, said in self._telling.lines(fact):
            self._line(f"{(at - self._begun).total_seconds():.3f} s", who, said + afterwards)
        if what == "CallArrived":
            self._arrived.add(call)
            if call in self._early:
                self._fact(self._early.pop(call))

    def _line(self, when: str, who: str, what: str) -> None:
        _print(f"{when:>{_WHEN_WIDTH}}  {who:<{_WHO_WIDTH}} ", what, self._columns)

    def facts(self, name: str) -> list[Json]:
        """Every fact of this name that was told so far."""
        return [each for each in self._told if each["kind"] == "fact" and each["type"] == name]

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

    async def fact(
        self,
        what: str,
        name: str,
        about: Mapping[str, str],
        *,
        body: Json = NOTHING,
        personal: Json = NOTHING,
        within_s: float = WITHIN_S,
    ) -> Json:
        """The first fact of this name about these subjects, that says this; waits for it. Raises NotSeen."""

        def meant(message: Json) -> bool:
            return (
                message["kind"] == "fact"
                and name in (message["body"].get("what"), message["type"])
                and about.items() <= message["subjects"].items()
                and body.items() <= message["body"].items()
                and personal.items() <= (message["personal"] or {}).items()
            )

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


def _print(head: str, what: str, columns: int) -> None:
    """One entry: what does not fit into its line goes on below its beginning."""
    room = columns - len(head) - 1
    for piece in _wrapped(what, room):
        print(head + piece, flush=True)
        head = " " * len(head)


def _wrapped(text: str, room: int) -> Iterator[str]:
    """Pieces of so many columns; Chinese letters take two, and a line may end after any of them."""
    begin = used = 0
    best = 0
    for index, sign in enumerate(text):
        wide = unicodedata.east_asian_width(sign) in "WF"
        used += 2 if wide else 1
        if used > room:
            end = best if best > begin else index
            yield text[begin:end].rstrip()
            begin = end
            used = sum(2 if unicodedata.east_asian_width(each) in "WF" else 1 for each in text[begin : index + 1])
        if (sign == " " or wide) and text[index + 1 : index + 2] not in _NO_BEGINNING:
            best = index + 1
    yield text[begin:]
