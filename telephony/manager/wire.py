"""The manager interface's wire format: bytes in, messages out; actions in, bytes out. Pure.

A message is lines `Key: value`, each ended by CR LF, and an empty line. Rules:

- Nothing that the other side sends can raise: what makes no sense becomes a `Damage` in its place in the stream.
- A line ends with CR LF and with nothing else. Asterisk writes a caller's number and the dialled number as they come
  out of the SIP URI, percent signs decoded: `sip:138%0d%0a%0d%0aEvent%3a…` is a caller who writes events of his own
  into this stream. He can't hide it: his text tears the message that it stands in, or repeats one of its keys. Both
  are `Damage`, and whoever reads on must ask Asterisk how things really are.
- Events that nobody wants are dropped before they are decoded: at work nine of ten bytes.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum

from telephony.manager.error import BadAction

BANNER = b"Asterisk Call Manager/"

MESSAGE_MAX = 65_536  # bytes; the longest that Asterisk was seen to send has 2,600
LINE_MAX = 1_023  # bytes; a longer line is thrown away by Asterisk, whose buffer has 1,025 with its end
FIELDS_MAX = 127  # Asterisk takes 128 lines in an action, the ActionID is one

_END = b"\r\n\r\n"
_KEY = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,63}")
_REPEATED = ("Output", "ChanVariable", "DestChanVariable")
"""Keys that Asterisk itself repeats, some with a channel in brackets; their values are joined by line feeds."""


class Fault(Enum):
    """Why a piece of the stream is worth nothing."""

    TOO_LONG = "too_long"
    """No end of a message within `MESSAGE_MAX` bytes."""
    NO_MESSAGE = "no_message"
    """Neither an event nor an answer."""
    TORN = "torn"
    """The message ends in the middle: another one was written into it."""
    REPEATED_KEY = "repeated_key"
    """A key that stands once stands twice: somebody wrote it into a value."""


@dataclass(frozen=True, slots=True)
class Damage:
    """Here the stream is not what Asterisk means; what follows may be forged."""

    fault: Fault
    start: bytes
    """Its first bytes, for a log; at most 200, none of them a secret of ours."""


@dataclass(frozen=True, slots=True)
class Message:
    """An event, or the answer to an action."""

    event: str | None
    """The event's name; None: an answer."""
    fields: Mapping[str, str]
    """Everything else. A repeated key's values stand one a line; control characters inside a value are kept."""

    @property
    def action_id(self) -> str:
        """Which action this belongs to; empty: none."""
        return self.fields.get("ActionID", "")


class Decoder:
    """Cuts a stream of bytes into messages, wherever the network cut it.

    `wanted` are names of events that are decoded; all others are only looked at for damage.
    """

    def __init__(self, wanted: Collection[str]) -> None:
        self._wanted = {name.encode(): name for name in wanted}
        self._rest = bytearray()
        self._greeted = False
        self._skipping = False
        self.version = ""
        """The interface's version, from its greeting; empty before that."""

    def feed(self, data: bytes) -> list[Message | Damage]:
        """All that is complete now, in order."""
        old = len(self._rest)
        self._rest += data
        found: list[Message | Damage] = []
        if not self._greeted:
            greeting, line_end, rest = self._rest.partition(b"\r\n")
            if not line_end and len(self._rest) < LINE_MAX and BANNER.startswith(self._rest[: len(BANNER)]):
                return found
            self._greeted = True
            if greeting.startswith(BANNER) and line_end:
                self.version = greeting[len(BANNER) :].decode("ascii", "replace").strip()
                self._rest, old = rest, 0
        if self._rest.find(_END, max(0, old - len(_END) + 1)) < 0:
            found.extend(self._too_long())
            return found
        *whole, rest = self._rest.split(_END)
        self._rest = bytearray(rest)
        for raw in whole:
            if self._skipping:
                self._skipping = False
            elif len(raw) > MESSAGE_MAX:
                found.append(Damage(Fault.TOO_LONG, bytes(raw[:200])))
            elif (message := self._message(raw)) is not None:
                found.append(message)
        found.extend(self._too_long())
        return found

    def _too_long(self) -> Iterator[Damage]:
        if len(self._rest) <= MESSAGE_MAX:
            return
        if not self._skipping:
            yield Damage(Fault.TOO_LONG, bytes(self._rest[:200]))
        self._skipping = True
        del self._rest[: -len(_END) + 1]

    def _message(self, raw: bytearray) -> Message | Damage | None:
        event = None
        if raw.startswith(b"Event: "):
            event = self._wanted.get(bytes(raw[7 : raw.find(b"\r\n")]) if b"\r\n" in raw else bytes(raw[7:]))
            if event is None:
                return Damage(Fault.TORN, bytes(raw[:200])) if _torn(raw) else None
        elif not raw.startswith(b"Response: "):
            return Damage(Fault.NO_MESSAGE, bytes(raw[:200]))
        if _torn(raw):
            return Damage(Fault.TORN, bytes(raw[:200]))
        fields: dict[str, str] = {}
        for line in raw.decode("utf-8", "replace").split("\r\n"):
            key, colon, value = line.partition(":")
            if not colon:
                return Damage(Fault.NO_MESSAGE, bytes(raw[:200]))
            value = value.removeprefix(" ")
            if key not in fields:
                fields[key] = value
            elif key.partition("(")[0] in _REPEATED:
                fields[key] += "\n" + value
            else:
                return Damage(Fault.REPEATED_KEY, bytes(raw[:200]))
        if event is not None:
            del fields["Event"]
        return Message(event, fields)


def _torn(raw: bytearray) -> bool:
    """Whether a channel was begun and not finished: its linked id comes after all that a caller can write."""
    begun = raw.rfind(b"CallerIDNum: ")
    return begun > raw.rfind(b"Linkedid: ") and not raw.startswith(b"Event: OriginateResponse\r\n")


def encode(action: str, action_id: str, fields: Iterable[tuple[str, str]]) -> bytes:
    """One action as bytes. Raises BadAction when a line would say more, or less, than it should."""
    lines = [f"Action: {action}", f"ActionID: {action_id}"]
    for key, value in fields:
        if not _KEY.fullmatch(key):
            raise BadAction(f"{action}: {key!r} is no name of a field")
        lines.append(f"{key}: {value}")
    if len(lines) > FIELDS_MAX:
        raise BadAction(f"{action}: more than {FIELDS_MAX} fields")
    for line in lines:
        if "\r" in line or "\n" in line or "\0" in line:
            raise BadAction(f"{action}: a value with a line end or NUL in it: {line!r}")
        try:
            length = len(line.encode())
        except UnicodeEncodeError:
            raise BadAction(f"{action}: a value that is no text: {line!r}") from None
        if length > LINE_MAX:
            raise BadAction(f"{action}: a line of {length} bytes; Asterisk takes {LINE_MAX}: {line[:60]!r}…")
    return ("\r\n".join(lines) + "\r\n\r\n").encode()
