"""Departments are called by an engine that does nothing else: a real Asterisk, real telephones, a real journal.

Many scenes share one centre and play at the same time. Each has its own incident, duty lines, journal, wire to
Asterisk, and one life of the engine after the other.
"""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from config.field import Language
from dispatch.department import Calling
from phones import Behaviour, IncomingCall, Phone, Switchboard
from telephony.prompt.order import Speaker
from tests.centre import TRUNK, Centre, running_centre
from tests.notification_officer import WITHIN, Act, picks_up, presses
from tests.notification_scene import Scene
from tests.sound import is_whole, told

TEXT = "晨光路十二号发生火灾，有人被困，请派消防车。"
CALLING = Calling(spoken=1, key_s=3, remind_s=10, report_s=2, ask_s=1, settle_s=5)
PATIENT_S = 15
"""How long a key is waited for where somebody presses one after he has heard something: hearing takes a while."""
AT_ONCE = 20
"""Scenes that play at the same time: the telephones of more would not be served on two cores."""


class City:
    """A centre, and everybody behind its trunk."""

    def __init__(self, centre: Centre, trunk: Phone, switchboard: Switchboard, speaker: Speaker, folder: Path) -> None:
        self.centre, self.trunk, self.switchboard, self.speaker = centre, trunk, switchboard, speaker
        self.folder = folder
        self._incidents = count(1)
        self._numbers = count(87000001)
        self.room = asyncio.Semaphore(AT_ONCE)
        self.migrating = asyncio.Lock()
        """Alembic can do one thing at a time in a process."""

    @asynccontextmanager
    async def scene(self, **calling: Any) -> AsyncIterator["Scene"]:
        """A scene; at its end nothing may be left in Asterisk."""
        incident = f"i{next(self._incidents)}"
        async with self.room:
            scene = await Scene.open(self, incident, CALLING.model_copy(update=calling))
            try:
                yield scene
            except BaseException as error:
                error.add_note(scene.story())
                raise
            finally:
                await scene.close()

    def number(self) -> str:
        return str(next(self._numbers))

    def prompt(self, name: str) -> Path:
        """What Asterisk plays."""
        return self.centre.state / "asterisk" / "sounds" / "zh" / f"{name}.wav"

    async def heard(self, call: IncomingCall, prompt: str) -> bool:
        """Whether this prompt was heard in a call."""
        return await self._is_in(call, prompt, 0)

    async def heard_text(self, call: IncomingCall, text: str) -> float:
        """How much of a text was heard."""
        return await asyncio.to_thread(told, call.received, self._sound_of(text))

    async def heard_whole(self, call: IncomingCall, text: str) -> bool:
        """Whether a text was heard to its end."""
        return await asyncio.to_thread(is_whole, call.received, self._sound_of(text))

    def _sound_of(self, text: str) -> Path:
        return Path(f"{self.speaker.place(text, Language.ZH)}.wav")

    async def hears(self, call: IncomingCall, prompt: str, since: int = 0) -> None:
        """Wait until somebody has heard this to its end, in what came after so many samples."""
        async with asyncio.timeout(WITHIN):
            while not await self._is_in(call, prompt, since):  # noqa: ASYNC110 - a sound tells nobody
                await asyncio.sleep(0.4)

    async def takes_and_goes(self, call: IncomingCall) -> None:
        """Press 1, and hang up as soon as Asterisk has the key: a hanging up may overtake it on its way."""
        await presses("1")(call)
        await self.centre.manager.wait(
            lambda event: (event.get("Event"), event.get("Uniqueid")) == ("DTMFEnd", call.caller_name)
        )
        await call.hang_up()

    def listens_for(self, prompt: str, then: Act) -> Behaviour:
        """Somebody who acts when he has heard this to its end, and not before."""

        async def listen(call: IncomingCall) -> None:
            await self.hears(call, prompt)
            await then(call)

        return picks_up(listen)

    async def _is_in(self, call: IncomingCall, prompt: str, since: int) -> bool:
        return await asyncio.to_thread(is_whole, call.received[since:], self.prompt(prompt))


# The room.


Play = Callable[[City], Coroutine[Any, Any, None]]
Playing = Mapping[str, asyncio.Task[None]]


@asynccontextmanager
async def playing(sounds: Path, plays: Mapping[str, Play], request: pytest.FixtureRequest) -> AsyncIterator[Playing]:
    """Everything that this run wants of these plays, at the same time in one city; each has a test that awaits it."""
    items = (each for each in request.session.items if each.path == request.path and isinstance(each, pytest.Function))
    wanted = {each.callspec.params["name"] for each in items}
    async with city(sounds) as town:
        tasks = {name: asyncio.create_task(play(town)) for name, play in plays.items() if name in wanted}
        try:
            yield tasks
        finally:
            for task in tasks.values():
                task.cancel()
            await asyncio.gather(*tasks.values(), return_exceptions=True)


@asynccontextmanager
async def city(sounds: Path) -> AsyncIterator[City]:
    """A running centre and its city."""
    async with Phone(("127.0.0.1", 9), "city", local=(TRUNK, 0)) as trunk, Switchboard(trunk) as switchboard:
        with tempfile.TemporaryDirectory(prefix="ld-") as folder:
            port = trunk.address[1]
            async with running_centre(Path(folder), sounds, neighbour_port=port) as centre:
                speaker = Speaker(centre.state / "asterisk" / "spoken", workers=1)
                await speaker.warm()
                journals = Path(folder) / "journals"
                journals.mkdir()
                try:
                    yield City(centre, trunk, switchboard, speaker, journals)
                    await centre.manager.silence()
                    assert trunk.unexpected == ()
                finally:
                    await speaker.close()
