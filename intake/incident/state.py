"""Where an incident is: from the first keystroke to the end, and back.

    draft --submit--> submitted --dispatch--> dispatched --begin--> in progress --close--> closed
      |                   |                       |                      |                   |
      +------ cancel -----+-----------------------+----------------------+--> cancelled --reopen--> reopened

Rules:

- *Draft* is a form that a call-taker is filling in; it has its number already, and nobody is sent on it. From
  *submitted* on it is the centre's affair, and only closing or cancelling ends it. Nothing ends it by itself, least of
  all a reopened one.
- A deed that leaves the state alone stands here as well, so that this table says everything about when what is allowed.
- What is over is not amended: a note and a late feedback are always welcome, more needs a reopening.
- Nothing that lives may vanish in something that does not: an incident takes in another only while it is open itself.
- Whether an incident is merged into another is no state: unmerged it is in the state in which it was.
"""

from __future__ import annotations

from enum import StrEnum

from intake.table import Goes, Ignored, Table, Theirs, among


class IncidentState(StrEnum):
    """Where an incident is."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    DISPATCHED = "dispatched"
    IN_PROGRESS = "in progress"
    CLOSED = "closed"
    REOPENED = "reopened"
    CANCELLED = "cancelled"


class IncidentEvent(StrEnum):
    """What is done with an incident."""

    AMEND = "amend"
    """What the record says is changed."""
    SUBMIT = "submit"
    """The call-taker hands it over to those who act."""
    DISPATCH = "dispatch"
    """A department was ordered."""
    BEGIN = "begin"
    """Somebody works on it at the place."""
    LINK = "link"
    """A call or another incident is linked with it, or taken off."""
    MERGE = "merge"
    """It turns out to be the same event as another one, in which it goes on."""
    TAKE_IN = "take in"
    """Another one goes on in it."""
    UNMERGE = "unmerge"
    """It was another event after all; also said of the one that had taken it in."""
    SPLIT = "split"
    """A part of it turns out to be another event."""
    CLOSE = "close"
    """It is over."""
    REOPEN = "reopen"
    """It is not over after all."""
    CANCEL = "cancel"
    """It never was one for us."""
    NOTE = "note"
    """Somebody of the centre writes something down."""
    FEEDBACK = "feedback"
    """A department or a crew reports."""
    ERASE = "erase"
    """What it says about persons is deleted."""


_DRAFT, _SUB, _DISP, _PROG, _CLOSED, _RE, _CANCELLED = IncidentState
_ALIVE = (_SUB, _DISP, _PROG, _RE)
_ENDED = (_CLOSED, _CANCELLED)

OPEN = frozenset(_ALIVE)
"""The centre's affair, and not over."""
OVER = frozenset(_ENDED)

_STAYS = Ignored("its state stays")
_NOT_SUBMITTED = Theirs("not_submitted", "it is a draft still: submit it first")
_IS_OPEN = Theirs("incident_open", "it is not over")
_CLOSED_NOW = Theirs("incident_closed", "it is closed: reopen it first")
_CANCELLED_NOW = Theirs("incident_cancelled", "it is cancelled: reopen it first")

INCIDENT: Table[IncidentState, IncidentEvent] = Table(
    "incident",
    IncidentState,
    IncidentEvent,
    {
        IncidentEvent.AMEND: {
            **among((_DRAFT, *_ALIVE), _STAYS),
            _CLOSED: _CLOSED_NOW,
            _CANCELLED: _CANCELLED_NOW,
        },
        IncidentEvent.SUBMIT: {
            _DRAFT: Goes(_SUB),
            **among(_ALIVE, Theirs("already_submitted", "it was submitted already")),
            _CLOSED: _CLOSED_NOW,
            _CANCELLED: _CANCELLED_NOW,
        },
        IncidentEvent.DISPATCH: {
            _DRAFT: _NOT_SUBMITTED,
            **among((_SUB, _RE), Goes(_DISP)),
            **among((_DISP, _PROG), Ignored("one more department")),
            _CLOSED: _CLOSED_NOW,
            _CANCELLED: _CANCELLED_NOW,
        },
        IncidentEvent.BEGIN: {
            _DRAFT: _NOT_SUBMITTED,
            **among((_SUB, _DISP, _RE), Goes(_PROG)),
            _PROG: Ignored("somebody is there already"),
            **among(_ENDED, Ignored("reported late: it is over")),
        },
        IncidentEvent.LINK: among(IncidentState, Ignored("what belongs together may always be said")),
        IncidentEvent.MERGE: {
            **among((_DRAFT, *_ALIVE, _CLOSED), _STAYS),
            _CANCELLED: _CANCELLED_NOW,
        },
        IncidentEvent.TAKE_IN: {
            _DRAFT: _NOT_SUBMITTED,
            **among(_ALIVE, _STAYS),
            _CLOSED: _CLOSED_NOW,
            _CANCELLED: _CANCELLED_NOW,
        },
        IncidentEvent.UNMERGE: among(IncidentState, Ignored("a wrong merge is always undone")),
        IncidentEvent.SPLIT: {
            _DRAFT: _NOT_SUBMITTED,
            **among(_ALIVE, _STAYS),
            _CLOSED: _CLOSED_NOW,
            _CANCELLED: _CANCELLED_NOW,
        },
        IncidentEvent.CLOSE: {
            _DRAFT: Theirs("not_submitted", "it is a draft still: cancel it instead"),
            **among(_ALIVE, Goes(_CLOSED)),
            _CLOSED: Theirs("incident_closed", "it is closed already"),
            _CANCELLED: Theirs("incident_cancelled", "it is cancelled already"),
        },
        IncidentEvent.REOPEN: {
            **among((_DRAFT, *_ALIVE), _IS_OPEN),
            **among(_ENDED, Goes(_RE)),
        },
        IncidentEvent.CANCEL: {
            **among((_DRAFT, *_ALIVE), Goes(_CANCELLED)),
            _CLOSED: Theirs("incident_closed", "it is closed: what was done cannot be cancelled"),
            _CANCELLED: Theirs("incident_cancelled", "it is cancelled already"),
        },
        IncidentEvent.NOTE: among(IncidentState, _STAYS),
        IncidentEvent.FEEDBACK: {
            _DRAFT: Theirs("not_submitted", "nobody was sent on a draft"),
            **among((*_ALIVE, *_ENDED), _STAYS),
        },
        IncidentEvent.ERASE: {
            **among((_DRAFT, *_ALIVE), _IS_OPEN),
            **among(_ENDED, _STAYS),
        },
    },
)
"""The one table of the incident."""
