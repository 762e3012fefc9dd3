"""An attempt: one dial of one duty line for one order.

    decided --committed--> dialled --> ringing --accepted--> speaking <--> listening --key, no key--> closing --> ended
       |                      |           |                     |              |                          |
       +-- not needed --------+-----------+-- stopping <--------+-- cut -------+--------------------------+
    unknown: we lost sight of it, and ask Asterisk

Rules:

- *Decided* is not on disk yet: nobody is dialled before the commit, and what isn't needed any more ends there.
- *Closing* is whatever comes after the answer is clear: thanks, the read-back, "somebody else has it". The ladder may
  go on already; the line is in use until it has *ended*.
- *Unknown* is never acted on. Asterisk is asked again and again, and only its answer, or an event that proves where the
  attempt is, leads out. Every attempt that a new life of the engine finds unfinished begins as unknown.
- A key means something wherever the attempt is believed to be, but for one that was never dialled. What it means is
  the notification's business.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from dispatch.outcome import HEARD, Outcome
from intake.table import Goes, Ignored, Ours, Table, Theirs, among


class AttemptState(StrEnum):
    """Where an attempt is."""

    DECIDED = "decided"
    DIALLED = "dialled"
    RINGING = "ringing"
    SPEAKING = "speaking"
    LISTENING = "listening"
    CLOSING = "closing"
    STOPPING = "stopping"
    UNKNOWN = "unknown"
    ENDED = "ended"


class AttemptEvent(StrEnum):
    """What moves an attempt."""

    COMMITTED = "committed"
    """The decision is on disk: it is dialled now."""
    STOP = "stop"
    """It isn't needed any more; who hears it already is told why."""
    CUT = "cut"
    """It has lasted too long: it is hung up."""
    DIALLED = "dialled"
    """Asterisk says: its INVITE is on the way."""
    RINGS = "rings"
    """Its telephone says that it rings."""
    ACCEPTED = "accepted"
    """Its telephone accepted: the order is being spoken."""
    PROMPT_OVER = "prompt over"
    """The order was spoken to the end; a key is awaited."""
    AGAIN = "again"
    """Key 2: the order is spoken again."""
    KEYED = "keyed"
    """A key that decides: last words follow."""
    NO_KEY = "no key"
    """The dialplan has waited for a key as often as it should."""
    ENDED = "ended"
    """The line is down."""
    LOST_SIGHT = "lost sight"
    """What had to be reported by now was not."""
    FOUND_RINGING = "found ringing"
    """Asterisk says: it is dialled or rings."""
    FOUND_SPEAKING = "found speaking"
    """Asterisk says: the order is being spoken."""
    FOUND_LISTENING = "found listening"
    """Asterisk says: a key is awaited."""
    FOUND_CLOSING = "found closing"
    """Asterisk says: a key that decides was pressed, and the line is still up."""
    FOUND_GONE = "found gone"
    """Asterisk says: the line is down."""


_D, _I, _R, _S, _L, _C, _T, _U, _E = AttemptState
_UP = (_S, _L)
_RUNG = (_I, _R)
_LATE = Ignored("reported late: it is over")
_NEVER = Theirs("not_dialled", "it was not dialled yet")
_SETTLED = Ignored("an event has settled it meanwhile")
_ENDING = Ignored("last words are being said")
_STOPPED = Ignored("it is being hung up")


def _found(to: AttemptState) -> dict[AttemptState, Goes[AttemptState] | Ignored]:
    return {**dict.fromkeys((_D, _I, _R, _S, _L, _C, _T, _E), _SETTLED), _U: Goes(to)}


ATTEMPT: Table[AttemptState, AttemptEvent] = Table(
    "attempt",
    AttemptState,
    AttemptEvent,
    {
        AttemptEvent.COMMITTED: {
            _D: Goes(_I),
            **among((*_RUNG, *_UP, _C, _T, _U, _E), Ours("an attempt is dialled once")),
        },
        AttemptEvent.STOP: {
            _D: Goes(_E),
            **among(_RUNG, Goes(_T)),
            **among(_UP, Goes(_C)),
            _C: _ENDING,
            _T: _STOPPED,
            _U: Ignored("Asterisk is asked first"),
            _E: _LATE,
        },
        AttemptEvent.CUT: {
            **among((*_RUNG, *_UP, _C), Goes(_T)),
            _T: _STOPPED,
            **among((_D, _U, _E), Ours("only a call that is up is cut")),
        },
        AttemptEvent.DIALLED: {
            _U: Goes(_I),
            **among((*_RUNG, *_UP, _C, _T), Ignored("known already")),
            _D: _NEVER,
            _E: _LATE,
        },
        AttemptEvent.RINGS: {
            **among((_I, _U), Goes(_R)),
            **among((_R, *_UP, _C), Ignored("known already, or reports overtook each other")),
            _T: _STOPPED,
            _D: _NEVER,
            _E: _LATE,
        },
        AttemptEvent.ACCEPTED: {
            **among((*_RUNG, _U), Goes(_S)),
            **among((*_UP, _C), Ignored("known already, or reports overtook each other")),
            _T: Goes(_C),
            _D: _NEVER,
            _E: _LATE,
        },
        AttemptEvent.PROMPT_OVER: {
            **among((*_RUNG, _S, _U), Goes(_L)),
            _L: Ignored("it was spoken once more"),
            _C: _ENDING,
            _T: _STOPPED,
            _D: _NEVER,
            _E: _LATE,
        },
        AttemptEvent.AGAIN: {
            **among((*_RUNG, _L), Goes(_S)),
            _S: Ignored("it begins again"),
            _U: Ignored("a key that decides may have been pressed before"),
            _C: _ENDING,
            _T: _STOPPED,
            _D: _NEVER,
            _E: _LATE,
        },
        AttemptEvent.KEYED: {
            **among((*_RUNG, *_UP, _T, _U), Goes(_C)),
            _C: Ignored("pressed again"),
            _D: _NEVER,
            _E: _LATE,
        },
        AttemptEvent.NO_KEY: {
            **among((*_RUNG, *_UP, _U), Goes(_C)),
            _C: _ENDING,
            _T: _STOPPED,
            _D: _NEVER,
            _E: _LATE,
        },
        AttemptEvent.ENDED: {
            **among((*_RUNG, *_UP, _C, _T, _U), Goes(_E)),
            _D: _NEVER,
            _E: _LATE,
        },
        AttemptEvent.LOST_SIGHT: {
            **among((*_RUNG, *_UP, _C, _T), Goes(_U)),
            _U: Ignored("still unknown"),
            _D: _NEVER,
            _E: _LATE,
        },
        AttemptEvent.FOUND_RINGING: _found(_R),
        AttemptEvent.FOUND_SPEAKING: _found(_S),
        AttemptEvent.FOUND_LISTENING: _found(_L),
        AttemptEvent.FOUND_CLOSING: _found(_C),
        AttemptEvent.FOUND_GONE: _found(_E),
    },
)
"""The one table of the attempt."""

_ID = re.compile(r"(?P<order>(?P<incident>.+)\.[a-z][a-z0-9-]*\.[0-9]+)-[0-9]+", re.ASCII)


def order_and_incident(attempt: str) -> tuple[str, str] | None:
    """Of which order and which incident an attempt of this id is; None: no attempt has such an id."""
    found = _ID.fullmatch(attempt)
    return None if found is None else (found["order"], found["incident"])


IN_FLIGHT = frozenset({_D, _I, _R, _S, _L, _U})
"""States in which an attempt may still come to something, unless its verdict is clear."""


@dataclass(slots=True)
class Attempt:
    """One dial. Its state is moved by `dispatch.board.Board` alone, through its table."""

    id: str
    """Its own for ever, and the id of its channel in Asterisk: `ORDER-1`."""
    fence: int
    """The number of the decision: it only grows, over all orders."""
    order: str
    """For which order."""
    round: int
    """In which round of the notification."""
    rung: int
    """Which line of the order's ladder, from 0."""
    line: str
    """That line's key."""
    repeats: bool
    """Whether the order may have been heard on this line before: then it says so."""
    decided_at: float
    """Steady seconds."""
    state: AttemptState = AttemptState.DECIDED
    """Where it is."""
    verdict: Outcome | None = None
    """What it comes to, as soon as that is clear; the line may be up for a while yet."""
    verdict_at: float = 0.0
    """Steady seconds of that."""
    accepted: bool = False
    """Whether its telephone is known to have accepted."""
    doubted_at: float = 0.0
    """Steady seconds since which it is unknown."""
    overstays: int = 0
    """How often it was found to last beyond its time."""
    turn: int = 0
    """How often it has moved, or may have: an answer of Asterisk's counts only if it has not since the question."""

    @property
    def live(self) -> bool:
        """Whether its line is, or may be, in use by it."""
        return self.state is not AttemptState.ENDED

    @property
    def running(self) -> bool:
        """Whether the ladder waits for it."""
        return self.verdict is None and self.state in IN_FLIGHT

    @property
    def heard(self) -> bool:
        """Whether the order may have been heard by it."""
        return self.accepted or self.verdict in HEARD
