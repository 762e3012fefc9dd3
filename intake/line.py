"""The line of a seat: what its telephone does, as far as Asterisk and our own decisions tell.

    idle --reserve--> reserved --dialled--> offered --rings--> ringing --joined--> talking <--> held
     ^                    |                    |                  |                   |          |
     +---- released ------+--------------------+------------------+--- hung up -------+----------+
     any of these --failed, unreachable--> fault --reachable, found idle--> idle

Rules:

- *Reserved* is our word alone: a decision names the seat and Asterisk has not begun to dial it. *Offered* means that
  it dials, *ringing* that the telephone said so, *talking* that a caller and the seat hear each other.
- A talking line is never taken away by a device state. A held line looks idle on some telephones, reports overtake
  each other, and a contact may die while its audio flows. Whoever doubts asks Asterisk (`found idle`, `found busy`).
- A line in fault is offered nothing until its contact comes back or a question has settled that it is idle. That its
  device is "not in use" proves nothing: so is the device of a telephone that refuses every call.
- The net (the dialplan without us) may ring and join any seat at any time. That is reality and moves the state.
"""

from __future__ import annotations

from enum import StrEnum

from intake.table import Goes, Ignored, Ours, Table, Theirs, among


class Line(StrEnum):
    """What the telephone of a seat does."""

    IDLE = "idle"
    RESERVED = "reserved"
    OFFERED = "offered"
    RINGING = "ringing"
    TALKING = "talking"
    HELD = "held"
    FAULT = "fault"


class LineEvent(StrEnum):
    """What moves a line."""

    RESERVE = "reserve"
    """We decide that it gets a call."""
    DIALLED = "dialled"
    """Asterisk began to dial it."""
    RINGS = "rings"
    """Its telephone says that it rings."""
    JOINED = "joined"
    """A caller and the seat hear each other."""
    HELD = "held"
    """The seat put its caller on hold."""
    RESUMED = "resumed"
    """The seat took its caller back from hold."""
    RELEASED = "released"
    """What was offered came to nothing, and the line is not to blame."""
    FAILED = "failed"
    """What was offered came to nothing because of the line."""
    HUNG_UP = "hung up"
    """Its conversation ended."""
    UNREACHABLE = "unreachable"
    """Its telephone does not answer Asterisk any more."""
    REACHABLE = "reachable"
    """Its telephone answers Asterisk again."""
    SEEN_IDLE = "seen idle"
    """Its device state became "not in use"."""
    SEEN_BUSY = "seen busy"
    """Its device state became "in use" or "ringing"."""
    FOUND_IDLE = "found idle"
    """Asked, Asterisk says: no channel and a reachable contact."""
    FOUND_BUSY = "found busy"
    """Asked, Asterisk says: there is a channel."""


_I, _R, _O, _N, _T, _H, _F = Line
_PROMISED = (_R, _O, _N)
_SPEAKING = (_T, _H)
_LATE = Ignored("reported late: it is joined already")
_TWICE = Ignored("reported twice")
_RULED = Ignored("the outcome of the offer decides")

LINE: Table[Line, LineEvent] = Table(
    "line",
    Line,
    LineEvent,
    {
        LineEvent.RESERVE: {
            _I: Goes(_R),
            **among((*_PROMISED, *_SPEAKING, _F), Ours("one live offer a seat, and only to an idle line")),
        },
        LineEvent.DIALLED: {
            **among((_I, _R), Goes(_O)),
            _O: _TWICE,
            _N: Ignored("it rings already: reports overtook each other"),
            **among(_SPEAKING, _LATE),
            _F: Ignored("only an answer or the contact's return proves a faulty line well"),
        },
        LineEvent.RINGS: {
            **among((_I, _R, _O, _F), Goes(_N)),
            _N: _TWICE,
            **among(_SPEAKING, _LATE),
        },
        LineEvent.JOINED: {
            **among((_I, *_PROMISED, _H, _F), Goes(_T)),
            _T: _TWICE,
        },
        LineEvent.HELD: {
            **among((_I, *_PROMISED), Theirs("held_without_call", "nobody talks on this line")),
            _T: Goes(_H),
            _H: _TWICE,
            _F: Ignored("nobody is believed to talk on a faulty line"),
        },
        LineEvent.RESUMED: {
            **among((_I, *_PROMISED, _F), Ignored("the conversation has ended")),
            _T: _TWICE,
            _H: Goes(_T),
        },
        LineEvent.RELEASED: {
            _I: Ignored("free already"),
            **among(_PROMISED, Goes(_I)),
            **among(_SPEAKING, Ignored("the one who is joined was not released")),
            _F: Ignored("a fault outlives the offer that showed it"),
        },
        LineEvent.FAILED: {
            **among((_I, *_PROMISED), Goes(_F)),
            **among(_SPEAKING, Ignored("it talks: the failed offer was another")),
            _F: Ignored("known already"),
        },
        LineEvent.HUNG_UP: {
            _I: _TWICE,
            **among(_PROMISED, Ignored("the end of an earlier conversation, reported late")),
            **among(_SPEAKING, Goes(_I)),
            _F: Ignored("the fault remains"),
        },
        LineEvent.UNREACHABLE: {
            **among((_I, *_PROMISED), Goes(_F)),
            **among(_SPEAKING, Ignored("its audio may flow still: it counts once the conversation has ended")),
            _F: _TWICE,
        },
        LineEvent.REACHABLE: {
            **among((_I, *_PROMISED, *_SPEAKING), Ignored("it was not in fault")),
            _F: Goes(_I),
        },
        LineEvent.SEEN_IDLE: {
            _I: Ignored("known already"),
            **among(_PROMISED, _RULED),
            _T: Theirs("talking_line_looks_idle", "a conversation's end may have been lost"),
            _H: Ignored("a held line looks idle on some telephones"),
            _F: Ignored("a telephone that refuses every call looks idle too"),
        },
        LineEvent.SEEN_BUSY: {
            _I: Goes(_T),
            **among(_PROMISED, _RULED),
            **among(_SPEAKING, Ignored("known already")),
            _F: Ignored("the fault remains until it is settled"),
        },
        LineEvent.FOUND_IDLE: {
            _I: Ignored("as believed"),
            _R: Ignored("Asterisk has not begun to dial it"),
            **among((_O, _N, *_SPEAKING, _F), Goes(_I)),
        },
        LineEvent.FOUND_BUSY: {
            **among((_I, _F), Goes(_T)),
            **among(_PROMISED, _RULED),
            **among(_SPEAKING, Ignored("as believed")),
        },
    },
)
"""The one table of the line."""
