"""The language of the local socket: one JSON object a line, UTF-8. Pure: bytes in, messages out, and back.

The engine says `hello` first, then `facts`, `live`, `tell` as they come, and a `reply` to each request. The other side
says requests only. Rules:

- Nothing that the other side sends can raise. What is not in the language is a `Damage`, the last thing that a decoder
  gives: after it nothing can be trusted, so the connection ends.
- A line is at most `LINE_MAX` bytes, on both sides.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ValidationError

from console.state import Facts, Hello, Live, Tell

LINE_MAX = 4 * 1024 * 1024
"""Bytes of one line with its end. Ten thousand waiting callers in one hello."""
PIECE_MAX = 1024 * 1024
"""Bytes of states in one message; more of them go into several."""
ID_MAX = 2**53 - 1

T = TypeVar("T")
Model = TypeVar("Model", bound=BaseModel)


class Refused(ValueError):
    """A request that is not granted; nothing has changed."""

    def __init__(self, code: str, because: str) -> None:
        super().__init__(f"{code}: {because}")
        self.code = code
        """Stable."""
        self.because = because
        """In words."""


class TooLong(ValueError):
    """A message that does not go into one line: our own mistake."""

    code = "wire_too_long"


@dataclass(frozen=True, slots=True)
class Request:
    """Somebody wants something of the engine."""

    id: int
    """Its sender's number for it; the reply has the same."""
    want: str
    """What: `sign-in`, `status` …"""
    args: Mapping[str, Any]
    """Everything else that was said with it."""


@dataclass(frozen=True, slots=True)
class Granted:
    """A request was done."""

    id: int
    value: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Denied:
    """A request was not done."""

    id: int
    code: str
    because: str


@dataclass(frozen=True, slots=True)
class Damage:
    """What came is not in the language."""

    because: str
    start: bytes
    """Its first bytes, for a log; at most 80."""


FromEngine = Hello | Facts | Live | Tell | Granted | Denied
"""What the engine says."""


class Decoder(Generic[T]):
    """Cuts a stream into messages, wherever the network cut it. After a `Damage` it gives nothing more."""

    def __init__(self, read: Callable[[Mapping[str, Any]], T], line_max: int = LINE_MAX) -> None:
        """`read` is `from_engine` or `to_engine`."""
        self._read = read
        self._line_max = line_max
        self._rest = bytearray()
        self._damaged = False

    def feed(self, data: bytes) -> list[T | Damage]:
        """All that is complete now, in order."""
        found: list[T | Damage] = []
        if self._damaged:
            return found
        searched = len(self._rest)
        self._rest += data
        start = 0
        while not self._damaged and (end := self._rest.find(b"\n", max(start, searched))) >= 0:
            found.append(self._line(bytes(self._rest[start:end])))
            start = end + 1
        del self._rest[:start]
        if not self._damaged and len(self._rest) >= self._line_max:
            found.append(self._damage("a line without an end", bytes(self._rest[:80])))
        return found

    def end(self) -> Damage | None:
        """The stream is over; whether it ended inside a line."""
        if self._damaged or not self._rest:
            return None
        return self._damage("the stream ended inside a line", bytes(self._rest[:80]))

    def _line(self, line: bytes) -> T | Damage:
        if len(line) >= self._line_max:
            return self._damage("a line that is too long", line)
        try:
            said = json.loads(line.decode("utf-8"), parse_constant=_no_number)
            if not isinstance(said, dict):
                return self._damage("no object", line)
            return self._read(said)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False, include_context=False)[0]
            where = ".".join(map(str, first["loc"]))
            return self._damage(f"{where or 'the message'}: {first['msg']}", line)
        except (ValueError, RecursionError) as error:  # JSONDecodeError and UnicodeDecodeError are ValueErrors
            return self._damage(str(error)[:200], line)

    def _damage(self, because: str, start: bytes) -> Damage:
        self._damaged = True
        self._rest.clear()
        return Damage(because, start[:80])


def from_engine(said: Mapping[str, Any]) -> FromEngine:
    """What the engine said; raises ValueError for what is not in the language."""
    match said:
        case {"hello": hello}:
            return Hello.model_validate(hello)
        case {"facts": list()}:
            return Facts.model_validate(said)
        case {"live": live}:
            return Live.model_validate(live)
        case {"tell": tell}:
            return Tell.model_validate(tell)
        case {"reply": id, "value": dict(value)}:
            return Granted(_id(id), value)
        case {"reply": id, "refused": str(code), "because": str(because)}:
            return Denied(_id(id), code, because)
        case _:
            raise ValueError(f"no message of the engine's: {', '.join(list(said)[:5])}")


def to_engine(said: Mapping[str, Any]) -> Request:
    """What is wanted of the engine; raises ValueError for what is not in the language."""
    match said:
        case {"request": id, "want": str(want), **args}:
            return Request(_id(id), want, args)
        case _:
            raise ValueError(f"no request: {', '.join(list(said)[:5])}")


def hello_lines(hello: Hello) -> Iterator[bytes]:
    """A hello, and `live` messages with what one line does not hold."""
    calls, seats = list(_pieces(hello.calls)), list(_pieces(hello.seats))
    first = b'{"sequence":%d,"status":%s,"calls":[%s],"seats":[%s]}' % (
        hello.sequence,
        _json(dict(hello.status)),
        calls[0] if calls else b"",
        seats[0] if seats else b"",
    )
    yield _line(b'{"hello":%s}\n' % first)
    yield from (_line(b'{"live":{"calls":[%s]}}\n' % piece) for piece in calls[1:])
    yield from (_line(b'{"live":{"seats":[%s]}}\n' % piece) for piece in seats[1:])


def facts_lines(facts: Iterable[BaseModel]) -> Iterator[bytes]:
    """Facts, in as few lines as hold them."""
    return (_line(b'{"facts":[%s]}\n' % piece) for piece in _pieces(facts))


def live_lines(live: Live) -> Iterator[bytes]:
    """What changed, in as few lines as hold it. Calls that are over come last: nobody sees one twice."""
    calls, seats = list(_pieces(live.calls)), list(_pieces(live.seats))
    gone = _json(list(live.gone))
    if len(calls) <= 1 and len(seats) <= 1:
        yield _line(b'{"live":{"calls":[%s],"seats":[%s],"gone":%s}}\n' % (b"".join(calls), b"".join(seats), gone))
        return
    yield from (_line(b'{"live":{"calls":[%s]}}\n' % piece) for piece in calls)
    yield from (_line(b'{"live":{"seats":[%s]}}\n' % piece) for piece in seats)
    yield _line(b'{"live":{"gone":%s}}\n' % gone)


def tell_line(tell: Tell) -> bytes:
    """That a supervisor should look."""
    return _line(b'{"tell":%s}\n' % _model(tell))


def request_line(request: Request) -> bytes:
    """A request; raises TooLong, and what a value without JSON form raises."""
    named = {"request": request.id, "want": request.want}
    return _line(_json(named | dict(request.args) | named) + b"\n")


def reply_line(reply: Granted | Denied) -> bytes:
    """A reply; raises TooLong, and what a value without JSON form raises."""
    match reply:
        case Granted():
            return _line(_json({"reply": reply.id, "value": dict(reply.value)}) + b"\n")
        case Denied():
            return _line(_json({"reply": reply.id, "refused": reply.code, "because": reply.because}) + b"\n")


def _pieces(states: Iterable[BaseModel]) -> Iterator[bytes]:
    """States as JSON, separated by commas, so many together as `PIECE_MAX` allows."""
    piece: list[bytes] = []
    size = 0
    for state in states:
        text = _model(state)
        if piece and size + len(text) > PIECE_MAX:
            yield b",".join(piece)
            piece, size = [], 0
        piece.append(text)
        size += len(text) + 1
    if piece:
        yield b",".join(piece)


def _model(model: BaseModel) -> bytes:
    return model.model_dump_json().encode("utf-8", "replace")


def _json(value: object) -> bytes:
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    # Half a character, which a client's JSON may hold, is nothing that the other side could read.
    return text.encode("utf-8", "replace")


def _line(line: bytes) -> bytes:
    if len(line) > LINE_MAX:
        raise TooLong(f"{len(line)} bytes in one line; at most {LINE_MAX}")
    return line


def _id(id: object) -> int:
    if isinstance(id, int) and not isinstance(id, bool) and 0 <= id <= ID_MAX:
        return id
    raise ValueError("a request's number is 0 to 2^53 - 1")


def _no_number(word: str) -> float:
    raise ValueError(f"{word} is no number of JSON")
