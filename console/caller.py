"""Who calls and from where, as it is shown beside a call. All of it is about persons."""

from __future__ import annotations

from typing import Any

from console.told import Moment, State
from gis.confidence import Pdf
from gis.datum import Datum
from gis.position import Source
from gis.ranking import Rank
from intake.history.nuisance import Rule
from intake.incident.state import IncidentState


class TroubleState(State):
    """What is wrong with a position, or with finding out who calls; it never stops a call."""

    code: str
    """A stable word: docs/positions.md."""
    detail: str
    """In words."""


class CivicState(State):
    """An address."""

    line: str
    """As people write it where it lies."""
    parts: dict[str, str]
    """Tags of RFC 5139 and their values."""
    text: str
    """The whole address, where it came as one line."""


class PositionState(State):
    """Where the caller is, according to one source. Several stand side by side."""

    source: Source
    at: Moment
    """When it was true: measured, or entered into the table that it comes from."""
    datum: Datum
    """In which it came; it is WGS-84 here in any case."""
    lat: float | None
    """Degrees, WGS-84, of its middle; null where only an address is known."""
    lon: float | None
    radius_m: float | None
    """Of the circle that holds the shape, metres; null: not known."""
    confidence: float | None
    """How often the shape holds the caller, above 0 and up to 1; null: nobody said."""
    pdf: Pdf
    """How the probability is spread over the shape."""
    shape: dict[str, Any] | None
    """`kind` is point, circle, polygon, ellipse or arc band, with its own measures."""
    civic: CivicState | None
    height_m: float | None
    method: str
    """How it was found, in the sender's word."""
    notes: tuple[TroubleState, ...]
    """What was wrong with it."""
    rank: Rank
    """Why it stands where it stands among the others."""


class ShareState(State):
    """One area, and how much of the best position lies in it."""

    id: str
    name: dict[str, str]
    """In `zh` and `en`."""
    share: float
    """Above 0 and up to 1."""


class JurisdictionState(State):
    """Who is in charge of one service at the best position."""

    shares: tuple[ShareState, ...]
    """The largest first; empty where no area has the position."""
    outside: float
    """How much of the position lies in no area of this service, 0 to 1."""


class SubscriberState(State):
    """Whose number it is."""

    name: str
    address: str
    line: str
    """`fixed` or `mobile`."""


class IncidentName(State):
    """An incident, as short as it can be told."""

    id: str
    number: str
    """As people say it."""
    state: IncidentState
    type: str
    """Type id; empty: not known."""


class PastCallState(State):
    """A call that this number made before."""

    call: str
    called: str
    caller: str
    arrived_at: Moment
    answered_at: Moment | None
    """Null: nobody answered."""
    ended_at: Moment | None
    seat: str | None
    person: str | None
    incidents: tuple[str, ...]
    """Ids of those that it is about."""


class ReasonState(State):
    """One rule that counted something for or against a number."""

    rule: Rule
    count: int
    within_s: int
    """Over which time back from now, seconds."""
    points: int


class KnownNumber(State):
    """What is known of the number that calls. It is shown, and nothing is decided by it."""

    count: int
    """Its earlier calls, up to 1,000."""
    calls: tuple[PastCallState, ...]
    """The newest five, newest first."""
    open: tuple[IncidentName, ...]
    """Its incidents that are not over: this call may be about one of them."""
    score: int
    """0 to 100: how likely it only keeps the centre busy."""
    reasons: tuple[ReasonState, ...]
