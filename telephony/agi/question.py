"""What the dialplan asks about one call."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote_plus

from telephony.agi.error import BadQuestion

_ID = re.compile(r"[A-Za-z0-9_.:-]{1,80}")
_CHANNEL = re.compile(r"[A-Za-z0-9_.:;@/+-]{1,120}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
TEXT_MAX = 256  # characters of one value; a SIP URI's user part and display name are shorter


@dataclass(frozen=True, slots=True)
class Question:
    """Which seat is to take this call?"""

    call: str
    """The call's id."""
    asker: str
    """The channel that waits for the answer."""
    called: str
    """The number that the caller dialled."""
    number: str
    """The caller's number; empty: withheld. As the network tells it: it may be forged."""
    name: str
    """What a seat's display shows of the caller."""
    fence: int
    """The newest decision that the call obeyed; 0: none yet. An answer with an older or equal one changes nothing."""
    more: Mapping[str, str] = field(default_factory=dict)
    """Whatever else the dialplan tells."""


_OWN = ("call", "asker", "called", "number", "name", "fence")


def read_question(path: str) -> Question:
    """The question in the path of `agi://host:port/ask?call=…&asker=…&called=…`; every value is URI-encoded.

    Raises BadQuestion.
    """
    name, _, query = path.partition("?")
    if name != "ask":
        raise BadQuestion(f"nothing is known of {name[:40]!r}")
    values: dict[str, str] = {}
    for pair in query.split("&"):
        key, _, value = pair.partition("=")
        if key in values:
            raise BadQuestion(f"{key[:40]} twice")
        values[key] = _CONTROL.sub("�", unquote_plus(value))[:TEXT_MAX]
    call, asker, fence = values.get("call", ""), values.get("asker", ""), values.get("fence") or "0"
    if not _ID.fullmatch(call):
        raise BadQuestion(f"no id of a call: {call!r}")
    if not _CHANNEL.fullmatch(asker):
        raise BadQuestion(f"no channel to answer to: {asker!r}")
    if not (fence.isascii() and fence.isdigit()):
        raise BadQuestion(f"no fence: {fence!r}")
    return Question(
        call=call,
        asker=asker,
        called=values.get("called", ""),
        number=values.get("number", ""),
        name=values.get("name", ""),
        fence=int(fence),
        more={key: value for key, value in values.items() if key and key not in _OWN},
    )
