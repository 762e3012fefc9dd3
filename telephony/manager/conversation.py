"""Which answer belongs to which action. Pure: bytes in, happenings out; actions in, bytes out.

Action ids cannot be guessed (`prefix` is random for each connection), so nobody who writes into the stream can answer
in Asterisk's place. An answer may be a list: rows with the action's id until a last one says that it is complete.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import count

from telephony.manager.outcome import Answered, Refused
from telephony.manager.wire import Damage, Decoder, Message, encode

ROWS_MAX = 20_000  # rows of one list; ten channels for each of 500 calls and every seat's keys are less

Fields = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Reply:
    """What Asterisk answered to one action."""

    fields: Fields
    rows: tuple[Message, ...] = ()
    """The rows of a list, without its last one."""


@dataclass(frozen=True, slots=True)
class Concluded:
    """One action has its answer."""

    action_id: str
    outcome: Answered[Reply] | Refused


Happening = Concluded | Message | Damage


@dataclass(slots=True)
class _Asked:
    fields: Fields | None = None
    """The beginning of a list answer; None: nothing came yet."""
    rows: list[Message] = field(default_factory=list)


class Conversation:
    """One connection's actions and answers. `wanted` are the names of all events and rows that are to be read."""

    def __init__(self, prefix: str, wanted: Collection[str]) -> None:
        self._prefix = prefix
        self._numbers = count(1)
        self._decoder = Decoder(wanted)
        self._asked: dict[str, _Asked] = {}

    @property
    def version(self) -> str:
        """The other side's greeting; empty before it came."""
        return self._decoder.version

    @property
    def waiting(self) -> int:
        """How many actions have no answer yet."""
        return len(self._asked)

    def ask(self, action: str, fields: Iterable[tuple[str, str]] = ()) -> tuple[str, bytes]:
        """A new action: its id, and the bytes to send. Raises BadAction, and then nothing was asked."""
        action_id = f"{self._prefix}-{next(self._numbers)}"
        data = encode(action, action_id, fields)
        self._asked[action_id] = _Asked()
        return action_id, data

    def forget(self, action_id: str) -> None:
        """Nobody waits for this answer any more."""
        self._asked.pop(action_id, None)

    def receive(self, data: bytes) -> list[Happening]:
        """What these bytes tell, in order."""
        told: list[Happening] = []
        for item in self._decoder.feed(data):
            if isinstance(item, Damage):
                told.append(item)
                continue
            asked = self._asked.get(item.action_id)
            if asked is None:
                # A late answer is nobody's; an event of an action that has its answer already is an event.
                if item.event is not None:
                    told.append(item)
            elif item.event is None:
                told.extend(self._answer(item, asked))
            else:
                told.extend(self._row(item, asked))
        return told

    def _answer(self, message: Message, asked: _Asked) -> list[Happening]:
        if message.fields["Response"] not in ("Success", "Goodbye"):
            return [self._conclude(message, Refused(_why(message)))]
        if message.fields.get("EventList") == "start":
            asked.fields = message.fields
            return []
        return [self._conclude(message, Answered(Reply(message.fields)))]

    def _row(self, row: Message, asked: _Asked) -> list[Happening]:
        if asked.fields is None:
            return [row]  # an event that overtook the answer of its action
        match row.fields.get("EventList", ""):
            case "":
                asked.rows.append(row)
                if len(asked.rows) <= ROWS_MAX:
                    return []
                return [self._conclude(row, Refused(f"more than {ROWS_MAX} rows"))]
            case "Complete":
                return [self._conclude(row, Answered(Reply(asked.fields, tuple(asked.rows))))]
            case ended:
                return [self._conclude(row, Refused(f"the list was {ended}"))]

    def _conclude(self, message: Message, outcome: Answered[Reply] | Refused) -> Concluded:
        del self._asked[message.action_id]
        return Concluded(message.action_id, outcome)


def _why(message: Message) -> str:
    return message.fields.get("Output") or message.fields.get("Message") or message.fields["Response"]
