"""The AGI server: one short question or wish and its answer on each connection, bounded in time, size and number.

What a connection does or does not do touches no other one. Nothing is held by holding a socket: who doesn't get his
answer in time goes the way that the dialplan has for it.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from enum import Enum
from typing import TypeVar

from config.secret import Secret
from telephony.agi.answer import Answer, Decision, Nothing, Word, write_answer, write_word
from telephony.agi.error import BadQuestion
from telephony.agi.question import Asked, PhoneQuestion, Question, Wish, WishKind, read_pin
from telephony.agi.wire import PIN, REPLY_MAX, Header, checking, is_reply, says, setting, took, value

Handler = Callable[[Question], Awaitable[Answer]]
"""Decides. Cancelled when time is up or the asker is gone: then nothing that it reserved is offered."""

Unheard = Callable[[Question, Decision], None]
"""Told of an answer that the asker did not take: what was reserved for it is to be released."""

Granter = Callable[[Wish], Awaitable[str]]
"""Decides on a wish: one of `Word`. Never cancelled but by `stop`: what a person wanted is decided, heard or not."""

Asker = Callable[[PhoneQuestion], Awaitable[str]]
"""Answers who presses keys on a telephone that is no seat's: one of `Word`. Never cancelled but by `stop`."""

log = logging.getLogger("telephony.agi")

T = TypeVar("T")


class End(Enum):
    """How a connection ended; `Server.ends` counts them."""

    ANSWERED = "answered"
    NOTHING = "nothing"
    """The handler had no answer."""
    LATE = "late"
    """The handler was too slow."""
    GONE = "gone"
    """The asker left before the answer."""
    UNHEARD = "unheard"
    """The answer was not taken."""
    BAD_QUESTION = "bad_question"
    NO_QUESTION = "no_question"
    """Nothing, or half a question, until the deadline or the end."""
    TOO_MANY = "too_many"


@dataclass(frozen=True, slots=True)
class Limits:
    """How long and how much."""

    question_s: float = 0.5
    """For the whole question. The dialplan gives up after `ask_s`, 0.5 by default: nobody listens any longer."""
    answer_s: float = 0.45
    """For the handler: less than `ask_s`, so that an answer is not given to somebody who has just left."""
    wish_s: float = 2.8
    """For a wish: it waits for a PIN to be checked and for the disk. The dialplan waits 3 s, then it says `away`."""
    taking_s: float = 0.5
    """For Asterisk to take the answer."""
    connections: int = 256
    """At once; the dialplan makes one a call, for some milliseconds."""


async def nobody(_: Wish | PhoneQuestion) -> str:
    """For who grants no wishes and answers no telephone."""
    return Word.AWAY


class AgiServer:
    """Listens on one port; `start` and `stop` it."""

    def __init__(
        self,
        handler: Handler,
        unheard: Unheard,
        limits: Limits = Limits(),
        *,
        wish: Granter = nobody,
        ask: Asker = nobody,
    ) -> None:
        self._handler = handler
        self._unheard = unheard
        self._limits = limits
        self._granter = wish
        self._asker = ask
        self._serving: set[asyncio.Task[None]] = set()
        self.granting: set[asyncio.Future[str]] = set()
        """Wishes, and what was asked by telephone, that are being decided."""
        self._server: asyncio.Server | None = None
        self.ends: Counter[End] = Counter()

    async def start(self, host: str, port: int) -> int:
        """Listen; the port, if 0 was asked for any. Raises OSError when it is taken."""
        self._server = await asyncio.start_server(self._connected, host, port, limit=REPLY_MAX)
        listening: int = self._server.sockets[0].getsockname()[1]
        return listening

    async def stop(self) -> None:
        """Stop listening and end every connection."""
        if self._server is not None:
            self._server.close()
        ending: list[asyncio.Future[None] | asyncio.Future[str]] = [*self._serving, *self.granting]
        for task in ending:
            task.cancel()
        await asyncio.gather(*ending, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._serving.add(task)
        try:
            if len(self._serving) > self._limits.connections:
                self.ends[End.TOO_MANY] += 1
            else:
                self.ends[await self._serve(reader, writer)] += 1
        except Exception as bug:  # noqa: BLE001 - Debian's Python 3.11.2 tells nobody of it until its task is collected
            told = {"message": "a question was not answered, for a bug", "exception": bug}
            asyncio.get_running_loop().call_exception_handler(told)
        finally:
            self._serving.discard(task)
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> End:
        try:
            question = await _within(self._limits.question_s, self._question(reader))
        except BadQuestion as error:
            log.warning("%s: %s", writer.get_extra_info("peername"), error)
            return End.BAD_QUESTION
        match question:
            case None:
                return End.NO_QUESTION
            case Wish():
                return await self._grant(question, reader, writer)
            case PhoneQuestion():
                return await self._say(question, self._asker(question), reader, writer)
        answer = await self._decide(question, reader)
        match answer:
            case End():
                return answer
            case Nothing():
                return End.NOTHING
        if await _within(self._limits.taking_s, _give(question, write_answer(answer), reader, writer)):
            return End.ANSWERED
        self._unheard(question, answer)
        return End.UNHEARD

    async def _question(self, reader: asyncio.StreamReader) -> Asked | None:
        header = Header()
        with suppress(OSError):
            while data := await reader.read(REPLY_MAX):
                if (question := header.feed(data)) is not None:
                    return question
        return None

    async def _decide(self, question: Question, reader: asyncio.StreamReader) -> Answer | End:
        """The handler's answer, unless it takes too long or the asker leaves."""
        deciding = asyncio.ensure_future(self._handler(question))
        leaving = asyncio.create_task(_gone(reader))
        try:
            await asyncio.wait({deciding, leaving}, timeout=self._limits.answer_s, return_when=asyncio.FIRST_COMPLETED)
            if deciding.done():
                return deciding.result()
            end = End.GONE if leaving.done() else End.LATE
        finally:
            deciding.cancel()
            leaving.cancel()
            # Who was cancelled cleans up before anything else happens to this call.
            await asyncio.wait({deciding, leaving})
        if not deciding.cancelled() and not isinstance(answer := deciding.result(), Nothing):
            self._unheard(question, answer)  # it would not be stopped
        return end

    async def _grant(self, wish: Wish, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> End:
        """Have the PIN that belongs to a wish, and let it be decided."""
        if wish.kind is WishKind.SIGN_IN:
            try:
                pin = await _within(self._limits.taking_s, _pin(reader, writer))
            except BadQuestion as error:
                log.warning("%s: %s", wish.seat, error)
                return End.BAD_QUESTION
            if pin is None:
                return End.NO_QUESTION
            wish = replace(wish, pin=pin)
        return await self._say(wish, self._granter(wish), reader, writer)

    async def _say(
        self,
        asked: Wish | PhoneQuestion,
        deciding: Awaitable[str],
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> End:
        """Let it be decided to its end, and say the word if anybody still listens."""
        granting = asyncio.ensure_future(deciding)
        self.granting.add(granting)
        granting.add_done_callback(self.granting.discard)
        await asyncio.wait({granting}, timeout=self._limits.wish_s)
        if not granting.done():
            return End.LATE
        word = write_word(granting.result())
        taken = await _within(self._limits.taking_s, _give(asked, word, reader, writer))
        return End.ANSWERED if taken else End.UNHEARD


async def _gone(reader: asyncio.StreamReader) -> None:
    """Wait until the other side has closed; what it says before it is asked counts for nothing."""
    with suppress(OSError):
        while await reader.read(REPLY_MAX):
            pass


async def _pin(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Secret | None:
    """What was keyed in as a PIN; None: the asker left. Raises BadQuestion."""
    writer.write(PIN)
    keyed = value(await _reply(reader))
    return None if keyed is None else read_pin(keyed)


async def _give(question: Asked, text: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
    """Whether Asterisk has the answer where the dialplan reads it."""
    # One at a time: of two commands in one packet Asterisk does the first and leaves the second lying.
    writer.write(setting(question, text))
    if not took(await _reply(reader)):
        return False
    writer.write(checking(question))
    return says(await _reply(reader), text)


async def _reply(reader: asyncio.StreamReader) -> bytes:
    try:
        while (line := await reader.readline()) and not is_reply(line):
            pass  # a hang-up, or the rest of a header that a caller ended early
    except (OSError, ValueError):  # closed, or a line without an end
        return b""
    return line


async def _within(seconds: float, act: Awaitable[T]) -> T | None:
    try:
        async with asyncio.timeout(seconds):  # wait_for of 3.11 swallows a cancellation that comes with the result
            return await act
    except TimeoutError:
        return None
