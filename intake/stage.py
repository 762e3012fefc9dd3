"""Where a call is: exactly one place at any time.

    asking ----> waiting ----> reserved ----> offered ----> joined ----> (ended)
      ^  question   ^   we choose   |  dialled    |  answered   |
      |             |               |             |             |
      +-------------+-- came to nothing, the seat was lost -----+
    net: the dialplan alone looks after the caller        unknown: we lost sight of him, and ask Asterisk

Rules:

- *Asking*: the dialplan is about to ask us, or has asked and is not answered yet. A seat may be reserved for the call
  now, and the answer names it.
- *A question proves where the caller is.* Whatever we believed, who asks is neither being rung for nor talking.
- *Unknown* is never acted on: the seats stay reserved, Asterisk is asked again and again, and only its answer, or an
  event that proves the place, leads out. Nobody is dialled twice because we did not know.
- A call of which we only heard begins as unknown; an ended one is in no stage: it is forgotten.
"""

from __future__ import annotations

from enum import StrEnum

from intake.table import Goes, Ignored, Ours, Table, among


class Stage(StrEnum):
    """Where a call is."""

    ASKING = "asking"
    WAITING = "waiting"
    RESERVED = "reserved"
    OFFERED = "offered"
    JOINED = "joined"
    NET = "net"
    UNKNOWN = "unknown"


class CallEvent(StrEnum):
    """What moves a call."""

    ASKED = "asked"
    """The dialplan asks what shall become of the caller."""
    TOLD_TO_WAIT = "told to wait"
    """We answered that nobody is free."""
    RESERVE = "reserve"
    """We choose a seat, or several."""
    DIALLED = "dialled"
    """Asterisk began to dial a seat that we chose."""
    JOINED = "joined"
    """The caller and a seat hear each other."""
    CAME_BACK = "came back"
    """The offer is over, nobody answered or the one who did was lost: the dialplan will ask again."""
    LEFT = "left"
    """The dialplan looks after the caller without us."""
    LOST_SIGHT = "lost sight"
    """What had to be reported by now was not, or contradicts what we believe."""
    FOUND_ASKING = "found asking"
    """Asterisk says: it is about to ask."""
    FOUND_WAITING = "found waiting"
    """Asterisk says: it waits."""
    FOUND_OFFERED = "found offered"
    """Asterisk says: seats are dialled for it."""


_A, _W, _R, _O, _J, _N, _U = Stage
_SETTLED = Ignored("an event has settled it meanwhile")

STAGE: Table[Stage, CallEvent] = Table(
    "call",
    Stage,
    CallEvent,
    {
        CallEvent.ASKED: {
            **among((_W, _R, _O, _J, _N, _U), Goes(_A)),
            _A: Ignored("asked again before we answered: only the newest question is answered"),
        },
        CallEvent.TOLD_TO_WAIT: {
            _A: Goes(_W),
            **among((_W, _R, _O, _J, _N, _U), Ours("only a question is answered")),
        },
        CallEvent.RESERVE: {
            **among((_A, _W), Goes(_R)),
            **among((_R, _O, _J, _N, _U), Ours("a seat is chosen only for a caller who waits")),
        },
        CallEvent.DIALLED: {
            **among((_R, _U), Goes(_O)),
            _O: Ignored("another of the seats, or reported twice"),
            **among((_A, _W, _N), Ignored("reported late: that offer is over")),
            _J: Ignored("reported late: it is joined already"),
        },
        CallEvent.JOINED: {
            **among((_A, _W, _R, _O, _N, _U), Goes(_J)),
            _J: Ignored("joined already: reported twice, or another seat has taken over"),
        },
        CallEvent.CAME_BACK: {
            **among((_R, _O, _J, _U), Goes(_A)),
            **among((_A, _W, _N), Ignored("known already")),
        },
        CallEvent.LEFT: {
            **among((_A, _W, _R, _O, _U), Goes(_N)),
            _J: Ignored("reported late: somebody answered"),
            _N: Ignored("known already"),
        },
        CallEvent.LOST_SIGHT: {
            **among((_A, _W, _R, _O, _J, _N), Goes(_U)),
            _U: Ignored("still unknown"),
        },
        CallEvent.FOUND_ASKING: {**among((_A, _W, _R, _O, _J, _N), _SETTLED), _U: Goes(_A)},
        CallEvent.FOUND_WAITING: {**among((_A, _W, _R, _O, _J, _N), _SETTLED), _U: Goes(_W)},
        CallEvent.FOUND_OFFERED: {**among((_A, _W, _R, _O, _J, _N), _SETTLED), _U: Goes(_O)},
    },
)
"""The one table of the call."""
