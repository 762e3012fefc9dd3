"""What the engine does, played by a test: a heartbeat, one answer to each question of the dialplan, and a wake."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from urllib.parse import parse_qsl

from tests.centre import Centre

Answer = Callable[[dict[str, str]], str | None]
"""From what the dialplan asked to what LD_ANSWER, or LD_RESULT for a wish, becomes; None: never answer."""

BEAT_S = 0.5


class Engine:
    """Answers the dialplan as told, and counts the questions."""

    def __init__(self, centre: Centre, answer: Answer, slow_s: float) -> None:
        self._centre = centre
        self._answer = answer
        self._slow_s = slow_s
        self.questions: list[dict[str, str]] = []
        """What was asked, with what Asterisk says of the asking channel; a wish has its PIN."""

    async def start(self) -> None:
        self._server = await asyncio.start_server(self.asked, "127.0.0.1", self._centre.port("agi"))
        await self.beat()
        self._beating = asyncio.create_task(self.beating())

    def stop_listening(self) -> None:
        self._server.close()

    def stop_beating(self) -> None:
        self._beating.cancel()

    async def beat(self, age_s: int = 0) -> None:
        """One heartbeat, `age_s` old (negative: from the future)."""
        await self._centre.manager.ask("Setvar", Variable="LD_ALIVE", Value=str(int(time.time()) - age_s))

    async def beating(self) -> None:
        while True:
            await self.beat()
            await asyncio.sleep(BEAT_S)

    async def wake(self, channel: str) -> None:
        """Have a waiting caller ask again."""
        await self._call_to(channel, "LD_WAKE", "1", "A")

    async def announce(self, channel: str, prompt: str) -> None:
        """Have a waiting caller hear a prompt."""
        await self._call_to(channel, "LD_SAY", prompt, "B")

    async def _call_to(self, channel: str, name: str, value: str, key: str) -> None:
        await self._centre.manager.ask("Setvar", Channel=channel, Variable=f"SHARED({name})", Value=value)
        await self._centre.manager.ask("PlayDTMF", Channel=channel, Digit=key, Receive="true")

    async def asked(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one AGI question or wish."""
        question = {}
        while line := (await reader.readline()).decode().strip():
            key, _, value = line.partition(": ")
            question[key] = value
        what, _, query = question["agi_network_script"].partition("?")
        question |= {"what": what} | dict(parse_qsl(query, keep_blank_values=True))
        place = "LD_RESULT" if what == "wish" else "LD_ANSWER"
        if what == "wish":
            writer.write(b"GET FULL VARIABLE ${LD_PIN}\n")
            question["pin"] = (await reader.readline()).decode().partition("(")[2].rstrip().rstrip(")")
        self.questions.append(question)
        await asyncio.sleep(self._slow_s)
        answer = self._answer(question)
        if answer is None:
            await reader.read()
        else:
            writer.write(f'SET VARIABLE SHARED({place},{question["asker"]}) "{answer}"\n'.encode())
            await reader.readline()
        with contextlib.suppress(ConnectionError):
            writer.close()
            await writer.wait_closed()

    async def heard(self, questions: int) -> None:
        """Wait until this many were asked since the start."""

        async def asked() -> bool:
            return len(self.questions) >= questions

        await self._centre.until(f"{questions} questions", asked, True)


@asynccontextmanager
async def playing_engine(centre: Centre, answer: Answer, slow_s: float = 0.0) -> AsyncIterator[Engine]:
    """An engine that lives until the block ends, and then is dead at once; it thinks for `slow_s` about each answer."""
    engine = Engine(centre, answer, slow_s)
    await engine.start()
    try:
        yield engine
    finally:
        engine.stop_beating()
        engine.stop_listening()
        await engine.beat(age_s=60)


def one_after_the_other(*answers: str) -> Answer:
    """These answers; the last one for ever."""
    left = list(answers)
    return lambda _: left.pop(0) if len(left) > 1 else left[0]
