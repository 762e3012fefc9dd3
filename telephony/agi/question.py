"""What the dialplan asks: which seat is to take a call, whether a person at a seat may do what he keyed in, and what is
to be said to who reports, or asks about his report, by telephone."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import unquote_plus

from config.secret import Secret
from telephony.agi.error import BadQuestion
from telephony.manager.channel import read_fence

_ID = re.compile(r"[A-Za-z0-9_.:-]{1,80}")
_CHANNEL = re.compile(r"[A-Za-z0-9_.:;@/+-]{1,120}")
_SEAT = re.compile(r"[A-Za-z0-9_.-]{1,60}")
_KEYS = re.compile(r"[0-9]{0,20}")
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
    """Whatever else the dialplan tells: `silent`, the service that a caller who cannot speak chose by key; of the last
    offer `outcome`, Asterisk's DIALSTATUS, and `raced`, "1" when the gate before a seat refused it; `waited`, seconds.
    Empty or missing where there was none."""


NO_PIN = Secret("")


class WishKind(StrEnum):
    """What a person can want by the keys of a seat's telephone."""

    SIGN_IN = "sign-in"
    SIGN_OUT = "sign-out"
    PAUSE = "pause"
    READY = "ready"


@dataclass(frozen=True, slots=True)
class Wish:
    """May the person at this seat do so?"""

    kind: WishKind
    seat: str
    """Whose telephone it was keyed in at."""
    channel: str
    """The telephone's channel; it waits for the word."""
    staff: str = ""
    """The person's number, to sign in; digits."""
    pin: Secret = NO_PIN
    """To sign in; digits. It comes apart from the rest, so that no log of Asterisk's ever holds it."""
    reason: str = ""
    """To pause: which of the centre's reasons, counted from 1; empty: none was keyed in."""


class PhoneKind(StrEnum):
    """What is asked or told by the keys of a telephone that is no seat's."""

    CODE = "code"
    """Is there an order with this code?"""
    FEEDBACK = "feedback"
    """A department reports how far its order is."""
    REPORT = "report"
    """A waiting caller asks what became of what he reported before."""


class Progress(StrEnum):
    """What a department reports by key."""

    EN_ROUTE = "en-route"
    ON_SCENE = "on-scene"
    DONE = "done"
    WORDS = "words"
    """It leaves words: they will be in the call's recording."""


@dataclass(frozen=True, slots=True)
class PhoneQuestion:
    """What is to be said to who presses keys on a telephone that is no seat's? Answered by a `Word`."""

    kind: PhoneKind
    channel: str
    """The telephone's channel; it waits for the word."""
    call: str
    """The call's id, which its recording has as well."""
    number: str
    """The number that calls; empty: withheld. As the network tells it: it may be forged."""
    code: str = ""
    """The order's code, for CODE and FEEDBACK; digits."""
    progress: Progress | None = None
    """For FEEDBACK."""


Asked = Question | Wish | PhoneQuestion
"""Everything that the dialplan asks."""

_OWN = ("call", "asker", "called", "number", "name", "fence")


def read_question(path: str) -> Asked:
    """The question in the path of `agi://host:port/ask?call=…&asker=…&called=…`, `…/wish?kind=…&asker=…&seat=…` or
    `…/phone?kind=…&asker=…&call=…`.

    Every value is URI-encoded; a wish has no PIN yet. Raises BadQuestion.
    """
    name, _, query = path.partition("?")
    values: dict[str, str] = {}
    for pair in query.split("&"):
        key, _, value = pair.partition("=")
        if key in values:
            raise BadQuestion(f"{key[:40]} twice")
        values[key] = _CONTROL.sub("�", unquote_plus(value))[:TEXT_MAX]
    asker = values.get("asker", "")
    reader = _READERS.get(name)
    if reader is None:
        raise BadQuestion(f"nothing is known of {name[:40]!r}")
    if not _CHANNEL.fullmatch(asker):
        raise BadQuestion(f"no channel to answer to: {asker!r}")
    return reader(asker, values)


def _question(asker: str, values: Mapping[str, str]) -> Question:
    call, fence = values.get("call", ""), values.get("fence") or "0"
    if not _ID.fullmatch(call):
        raise BadQuestion(f"no id of a call: {call!r}")
    if (obeyed := read_fence(fence)) is None:
        raise BadQuestion(f"no fence: {fence!r}")
    return Question(
        call=call,
        asker=asker,
        called=values.get("called", ""),
        number=values.get("number", ""),
        name=values.get("name", ""),
        fence=obeyed,
        more={key: value for key, value in values.items() if key and key not in _OWN},
    )


def _wish(asker: str, values: Mapping[str, str]) -> Wish:
    seat, staff, reason = values.get("seat", ""), values.get("staff", ""), values.get("reason", "")
    try:
        kind = WishKind(values.get("kind", ""))
    except ValueError as error:
        raise BadQuestion(f"no wish: {error}") from None
    if not _SEAT.fullmatch(seat):
        raise BadQuestion(f"no seat: {seat!r}")
    if not (_KEYS.fullmatch(staff) and _KEYS.fullmatch(reason)):
        raise BadQuestion("not keyed in: a number or a reason that is more than digits")
    return Wish(kind, seat, asker, staff=staff, reason=reason)


def _phone(asker: str, values: Mapping[str, str]) -> PhoneQuestion:
    call, code, progress = values.get("call", ""), values.get("code", ""), values.get("progress", "")
    try:
        kind = PhoneKind(values.get("kind", ""))
        told = Progress(progress) if kind is PhoneKind.FEEDBACK else None
    except ValueError as error:
        raise BadQuestion(f"nothing to ask by telephone: {error}") from None
    if not _ID.fullmatch(call):
        raise BadQuestion(f"no id of a call: {call!r}")
    if not _KEYS.fullmatch(code) or (not code and kind is not PhoneKind.REPORT):
        raise BadQuestion("not keyed in: a code that is more or less than digits")
    return PhoneQuestion(kind, asker, call, values.get("number", ""), code, told)


_READERS: Mapping[str, Callable[[str, Mapping[str, str]], Asked]] = {
    "ask": _question,
    "wish": _wish,
    "phone": _phone,
}


def read_pin(keyed: str) -> Secret:
    """What was keyed in as a PIN. Raises BadQuestion, which tells nothing of it."""
    if not _KEYS.fullmatch(keyed):
        raise BadQuestion("not keyed in: a PIN that is more than digits")
    return Secret(keyed)
