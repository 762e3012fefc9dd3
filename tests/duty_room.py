"""A centre whose engine is the test: duty lines are called, and everything that is told of them is heard."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

from config.field import Language
from config.secret import Secret
from phones import IncomingCall, NeverCame, Phone, ring_then_answer
from telephony.department import department_call
from telephony.manager.event import DepartmentKey, DepartmentStep, Ended, Event, Step
from telephony.manager.exchange import News
from telephony.manager.link import ManagerLink, Patience
from telephony.manager.outcome import Answered, Outcome
from telephony.manager.snapshot import Present, Snapshot
from telephony.prompt.order import Speaker, said_code
from tests.centre import TRUNK, Centre, running_centre
from tests.conversation import taken

WITHIN = 30.0  # seconds; generous, a test that waits longer has failed
CALM = Patience(connect_s=10.0, action_s=10.0, snapshot_s=20.0, ping_s=0.5, pong_s=10.0)
"""Of a link that a slow machine does not break; what is cut it sees at once all the same."""
TEXT = "晨光路十二号发生火灾，有人被困，请派消防车。"
CODE = "0012"

E = TypeVar("E", bound=Event)


class DutyRoom:
    """Calls duty lines, and keeps what is told."""

    def __init__(self, centre: Centre, link: ManagerLink, line: Phone, speaker: Speaker) -> None:
        self.centre, self.link, self.line, self.speaker = centre, link, line, speaker
        self.heard: list[News] = []
        self._changed = asyncio.Event()
        self._numbers = count(1)

    async def listen(self) -> None:
        while True:
            self.heard.append(await self.link.next())
            self._changed.set()

    async def until(self, what: str, ask: Callable[[], Any]) -> Any:
        """Wait until this is something; gives it."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + WITHIN
        while not (answer := ask()):
            self._changed.clear()
            try:
                async with asyncio.timeout_at(deadline):
                    await self._changed.wait()
            except TimeoutError:
                last = "\n".join(map(str, self.heard[-12:]))
                raise AssertionError(f"not in {WITHIN} s: {what}; the last news were:\n{last}") from None
        return answer

    def told(self, kind: type[E], attempt: str) -> list[E]:
        """What was told of this attempt's channel, of one kind."""
        return [each for each in self.heard if isinstance(each, kind) and _about(each) == attempt]

    async def tells(self, kind: type[E], attempt: str, meant: Callable[[E], bool] = lambda _: True) -> E:
        """Wait until this is told."""
        found = await self.until(
            f"{kind.__name__} of {attempt}", lambda: [each for each in self.told(kind, attempt) if meant(each)]
        )
        first: E = found[0]
        return first

    async def steps(self, attempt: str, *steps: Step) -> None:
        """Wait until it has taken these steps, and no others."""
        await self.until(f"{attempt}: {steps}", lambda: len(self.told(DepartmentStep, attempt)) >= len(steps))
        assert tuple(each.step for each in self.told(DepartmentStep, attempt)) == steps

    async def keys(self, attempt: str, *keys: str) -> None:
        """Wait until these keys were told, and no others."""
        await self.until(f"{attempt}: {keys}", lambda: len(self.told(DepartmentKey, attempt)) >= len(keys))
        assert tuple(each.key for each in self.told(DepartmentKey, attempt)) == keys

    def attempt(self) -> str:
        """An id as the core makes one."""
        return f"4f{next(self._numbers):030x}.fire.1-1"

    async def call(self, *, dial: str | None = None, text: str | None = TEXT, fence: int = 7, **more: Any) -> str:
        """Begin one attempt at the duty line."""
        attempt = self.attempt()
        spoken = None if text is None else await self.speaker.spoken(text, Language.ZH)
        code = await self.speaker.spoken(said_code(CODE, Language.ZH), Language.ZH)
        settings: dict[str, Any] = {
            "ring_s": 20,
            "language": Language.ZH,
            "text": spoken,
            "code": code,
            "repeats": False,
            "spoken": 2,
            "key_s": 8,
            "caller_number": "87000000",
            "caller_name": "联动",
        }
        dialled = dial or f"PJSIP/{self.line.user}@city"
        wanted = department_call(attempt, fence, dialled, **(settings | more))
        assert await self.link.originate(wanted) == Answered(None)
        return attempt

    async def answered(self, **more: Any) -> tuple[str, IncomingCall]:
        """One attempt that the duty line has answered."""
        self.line.policy = ring_then_answer()
        attempt = await self.call(**more)
        call = await taken(self.line)
        await self.tells(DepartmentStep, attempt)
        return attempt, call

    async def say(self, attempt: str, words: str, fence: int = 7) -> None:
        assert await self.link.say(attempt, fence, words) == Answered(None)

    async def noted(self, attempt: str, what: str) -> str | None:
        """What Asterisk's own database holds of an attempt."""
        kept: Outcome[str | None] = await self.link.kept(f"attempt/{attempt}/{what}")
        assert isinstance(kept, Answered)
        return kept.value

    async def sight(self) -> Snapshot:
        seen = await self.link.look()
        assert isinstance(seen, Answered)
        return seen.value

    async def present(self, attempt: str) -> Present | None:
        """Its channel, as a snapshot shows it."""
        return next((each for each in (await self.sight()).channels if each.channel.id == attempt), None)

    async def awaits_a_key(self, attempt: str) -> None:
        """Wait until everything was said, and a key is waited for."""

        async def where() -> tuple[str, str] | None:
            present = await self.present(attempt)
            return None if present is None else (present.channel.extension, present.application)

        await self.centre.until("a key is waited for", where, ("listen", "WaitExten"), within=WITHIN)

    async def ended(self, attempt: str) -> Ended:
        return await self.tells(Ended, attempt)


def _about(event: Event) -> str:
    channel = getattr(event, "channel", None)
    return str(getattr(event, "channel_id", "")) if channel is None else str(channel.id)


def secret(centre: Centre) -> Secret:
    return Secret((centre.state / "secrets" / "ami").read_text().strip())


@asynccontextmanager
async def duty_room(sounds: Path, **settings: Any) -> AsyncIterator[DutyRoom]:
    """A centre, a duty line behind its trunk, and a link; `settings` as for `running_centre`."""
    async with Phone(("127.0.0.1", 9), "87000119", local=(TRUNK, 0)) as line:
        with tempfile.TemporaryDirectory(prefix="ld-") as folder:
            port = line.address[1]
            async with running_centre(Path(folder), sounds, neighbour_port=port, **settings) as centre:
                link = ManagerLink("127.0.0.1", centre.port("ami"), "liandong", secret(centre), patience=CALM)
                speaker = Speaker(centre.state / "asterisk" / "spoken", workers=1)
                room = DutyRoom(centre, link, line, speaker)
                tasks = [asyncio.create_task(link.run()), asyncio.create_task(room.listen())]
                try:
                    await room.until("the link is up", lambda: link.up)
                    yield room
                finally:
                    for task in tasks:
                        task.cancel()
                    await asyncio.gather(*tasks, return_exceptions=True)
                    await speaker.close()


async def forget(line: Phone) -> None:
    """Calls of the test before are nobody's."""
    with suppress(NeverCame):
        while True:
            await line.incoming(within=0)
