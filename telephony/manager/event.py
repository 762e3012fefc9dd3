"""What happens to calls and telephones, as the floors above hear it.

Every event has the moment at which Asterisk wrote it, by Asterisk's clock. Events say what is, not what changed, and
may repeat what a snapshot told just before: whoever applies them must be able to hear the same thing twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from telephony.manager.channel import Channel


class DialOutcome(Enum):
    """How the ringing of one telephone ended."""

    ACCEPTED = "ANSWER"
    """SIP's 200. Nobody is joined to anybody yet."""
    BUSY = "BUSY"
    NO_ANSWER = "NOANSWER"
    CANCELLED = "CANCEL"
    """The other side was taken away: another seat was quicker, or the caller hung up."""
    REJECTED = "CONGESTION"
    FAILED = "CHANUNAVAIL"
    """Not registered, or the network is broken."""
    UNKNOWN = ""


class Reach(Enum):
    """Whether a telephone can be reached."""

    REACHABLE = "Reachable"
    UNREACHABLE = "Unreachable"
    """It is registered and does not answer."""
    GONE = "Removed"
    UNKNOWN = ""
    """Registered, and not probed yet."""


class Device(Enum):
    """What Asterisk thinks of a telephone's line."""

    FREE = "NOT_INUSE"
    IN_USE = "INUSE"
    BUSY = "BUSY"
    RINGING = "RINGING"
    RINGING_IN_USE = "RINGINUSE"
    ON_HOLD = "ONHOLD"
    UNAVAILABLE = "UNAVAILABLE"
    INVALID = "INVALID"
    UNKNOWN = "UNKNOWN"


class Step(Enum):
    """Where a call to a department's duty line stands once it was accepted."""

    SPEAKING = "speaking"
    """The order is being spoken, from its beginning."""
    LISTENING = "listening"
    """It was spoken to its end, or a key interrupted it: a key is awaited."""
    NO_KEY = "no-key"
    """It was spoken as often as it should and no key came: the line ends."""
    CLOSING = "closing"
    """A key that decides was pressed: last words are awaited or being said."""


@dataclass(frozen=True, slots=True)
class _Timed:
    at: datetime
    """By Asterisk's clock, UTC."""


@dataclass(frozen=True, slots=True)
class _OfChannel(_Timed):
    channel: Channel


@dataclass(frozen=True, slots=True)
class Arrived(_OfChannel):
    """A telephone calls us: a caller on a trunk (context `unified`), or a seat that dials (context `seats`)."""


@dataclass(frozen=True, slots=True)
class Dialled(_OfChannel):
    """A telephone is being called: its INVITE is on the way."""

    by: Channel | None
    """Who is to be joined with it; None: we originated it."""


@dataclass(frozen=True, slots=True)
class Ringing(_OfChannel):
    """A telephone that is called rings (SIP's 180)."""


@dataclass(frozen=True, slots=True)
class Accepted(_OfChannel):
    """A telephone accepted the call, or we accepted its call (SIP's 200). A person is answered when joined."""


@dataclass(frozen=True, slots=True)
class DialEnded(_OfChannel):
    """The ringing of a telephone is over."""

    by: Channel | None
    outcome: DialOutcome


@dataclass(frozen=True, slots=True)
class Joined(_OfChannel):
    """A telephone hears and speaks in a bridge."""

    bridge: str
    size: int
    """How many channels are in it now."""


@dataclass(frozen=True, slots=True)
class Left(_OfChannel):
    """A telephone left a bridge."""

    bridge: str
    size: int


@dataclass(frozen=True, slots=True)
class Held(_OfChannel):
    """A telephone put the other side on hold."""


@dataclass(frozen=True, slots=True)
class Resumed(_OfChannel):
    """A telephone took the other side back."""


@dataclass(frozen=True, slots=True)
class Pressed(_OfChannel):
    """Somebody pressed a key."""

    key: str


@dataclass(frozen=True, slots=True)
class Ended(_OfChannel):
    """A channel is gone."""

    cause: int
    """Q.850; 16 is a normal end; 0: unknown."""


@dataclass(frozen=True, slots=True)
class Unanswered(_OfChannel):
    """The dialplan asked about this call and got no answer in time that it understood: release what was reserved."""


@dataclass(frozen=True, slots=True)
class Offered(_OfChannel):
    """An offer that the engine made is over."""

    fence: int
    outcome: DialOutcome
    raced: bool
    """The gate before a seat refused the offer: another call was in already. See `Refused`."""


@dataclass(frozen=True, slots=True)
class Refused(_OfChannel):
    """The gate before a seat let this offer not in: the seat has another call. Its telephone did not ring."""

    fence: int
    seat: str


@dataclass(frozen=True, slots=True)
class Stale(_OfChannel):
    """A decision came whose fence is not newer than what the call obeys: nobody was rung, and it is asked again."""

    fence: int


@dataclass(frozen=True, slots=True)
class SilentCall(_OfChannel):
    """A caller who cannot speak chose a service by key."""

    service: str


@dataclass(frozen=True, slots=True)
class DepartmentStep(_OfChannel):
    """A call to a department's duty line goes on. The channel's id is the attempt's, its fence the decision's."""

    step: Step


@dataclass(frozen=True, slots=True)
class DepartmentKey(_OfChannel):
    """Somebody at a duty line pressed a key while the order was spoken, awaited, or after one that decides.

    One that decides (1, 9) is noted in Asterisk's own database before this is told, the first one for ever.
    """

    key: str


@dataclass(frozen=True, slots=True)
class Carried(_OfChannel):
    """A caller's INVITE carried something about his position; told once a call, beside its question.

    The texts are as Asterisk gives them, bounded; `gis.carried` reads them. The trunk is the channel's endpoint.
    """

    header: str
    """The Geolocation header (RFC 6442)."""
    format: str
    """What Asterisk made of it, `${GEOLOC_PROFILE(format)}`: `GML`, `civicAddress`, `URI`, `none`."""
    location_info: str
    confidence: str
    method: str


@dataclass(frozen=True, slots=True)
class Told(_OfChannel):
    """Any other event of the dialplan's own."""

    name: str
    fields: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ContactChanged(_Timed):
    """A telephone came, went, or was probed."""

    endpoint: str
    reach: Reach


@dataclass(frozen=True, slots=True)
class DeviceChanged(_Timed):
    """The state of a telephone's line."""

    endpoint: str
    state: Device


@dataclass(frozen=True, slots=True)
class Originated(_Timed):
    """A call that we originated came to something. ACCEPTED, NO_ANSWER (nobody accepted in time) or FAILED.

    Of one that failed, the cause of its `Ended` tells more, which may come before or after; there is none if Asterisk
    had no way to dial. `telephony.department.came_to` has the list.
    """

    channel_id: str
    """The id that was given to it."""
    outcome: DialOutcome


Event = (
    Arrived
    | Dialled
    | Ringing
    | Accepted
    | DialEnded
    | Joined
    | Left
    | Held
    | Resumed
    | Pressed
    | Ended
    | Unanswered
    | Offered
    | Refused
    | Stale
    | SilentCall
    | DepartmentStep
    | DepartmentKey
    | Carried
    | Told
    | ContactChanged
    | DeviceChanged
    | Originated
)
