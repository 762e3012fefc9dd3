"""What the core wants done. Nothing here awaits an answer: what comes of it is heard as an event.

What depends on a decision is commanded only after the decision is on disk.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from config.field import Language
from dispatch.ladder import DutyLine
from dispatch.notification import Why


class Words(StrEnum):
    """What is said to somebody at a duty line besides the order. The edge has the texts."""

    KEYS = "keys"
    """Which keys there are: another one was pressed."""
    THANKS = "thanks"
    """It is acknowledged: thanks, the read-back with the order's code, and the line ends."""
    NEXT = "next"
    """Somebody else is called instead; the line ends."""
    TAKEN = "taken"
    """Somebody else of the department has acknowledged already; the line ends."""
    CANCELLED = "cancelled"
    """The order is taken back; the line ends."""


@dataclass(frozen=True, slots=True)
class Dial:
    """Call a duty line, speak the order, hear the keys. Its decision is on disk."""

    attempt: str
    """The id that its channel gets."""
    fence: int
    """The decision's number."""
    order: str
    department: str
    line: DutyLine
    """Whom, and how long it rings."""
    language: Language
    text: str
    """The order's text."""
    code: str
    """The order's code, for the read-back."""
    repeats: bool
    """Whether it begins with words that it repeats."""
    spoken: int
    """How often it is spoken to somebody who presses nothing."""
    key_s: float
    """How long a key is waited for each time."""


@dataclass(frozen=True, slots=True)
class StopRinging:
    """Hang up an attempt. Nothing happens if it has ended."""

    attempt: str
    fence: int


@dataclass(frozen=True, slots=True)
class Forgo:
    """Don't dial an attempt that is not dialled yet. Nothing happens if it is: what became of it is asked for."""

    attempt: str
    fence: int


@dataclass(frozen=True, slots=True)
class Say:
    """Say something to who is on the line. Nothing happens if the attempt has ended."""

    attempt: str
    fence: int
    words: Words


@dataclass(frozen=True, slots=True)
class Ask:
    """Look in Asterisk where an attempt is, live and in what it has noted; the answer is `event.Found`.

    Who cannot ask answers nothing: it is asked again.
    """

    attempt: str
    fence: int
    turn: int
    """To be given back with the answer, which counts only if nothing is heard of it meanwhile."""
    at: float
    """Steady seconds, to be given back: it tells of then, however late it comes."""


@dataclass(frozen=True, slots=True)
class TellDispatcher:
    """Tell the dispatchers, now and visibly."""

    order: str
    incident: str
    department: str
    why: Why
    times: int
    """How often, this time included."""


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer to a wish; what it wished is on disk."""

    wish: str
    """Which wish."""
    refused: str | None = None
    """Stable code of why not; None: it is done."""
    because: str = ""
    """Why not, in words."""


Command = Dial | StopRinging | Forgo | Say | Ask | TellDispatcher | Reply
"""Everything that the core can want."""
