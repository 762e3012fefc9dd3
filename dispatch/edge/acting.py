"""Carries out what the core wants of Asterisk, and reports how that went.

Rules: commands begin in order and none of them is waited for. An act whose outcome is unknown is never repeated: the
core is told that it has lost sight, and asks. What is stopped while it is still being made ready is never dialled.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterable
from pathlib import Path
from typing import Any, Protocol, TypeVar

from config.field import Language
from dispatch import command, event
from dispatch.edge.hearing import Hearing
from dispatch.edge.noted import Ends
from dispatch.edge.sight import found
from dispatch.ladder import DutyLine
from dispatch.outcome import Outcome
from telephony.department import department_call
from telephony.manager.error import BadAction
from telephony.manager.exchange import Exchange, Origination
from telephony.manager.outcome import Answered, LinkLost, Refused
from telephony.manager.outcome import Outcome as Came
from telephony.prompt.error import SpeechError
from telephony.prompt.order import said_code

SPEECH_S = 0.3  # a text takes a tenth of a second; it is looked for three seconds after somebody has picked up
AT_ONCE = 50  # dials under way; more of them would only wait inside of Asterisk
LOOK_AGAIN_S = 0.05  # between two looks: Asterisk lists 20 times a second at most
LINK_S, LINK_AGAIN_S = 3.0, 0.1  # an engine that has just come has a link in less; then the core's deadlines count
NOT_THERE_YET_S = (0.02, 0.05, 0.1, 0.2, 0.4)  # of a channel that Asterisk is making; who is not patient never stops it

log = logging.getLogger("dispatch")

T = TypeVar("T")
Report = Callable[[event.Report], None]


class Speaks(Protocol):
    """Whoever speaks texts: `telephony.prompt.order.Speaker`."""

    async def spoken(self, text: str, language: Language) -> Path:
        """Where it is, without its ending. Raises SpeechError."""

    def place(self, text: str, language: Language) -> Path:
        """Where it will be; who hears the order before it is there is told to call us."""


class Acting:
    """The hands of one notifier. `run` keeps them moving; `report` takes what is to be told to the core."""

    def __init__(
        self,
        exchange: Exchange,
        hearing: Hearing,
        speaker: Speaks,
        ends: Ends,
        report: Report,
        *,
        way_out: str,
        caller_number: str,
        caller_name: str,
    ) -> None:
        self._exchange = exchange
        self._hearing = hearing
        self._speaker = speaker
        self._ends = ends
        self._report = report
        self._way_out = way_out
        self._caller = (caller_number, caller_name)
        self._group: asyncio.TaskGroup | None = None
        self._dialling: set[str] = set()
        """Attempts whose dial is not answered yet."""
        self._stopped: set[str] = set()
        """Those of them that are not needed any more."""
        self._speaking: dict[Path, tuple[asyncio.Task[Path | None], float]] = {}
        """Texts that are being spoken, and until when dials wait for each: not every next telephone anew."""
        self._room = asyncio.Semaphore(AT_ONCE)
        self._asked: list[command.Ask] = []
        self._some_asked = asyncio.Event()
        self.failed = 0
        """Acts that Asterisk refused, or of which nobody knows whether they took effect."""
        self.unspoken = 0
        """Texts that could not be spoken: who was called heard that he should call."""

    async def run(self) -> None:
        """Act, until cancelled; a bug in any act ends it."""
        async with asyncio.TaskGroup() as group:
            self._group = group
            group.create_task(self._look())

    def do(self, wanted: command.Dial | command.StopRinging | command.Forgo | command.Say | command.Ask) -> None:
        """Begin to carry out one command."""
        match wanted:
            case command.Dial():
                self._dialling.add(wanted.attempt)
                self._start(self._dial(wanted))
            case command.StopRinging(attempt=attempt):
                if attempt in self._dialling:
                    self._stopped.add(attempt)
                else:
                    self._start(self._hang_up(attempt))
            case command.Forgo(attempt=attempt):
                if attempt in self._dialling:
                    self._stopped.add(attempt)
            case command.Say():
                self._start(self._say(wanted))
            case command.Ask():
                self._asked.append(wanted)
                self._some_asked.set()

    def drop(self, keys: Iterable[str]) -> None:
        """Take notes out of Asterisk's own database, one after the other: dials come first."""
        self._start(self._drop(tuple(keys)))

    def _start(self, act: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        assert self._group is not None, "a notifier acts only while it runs"
        return self._group.create_task(act)

    # Dials.

    async def _dial(self, wanted: command.Dial) -> None:
        try:
            text = await self._spoken(wanted.text, wanted.language)
            said = said_code(wanted.code, wanted.language)
            self._start(self._speak(said, wanted.language))  # it is heard last: every text comes before any code
            async with self._room:
                await self._originate(wanted, text, self._speaker.place(said, wanted.language))
        finally:
            self._dialling.discard(wanted.attempt)
            self._stopped.discard(wanted.attempt)

    async def _spoken(self, text: str, language: Language) -> Path | None:
        """Where the text is, or will be while the telephone rings; None: nowhere."""
        loop, place = asyncio.get_running_loop(), self._speaker.place(text, language)
        if place not in self._speaking:
            speaking = self._start(self._speak(text, language))
            speaking.add_done_callback(lambda _: self._speaking.pop(place, None))
            self._speaking[place] = speaking, loop.time() + SPEECH_S
        speaking, until = self._speaking[place]
        await asyncio.wait({speaking}, timeout=max(0.0, until - loop.time()))
        return speaking.result() if speaking.done() else place

    async def _speak(self, text: str, language: Language) -> Path | None:
        try:
            return await self._speaker.spoken(text, language)
        except SpeechError as error:
            log.error("not spoken: %s", error)
        except Exception:  # whatever is wrong with a voice, telephones ring
            log.exception("not spoken")
        self.unspoken += 1
        return None

    async def _originate(self, wanted: command.Dial, text: Path | None, code: Path | None) -> None:
        attempt, fence = wanted.attempt, wanted.fence
        if attempt in self._stopped:
            self._report(event.Ended(attempt, fence, Outcome.FAILED))  # why it ended was decided before
            return
        self._hearing.dials(attempt, fence)
        number, name = self._caller
        try:
            came = await self._send(
                department_call(
                    attempt,
                    fence,
                    self._target(wanted.line),
                    ring_s=wanted.line.ring_s,
                    language=wanted.language,
                    text=text,
                    code=code,
                    repeats=wanted.repeats,
                    spoken=wanted.spoken,
                    key_s=wanted.key_s,
                    caller_number=number,
                    caller_name=name,
                )
            )
        except BadAction as error:
            came = Refused(str(error))
        match came:
            case Answered():
                self._report(event.Dialled(attempt, fence))  # also if sight was lost while it was made ready
                if attempt in self._stopped:
                    self._start(self._hang_up(attempt))
            case Refused(why=why):
                self._did("dial", attempt, came)
                log.error("%s was not dialled: %s", attempt, why)
                self._hearing.forget(attempt)
                self._report(event.Ended(attempt, fence, Outcome.FAILED))
            case _:
                self._did("dial", attempt, came)
                self._report(event.LostSight(attempt, fence))

    async def _send(self, wanted: Origination) -> Came[None]:
        """Originate; while there is no link nothing is sent, and so nothing is repeated."""
        until = asyncio.get_running_loop().time() + LINK_S
        while True:
            came = await self._exchange.originate(wanted)
            late = asyncio.get_running_loop().time() >= until or wanted.channel_id in self._stopped
            if late or not isinstance(came, LinkLost) or came.sent:
                return came
            await asyncio.sleep(LINK_AGAIN_S)

    def _target(self, line: DutyLine) -> str:
        if line.endpoint is not None:
            return f"PJSIP/{line.endpoint}"
        return f"PJSIP/{line.number}@{line.trunk or self._way_out}"

    # Lines that are up.

    async def _hang_up(self, attempt: str) -> None:
        """End its channel; one that Asterisk is only making yet is waited for."""
        for pause_s in (*NOT_THERE_YET_S, None):
            early = self._hearing.awaits(attempt)
            came = await self._exchange.hang_up(attempt)
            if not early or not isinstance(came, Refused) or pause_s is None:
                break
            await asyncio.sleep(pause_s)
        self._did("hang up", attempt, came)

    async def _say(self, wanted: command.Say) -> None:
        self._did("say", wanted.attempt, await self._exchange.say(wanted.attempt, wanted.fence, wanted.words.value))

    async def _drop(self, keys: Iterable[str]) -> None:
        for key in keys:
            try:
                self._did("drop", key, await self._exchange.drop(key))
            except BadAction as error:
                log.warning("a note of Asterisk's stays: %s", error)

    # Looks.

    async def _look(self) -> None:
        """Answer what the core asks; one look answers everything that was asked before it."""
        while True:
            await self._some_asked.wait()
            self._some_asked.clear()
            asked, self._asked = self._asked, []
            ours = frozenset(self._dialling)
            outcome = await self._exchange.look()
            if self._did("look", "", outcome) and isinstance(outcome, Answered):
                seen = outcome.value
                up = {each.channel.id for each in seen.channels}
                try:
                    ends = await self._ends.of({each.attempt for each in asked} - up)
                except OSError as error:
                    log.warning("the channel event log can't be read: %s", error)
                    continue  # the core asks again
                for each in asked:
                    # Nobody can see what we are still about to dial; the core asks again.
                    if each.attempt not in ours and each.attempt not in self._dialling:
                        self._report(found(each, seen, ends))
            await asyncio.sleep(LOOK_AGAIN_S)

    def _did(self, what: str, whom: str, outcome: Came[object]) -> bool:
        if isinstance(outcome, Answered):
            return True
        self.failed += 1
        log.info("%s %s: %s", what, whom, outcome)
        return False
