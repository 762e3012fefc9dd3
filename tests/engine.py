"""What the next processes will do, played by a test: a heartbeat, and one answer to the dialplan's one question."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from tests.centre import Centre

Answer = Callable[[dict[str, str]], str | None]
"""From the question's AGI variables to what LD_ANSWER becomes; None: never answer."""

BEAT_S = 0.5


class Engine:
    """Answers the dialplan as told, and counts the questions."""

    def __init__(self, centre: Centre, answer: Answer) -> None:
        self._centre = centre
        self._answer = answer
        self.questions: list[dict[str, str]] = []

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

    async def asked(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one AGI question."""
        question = {}
        while line := (await reader.readline()).decode().strip():
            key, _, value = line.partition(": ")
            question[key] = value
        writer.write(b"GET FULL VARIABLE ${LD_ASKER}\n")
        question["asker"] = (await reader.readline()).decode().partition("(")[2].rstrip().rstrip(")")
        self.questions.append(question)
        answer = self._answer(question)
        if answer is None:
            await reader.read()
        else:
            writer.write(f'SET VARIABLE SHARED(LD_ANSWER,{question["asker"]}) "{answer}"\n'.encode())
            await reader.readline()
        with contextlib.suppress(ConnectionError):
            writer.close()
            await writer.wait_closed()


@asynccontextmanager
async def playing_engine(centre: Centre, answer: Answer) -> AsyncIterator[Engine]:
    """An engine that lives until the block ends, and then is dead at once."""
    engine = Engine(centre, answer)
    await engine.start()
    try:
        yield engine
    finally:
        engine.stop_beating()
        engine.stop_listening()
        await engine.beat(age_s=60)
