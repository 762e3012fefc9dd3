"""An Exchange without an Asterisk: for tests and rehearsals of the floors above. It does nothing and remembers all."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from telephony.manager.exchange import News, Origination, Place
from telephony.manager.outcome import Answered, Outcome
from telephony.manager.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Act:
    """One thing that was asked for: the method's name and its arguments."""

    name: str
    arguments: tuple[object, ...]


@dataclass
class RehearsedExchange:
    """An `Exchange`: `tell` it the news, look at `acts`, and let a kind of act end otherwise by `outcomes`."""

    acts: list[Act] = field(default_factory=list)
    outcomes: dict[str, Outcome[None]] = field(default_factory=dict)
    """By the method's name; Answered where none is given."""
    variables: dict[tuple[str, str], str] = field(default_factory=dict)
    """By channel and name."""
    database: dict[str, str] = field(default_factory=dict)
    sight: Snapshot = field(default_factory=lambda: Snapshot((), (), {}, {}, {}))
    """What `look` finds."""
    _news: asyncio.Queue[News] = field(default_factory=asyncio.Queue)

    def tell(self, news: News) -> None:
        """These are the next news."""
        self._news.put_nowait(news)

    async def next(self) -> News:
        """The next news; waits for it."""
        return await self._news.get()

    async def heartbeat(self, epoch_s: int) -> Outcome[None]:
        """Write the engine's sign of life."""
        return self._did("heartbeat", epoch_s)

    async def redirect(self, channel: str, place: Place) -> Outcome[None]:
        """Send a channel elsewhere."""
        return self._did("redirect", channel, place)

    async def redirect_both(self, channel: str, place: Place, other: str, other_place: Place) -> Outcome[None]:
        """Send two channels elsewhere."""
        return self._did("redirect_both", channel, place, other, other_place)

    async def wake(self, channel: str) -> Outcome[None]:
        """Have a waiting caller ask again."""
        return self._did("wake", channel)

    async def announce(self, channel: str, prompt: str) -> Outcome[None]:
        """Say a prompt to a waiting caller."""
        return self._did("announce", channel, prompt)

    async def say(self, channel: str, fence: int, words: str) -> Outcome[None]:
        """Say something to a department's duty line."""
        return self._did("say", channel, fence, words)

    async def look(self) -> Outcome[Snapshot]:
        """What is now."""
        outcome = self._did("look")
        return Answered(self.sight) if isinstance(outcome, Answered) else outcome

    async def originate(self, origination: Origination) -> Outcome[None]:
        """Call a telephone."""
        return self._did("originate", origination)

    async def hang_up(self, channel: str, cause: int = 16) -> Outcome[None]:
        """End a channel."""
        return self._did("hang_up", channel, cause)

    async def set_variable(self, channel: str, name: str, value: str) -> Outcome[None]:
        """Set a channel's variable."""
        outcome = self._did("set_variable", channel, name, value)
        if isinstance(outcome, Answered):
            self.variables[channel, name] = value
        return outcome

    async def set_global(self, name: str, value: str) -> Outcome[None]:
        """Set a global variable."""
        return self._did("set_global", name, value)

    async def variable(self, channel: str, name: str) -> Outcome[str]:
        """A channel's variable."""
        outcome = self._did("variable", channel, name)
        return Answered(self.variables.get((channel, name), "")) if isinstance(outcome, Answered) else outcome

    async def keep(self, key: str, value: str) -> Outcome[None]:
        """Put a value into the database."""
        outcome = self._did("keep", key, value)
        if isinstance(outcome, Answered):
            self.database[key] = value
        return outcome

    async def kept(self, key: str) -> Outcome[str | None]:
        """A value from the database."""
        outcome = self._did("kept", key)
        return Answered(self.database.get(key)) if isinstance(outcome, Answered) else outcome

    async def drop(self, key: str) -> Outcome[None]:
        """Take a value out of the database."""
        outcome = self._did("drop", key)
        if isinstance(outcome, Answered):
            self.database.pop(key, None)
        return outcome

    def _did(self, name: str, *arguments: object) -> Outcome[None]:
        self.acts.append(Act(name, arguments))
        return self.outcomes.get(name, Answered(None))
