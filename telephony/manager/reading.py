"""From Asterisk's events to ours: one table. Pure.

Only telephones count (PJSIP). Helpers of the dialplan (Local channels) come and go unseen.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from enum import Enum
from typing import TypeVar
from urllib.parse import unquote_to_bytes

from telephony.manager.channel import Channel, ChannelState, clean, is_telephone, one_line, read_channel, read_fence
from telephony.manager.event import (
    Accepted,
    Arrived,
    Carried,
    ContactChanged,
    DepartmentKey,
    DepartmentStep,
    Device,
    DeviceChanged,
    DialEnded,
    Dialled,
    DialOutcome,
    Ended,
    Event,
    Held,
    Joined,
    Left,
    Offered,
    Originated,
    Pressed,
    Reach,
    Refused,
    Resumed,
    Ringing,
    SilentCall,
    Stale,
    Step,
    Told,
    Unanswered,
)
from telephony.manager.wire import Message

E = TypeVar("E", bound=Enum)

Fields = Mapping[str, str]


def read_event(message: Message) -> Event | None:
    """Our event; None: it is about no telephone, or tells nothing that anybody here needs.

    Raises ValueError when it lacks what such an event has: then it is not Asterisk's.
    """
    reader = _READERS.get(message.event or "")
    if reader is None:
        return None
    try:
        return reader(datetime.fromtimestamp(float(message.fields["Timestamp"]), UTC), message.fields)
    except (KeyError, OverflowError, OSError) as error:
        raise ValueError(f"{message.event}: {error!r}") from None


def one_of(kind: type[E], text: str, unknown: E) -> E:
    """The member with this value."""
    try:
        return kind(text)
    except ValueError:
        return unknown


def _arrival(at: datetime, fields: Fields) -> Event | None:
    channel = read_channel(fields)
    return Arrived(at, channel) if channel.state is ChannelState.CALLING else None


def _state(at: datetime, fields: Fields) -> Event | None:
    channel = read_channel(fields)
    match channel.state:
        case ChannelState.RINGING:
            return Ringing(at, channel)
        case ChannelState.UP:
            return Accepted(at, channel)
        case _:
            return None


def _dialler(fields: Fields) -> Channel | None:
    return read_channel(fields) if is_telephone(fields) else None


def _dial_outcome(text: str) -> DialOutcome:
    return one_of(DialOutcome, text, DialOutcome.UNKNOWN)


def _user_event(at: datetime, fields: Fields) -> Event:
    channel = read_channel(fields)
    match fields["UserEvent"]:
        case "Unanswered":
            return Unanswered(at, channel)
        case "Offered":
            outcome = _dial_outcome(fields["Outcome"])
            # A call that began before the dialplan was last changed does not tell this.
            return Offered(at, channel, _fence(fields), outcome, raced=fields.get("Raced") == "1")
        case "Refused":
            return Refused(at, channel, _fence(fields), fields["Seat"])
        case "Stale":
            return Stale(at, channel, _fence(fields))
        case "SilentCall":
            return SilentCall(at, channel, fields["Service"])
        case "DepartmentStep":
            return DepartmentStep(at, channel, Step(fields["Step"]))
        case "DepartmentKey":
            return DepartmentKey(at, channel, clean(fields["Key"])[:1])
        case "Carried":
            return read_carried(at, channel, fields["Geo"], fields["Info"])
        case name:
            names = list(fields)
            own = names[names.index("UserEvent") + 1 :]
            return Told(at, channel, name, {key: clean(fields[key]) for key in own})


def read_carried(at: datetime, channel: Channel, geo: str, info: str) -> Carried:
    """What the dialplan kept in LD_GEO and LD_GEO_1, … (`info`, all in one); `telephony.carriage` tells more.

    A `location_info` that was cut off is none: half a shape is another one.
    """
    pairs = dict(pair.partition("=")[::2] for pair in geo.split("&"))
    header, format_, confidence, method = (_sent(unquote_to_bytes(pairs.get(name, ""))) for name in _GEO)
    whole = unquote_to_bytes(info)
    told = pairs.get("length", "")
    length = int(told) if told.isascii() and told.isdigit() and len(told) < 6 else -1
    return Carried(
        at, channel, header, format_, _sent(whole) if length == len(whole) < _GEO_CUT else "", confidence, method
    )


def _sent(text: bytes) -> str:
    return one_line(text.decode("utf-8", "replace"))


_GEO = ("header", "format", "confidence", "method")
_GEO_CUT = 4_095
"""Bytes; Asterisk cuts a function's value off there."""
_OURS = frozenset("AB")
"""Keys by which `Exchange.wake`, `announce` and `say` reach a channel: nobody pressed them."""
_UNTOLD = "wish"
"""The context in which the keys are a person's PIN: they are told to nobody."""


def _key(at: datetime, fields: Fields) -> Event | None:
    channel = read_channel(fields)
    if fields["Direction"] != "Received" or fields["Digit"] in _OURS or channel.context == _UNTOLD:
        return None
    return Pressed(at, channel, fields["Digit"])


def _fence(fields: Fields) -> int:
    fence = read_fence(fields["Fence"])
    if fence is None:
        raise ValueError(f"no fence: {fields['Fence'][:40]!r}")
    return fence


def _contact(at: datetime, fields: Fields) -> Event:
    return ContactChanged(at, fields["EndpointName"], one_of(Reach, fields["ContactStatus"], Reach.UNKNOWN))


def _device(at: datetime, fields: Fields) -> Event | None:
    technology, _, endpoint = fields["Device"].partition("/")
    if technology != "PJSIP":
        return None
    return DeviceChanged(at, endpoint, one_of(Device, fields["State"], Device.UNKNOWN))


_REASONS = {
    "0": DialOutcome.FAILED,
    "3": DialOutcome.NO_ANSWER,
    "4": DialOutcome.ACCEPTED,
    "5": DialOutcome.BUSY,
    "8": DialOutcome.REJECTED,
}
"""Asterisk's control frames that ended a call of ours."""


def _of_telephone(read: Callable[[datetime, Fields], Event | None], role: str = "") -> _Reader:
    """A reader for telephones only."""
    return lambda at, fields: read(at, fields) if is_telephone(fields, role) else None


_Reader = Callable[[datetime, Fields], Event | None]

_READERS: Mapping[str, _Reader] = {
    "Newchannel": _of_telephone(_arrival),
    "Newstate": _of_telephone(_state),
    "DialBegin": _of_telephone(lambda at, f: Dialled(at, read_channel(f, "Dest"), _dialler(f)), "Dest"),
    "DialEnd": _of_telephone(
        lambda at, f: DialEnded(at, read_channel(f, "Dest"), _dialler(f), _dial_outcome(f["DialStatus"])), "Dest"
    ),
    "BridgeEnter": _of_telephone(
        lambda at, f: Joined(at, read_channel(f), f["BridgeUniqueid"], int(f["BridgeNumChannels"]))
    ),
    "BridgeLeave": _of_telephone(
        lambda at, f: Left(at, read_channel(f), f["BridgeUniqueid"], int(f["BridgeNumChannels"]))
    ),
    "Hold": _of_telephone(lambda at, f: Held(at, read_channel(f))),
    "Unhold": _of_telephone(lambda at, f: Resumed(at, read_channel(f))),
    "DTMFEnd": _of_telephone(_key),
    "Hangup": _of_telephone(lambda at, f: Ended(at, read_channel(f), int(f["Cause"]))),
    "UserEvent": _of_telephone(_user_event),
    "ContactStatus": _contact,
    "DeviceStateChange": _device,
    "OriginateResponse": lambda at, f: Originated(at, f["Uniqueid"], _REASONS.get(f["Reason"], DialOutcome.UNKNOWN)),
}

EVENTS = frozenset(_READERS)
"""Names of all raw events that are read here."""
