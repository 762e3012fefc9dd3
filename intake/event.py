"""What the telephones report, in the core's words. `intake.wish` has what people want.

Rules: every event may come twice, late, in any order, or never. A fence that is not the call's live one makes a
report of an offer stale, and it changes nothing. `Joined` carries no fence: who hears whom is reality.
Call ids are the dialplan's `LD_CALL`, seat ids those of `telephony.yaml`, durations are seconds.
"""

from __future__ import annotations

from dataclasses import dataclass

from intake.outcome import Outcome
from intake.snapshot import CallSeen, Device, SeatSeen, Snapshot


@dataclass(frozen=True, slots=True)
class Asked:
    """The dialplan's question: what shall become of this caller? Its first one for a call is the call's arrival."""

    question: str
    """Names this question, for the answer; a newer question of the same call makes an older one void."""
    call: str
    """Which call."""
    called: str = ""
    """The number that the caller dialled."""
    caller: str = ""
    """The caller's own number (ANI); empty if withheld."""
    service: str | None = None
    """The service behind the called number, or chosen by key."""
    language: str | None = None
    """The caller's language, if the trunk or a menu told."""
    priority: int | None = None
    """0 to 10, 10 most urgent; None: the service's own. A nuisance caller's is lowered, never refused."""
    fence: int = 0
    """The newest decision that the call has obeyed, 0 if none."""
    outcome: Outcome | None = None
    """What became of that decision's offer, if the dialplan says so with its question."""
    waited_s: float = 0.0
    """How long before the question the call arrived, if that is known: questions overtake each other, callers don't."""


@dataclass(frozen=True, slots=True)
class Changed:
    """More is known of a caller: a key of the menu, the language, a nuisance score. None leaves what was known."""

    call: str
    """Which call."""
    service: str | None = None
    """The service that is wanted."""
    language: str | None = None
    """The language that is spoken."""
    priority: int | None = None
    """The new priority, 0 to 10."""


@dataclass(frozen=True, slots=True)
class Dialled:
    """Asterisk began to dial a seat for a caller."""

    call: str
    """For which call."""
    seat: str
    """Which seat."""
    fence: int | None = None
    """The decision that it obeys; None: the net rings by itself."""


@dataclass(frozen=True, slots=True)
class Rings:
    """The telephone of a seat says that it rings."""

    call: str
    """For which call."""
    seat: str
    """Which seat."""
    fence: int | None = None
    """The decision that is obeyed; None: the net rings by itself."""


@dataclass(frozen=True, slots=True)
class SeatOutcome:
    """What ringing one seat of an offer came to, while others of the same offer may still ring."""

    call: str
    """Whose offer."""
    fence: int
    """Which decision."""
    seat: str
    """Which seat."""
    outcome: Outcome
    """What it came to."""


@dataclass(frozen=True, slots=True)
class OfferOver:
    """The dialplan has left [offer] without a conversation, and will ask again."""

    call: str
    """Whose offer."""
    fence: int
    """Which decision."""
    outcome: Outcome
    """What the whole offer came to; ANSWERED means that the seat was lost at once."""


@dataclass(frozen=True, slots=True)
class Joined:
    """A caller and a seat hear each other: the moment that is called answered."""

    call: str
    """Which call."""
    seat: str
    """Which seat."""


@dataclass(frozen=True, slots=True)
class HungUp:
    """The channel of a seat has ended, whoever ended it."""

    seat: str
    """Which seat."""
    call: str
    """The call for which that channel was made."""


@dataclass(frozen=True, slots=True)
class CallerGone:
    """The caller's channel has ended."""

    call: str
    """Which call."""


@dataclass(frozen=True, slots=True)
class Unanswered:
    """The dialplan got no answer from us that it could use, and turned to the net."""

    call: str
    """Which call."""


@dataclass(frozen=True, slots=True)
class Undelivered:
    """A decision did not reach the dialplan: the question's socket was dead, the fetch was refused."""

    call: str
    """Which call."""
    fence: int
    """Which decision."""


@dataclass(frozen=True, slots=True)
class Held:
    """A seat put its caller on hold."""

    seat: str
    """Which seat."""


@dataclass(frozen=True, slots=True)
class Resumed:
    """A seat took its caller back from hold."""

    seat: str
    """Which seat."""


@dataclass(frozen=True, slots=True)
class LineSeen:
    """The device state of a seat changed, as Asterisk sees it."""

    seat: str
    """Which seat."""
    device: Device
    """To what."""


@dataclass(frozen=True, slots=True)
class Reachable:
    """The telephone of a seat registered, or answers Asterisk's probes again."""

    seat: str
    """Which seat."""


@dataclass(frozen=True, slots=True)
class Unreachable:
    """The telephone of a seat answers Asterisk's probes no more, or has no registration."""

    seat: str
    """Which seat."""


@dataclass(frozen=True, slots=True)
class CallFound:
    """Asterisk's answer to `AskCall`."""

    call: str
    """Which call was asked about."""
    turn: int
    """As the question had it."""
    seen: CallSeen | None
    """Where it is; None: there is no such channel."""


@dataclass(frozen=True, slots=True)
class SeatFound:
    """Asterisk's answer to `AskSeat`."""

    turn: int
    """As the question had it."""
    seen: SeatSeen
    """What it has of this seat."""


@dataclass(frozen=True, slots=True)
class Resync:
    """All that Asterisk really has, read after a login: from here on it is what we believe."""

    snapshot: Snapshot
    """Everything, read after the events that were handed in before."""


@dataclass(frozen=True, slots=True)
class Tick:
    """Time has passed. Due at `Distributor.next_deadline()`; harmless at any other time, and the proof of life."""


Report = (
    Asked
    | Changed
    | Dialled
    | Rings
    | SeatOutcome
    | OfferOver
    | Joined
    | HungUp
    | CallerGone
    | Unanswered
    | Undelivered
    | Held
    | Resumed
    | LineSeen
    | Reachable
    | Unreachable
    | CallFound
    | SeatFound
    | Resync
    | Tick
)
"""Everything that comes from the telephones, and time."""
