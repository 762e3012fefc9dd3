"""One channel of Asterisk: one telephone's part in a call, as Asterisk told of it at one moment."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

_NAME = re.compile(r"PJSIP/(.+)-[0-9a-f]{8}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")

FENCE_DIGITS = 12
"""A decision each millisecond for thirty years."""

VARIABLES = ("LD_CALL", "LD_CALLED", "LD_FENCE", "LD_PATH")
"""What the dialplan tells of a channel with each of its events (`channelvars` in manager.conf)."""


class ChannelState(Enum):
    """How far a channel is."""

    DOWN = 0
    """Being made."""
    CALLING = 4
    """A telephone called us and is not answered yet; Asterisk calls this Ring."""
    RINGING = 5
    """We called a telephone and it rings."""
    UP = 6
    """Accepted by the telephone, or by us: SIP's 200."""
    OTHER = -1


_STATES = {str(state.value): state for state in ChannelState}


@dataclass(frozen=True, slots=True)
class Channel:
    """A telephone's channel."""

    id: str
    """Its unique id; every act takes it."""
    call: str
    """The call that it belongs to: the id of the caller's channel."""
    name: str
    """Such as `PJSIP/seat-03-00000001`."""
    state: ChannelState
    number: str
    """The telephone's own number; empty: unknown."""
    shown_name: str
    """The telephone's own name; empty: unknown."""
    context: str
    """Where in the dialplan it is."""
    extension: str
    called: str
    """What the caller dialled; empty before the dialplan has begun."""
    fence: int
    """The newest decision that the call obeyed; 0: none yet."""
    path: str
    """Who chose the seat: `engine` or `fallback`; `seat` when a seat or a duty telephone dials, `department` when a
    duty line is called, `feedback` when somebody reports by telephone; empty: nobody yet."""

    @property
    def endpoint(self) -> str:
        """The telephone or trunk as the configuration names it: `seat-03`, `city`; empty: no telephone."""
        return endpoint_of(self.name)


def endpoint_of(name: str) -> str:
    """The telephone or trunk whose channel has this name; empty: it is no telephone's."""
    named = _NAME.fullmatch(name)
    return named[1] if named else ""


def read_channel(fields: Mapping[str, str], role: str = "") -> Channel:
    """A channel from an event's or a row's fields; with `role` "Dest" the one that is being called.

    Raises KeyError when a field is missing.
    """
    variables = dict(line.partition("=")[::2] for line in fields.get(f"{role}ChanVariable", "").split("\n"))
    fence = variables.get("LD_FENCE", "")
    return Channel(
        id=fields[f"{role}Uniqueid"],
        call=variables.get("LD_CALL") or fields[f"{role}Linkedid"],
        name=fields[f"{role}Channel"],
        state=_STATES.get(fields[f"{role}ChannelState"], ChannelState.OTHER),
        number=known(fields[f"{role}CallerIDNum"]),
        shown_name=known(fields[f"{role}CallerIDName"]),
        context=fields[f"{role}Context"],
        extension=clean(fields[f"{role}Exten"]),
        called=variables.get("LD_CALLED", ""),
        fence=read_fence(fence) or 0,
        path=variables.get("LD_PATH", ""),
    )


def read_fence(text: str) -> int | None:
    """A fence as the dialplan writes it; None if it is none. Higher ones were given by no engine, but by a forger."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= FENCE_DIGITS else None


def is_telephone(fields: Mapping[str, str], role: str = "") -> bool:
    """Whether this is a telephone's channel, and not one of Asterisk's own helpers."""
    return fields.get(f"{role}Channel", "").startswith("PJSIP/")


def known(text: str) -> str:
    """A caller's text, cleaned; Asterisk's word for none becomes empty."""
    return "" if text == "<unknown>" else clean(text)


def clean(text: str) -> str:
    """Without control characters, which a SIP URI can smuggle in: each becomes U+FFFD."""
    return _CONTROL.sub("�", text)


def one_line(text: str) -> str:
    """With a blank in place of each control character: for a text in which line ends mean no more than a blank."""
    return _CONTROL.sub(" ", text)
