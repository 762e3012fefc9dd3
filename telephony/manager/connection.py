"""One TCP connection to the manager interface, from its first byte to its last."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Iterable
from contextlib import suppress

from telephony.manager.conversation import Conversation, Reply
from telephony.manager.outcome import LinkLost, Outcome, Refused, TimedOut
from telephony.manager.reading import EVENTS
from telephony.manager.snapshot import ROWS
from telephony.manager.wire import Damage, Message

WAITING_MAX = 1_000  # actions without an answer; a living Asterisk answers each in less than a millisecond
_READ = 65_536  # bytes at a time
_PARTS = 4  # of every wait: a loop that stood still finds one of them over, and then hears what has come meanwhile


class Connection:
    """Asks, and tells what it hears. Ended by `close` or by the other side; never used again."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self._conversation = Conversation(secrets.token_hex(8), EVENTS | ROWS)
        self._asked: dict[str, asyncio.Future[Outcome[Reply]]] = {}
        self._closed = False

    @classmethod
    async def open(cls, host: str, port: int, within: float) -> Connection:
        """Connect. Raises OSError (TimeoutError among them) when nobody is there."""
        async with asyncio.timeout(within):
            return cls(*await asyncio.open_connection(host, port))

    def ask(
        self, action: str, fields: Iterable[tuple[str, str]], within: float
    ) -> tuple[str, asyncio.Task[Outcome[Reply]]]:
        """Send one action: its id and its outcome to come. It is sent before this returns. Raises BadAction."""
        action_id, data = self._conversation.ask(action, fields)
        future: asyncio.Future[Outcome[Reply]] = asyncio.get_running_loop().create_future()
        if self._closed:
            future.set_result(LinkLost(sent=False))
        elif self._conversation.waiting > WAITING_MAX:
            future.set_result(Refused(f"{WAITING_MAX} actions wait for an answer already"))
        else:
            self._asked[action_id] = future
            self._writer.write(data)
        return action_id, asyncio.create_task(self._outcome(action_id, future, within))

    async def _outcome(self, action_id: str, future: asyncio.Future[Outcome[Reply]], within: float) -> Outcome[Reply]:
        try:
            for _ in range(_PARTS):
                await asyncio.wait({future}, timeout=within / _PARTS)
                if future.done():
                    return future.result()
            return TimedOut()
        finally:
            self._asked.pop(action_id, None)
            self._conversation.forget(action_id)

    async def hear(self) -> AsyncIterator[Message | Damage | str]:
        """Events, damages, and the ids of actions as they are answered, in Asterisk's order, until it closes."""
        with suppress(OSError):
            while data := await self._reader.read(_READ):
                for happening in self._conversation.receive(data):
                    if isinstance(happening, Message | Damage):
                        yield happening
                        continue
                    future = self._asked.get(happening.action_id)
                    if future is not None and not future.done():
                        future.set_result(happening.outcome)
                    yield happening.action_id

    def close(self) -> None:
        """End it at once; what was not answered is LinkLost."""
        self._closed = True
        self._writer.transport.abort()
        for future in self._asked.values():
            if not future.done():
                future.set_result(LinkLost())
