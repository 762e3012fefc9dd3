"""The port: what the floors above may ask of Asterisk, and what they hear. No other thing of the manager leaves.

News come one after the other from `next()`, in Asterisk's order:

    Snapshot, event, event, … Gap, Snapshot, event, …

After a Gap nothing is certain until the Snapshot that follows it. A Snapshot may also come without a Gap before it:
Asterisk's stream was damaged and it was asked again. Either way it replaces all that was believed, and whoever hears
it must expect that the first events after it tell what it told already.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol

from telephony.manager.event import Event
from telephony.manager.outcome import Outcome
from telephony.manager.snapshot import Snapshot


class Why(Enum):
    """Why something may have been missed."""

    LINK = "link"
    """The link broke. Until the next Snapshot every act is LinkLost."""
    OVERFLOW = "overflow"
    """Whoever hears the news was too slow; they were thrown away."""


@dataclass(frozen=True, slots=True)
class Gap:
    """From here on something may have been missed."""

    why: Why


News = Snapshot | Event | Gap


@dataclass(frozen=True, slots=True)
class Place:
    """A place in the dialplan, where a channel is sent."""

    context: str
    extension: str
    priority: int = 1


@dataclass(frozen=True, slots=True)
class Origination:
    """A telephone to be called, and where its channel goes when it accepts."""

    channel_id: str
    """Becomes the channel's unique id; must never have been used before."""
    dial: str
    """Such as `PJSIP/13800138000@city`."""
    place: Place
    ring_s: float
    caller_number: str = ""
    """What the telephone shows."""
    caller_name: str = ""
    variables: Mapping[str, str] = field(default_factory=dict)
    """Of the new channel; none of `, " \\ ( ) [ ]` in a value: Asterisk would cut there."""


class Exchange(Protocol):
    """Asterisk, as the floors above see it.

    Acts raise BadAction, and nothing was sent, when a value would break the protocol. A channel is named by its id.
    """

    async def next(self) -> News:
        """The next news; waits for it. One listener at a time."""

    async def heartbeat(self, epoch_s: int) -> Outcome[None]:
        """Write the engine's sign of life: seconds since the epoch, by the clock of Asterisk's machine."""

    async def redirect(self, channel: str, place: Place) -> Outcome[None]:
        """Send a channel elsewhere; it leaves whatever it is in."""

    async def redirect_both(self, channel: str, place: Place, other: str, other_place: Place) -> Outcome[None]:
        """Send two channels that are joined elsewhere at one moment."""

    async def wake(self, channel: str) -> Outcome[None]:
        """Have a waiting caller ask his question again, now. Nothing happens to one who does not wait any more."""

    async def announce(self, channel: str, prompt: str) -> Outcome[None]:
        """Say a prompt to a waiting caller, such as `place-3`; waking him cuts it short."""

    async def say(self, channel: str, fence: int, words: str) -> Outcome[None]:
        """Say something to who is on a department's duty line, if the call has this fence; nothing happens to others.

        `words` is one of `acts.WORDS`: `order` begins again, `keys` tells the keys and listens again; after `thanks`,
        `next`, `taken` and `cancelled` the line ends.
        """

    async def look(self) -> Outcome[Snapshot]:
        """What is now, asked besides the news: what `next` told or is still to tell may be older or younger."""

    async def originate(self, origination: Origination) -> Outcome[None]:
        """Call a telephone. Answered: it is being called; what came of it is an `Originated`."""

    async def hang_up(self, channel: str, cause: int = 16) -> Outcome[None]:
        """End a channel, with a cause of Q.850."""

    async def set_variable(self, channel: str, name: str, value: str) -> Outcome[None]:
        """Set a channel's variable or writable function."""

    async def set_global(self, name: str, value: str) -> Outcome[None]:
        """Set a global variable."""

    async def variable(self, channel: str, name: str) -> Outcome[str]:
        """A channel's variable or function; empty: not set. Never ask for what a caller wrote with line ends."""

    async def keep(self, key: str, value: str) -> Outcome[None]:
        """Put a value into this centre's part of Asterisk's own database; `key` like `seat-01/person`."""

    async def kept(self, key: str) -> Outcome[str | None]:
        """A value from there; None: there is none."""

    async def drop(self, key: str) -> Outcome[None]:
        """Take a value out of there; none there is fine."""
