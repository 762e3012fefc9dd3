"""Watching the engine in tests: what it tells on its local socket, waited for as facts."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

from console.state import CallState, Facts, FactState, SeatState, Tell
from console.tap import Heard, Tap
from tests.centre import Centre, running_centre

WITHIN = 20.0  # seconds; generous, a test that waits longer has failed
PEOPLE = (
    *("zhang-wei", "li-na", "wang-fang", "liu-yang", "chen-jing", "yang-min", "zhao-lei"),
    *("huang-ting", "zhou-bin", "wu-xia", "xu-qiang", "sun-yan", "ma-chao", "zhu-hong"),
)
"""Of the example centre, in the order of its file; in tests the first works at seat 1, and so on."""

T = TypeVar("T")


def seat_id(number: int) -> str:
    return f"seat-{number:02d}"


class Watch:
    """Keeps every fact since it began to listen, across lives of the engine; each fact once."""

    def __init__(self, centre: Centre) -> None:
        self.centre = centre
        self.tap = Tap(centre.state / "run" / "engine.sock")
        self.facts: dict[int, FactState] = {}
        self.told: list[Tell] = []
        self._changed = asyncio.Event()
        self.tap.listen(self._heard)

    def _heard(self, heard: Heard) -> None:
        if isinstance(heard, Facts):
            for fact in heard.facts:
                assert fact.sequence not in self.facts, f"told twice: {fact}"
                self.facts[fact.sequence] = fact
        if isinstance(heard, Tell):
            self.told.append(heard)
        self._changed.set()

    async def until(self, what: str, ask: Callable[[], T], within: float = WITHIN) -> T:
        """Wait until this is true; gives what it is."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + within
        while not (answer := ask()):
            self._changed.clear()
            try:
                await asyncio.wait_for(self._changed.wait(), max(0.0, deadline - loop.time()))
            except TimeoutError:
                busy = [seat for seat in self.tap.seats.values() if seat.call is not None or seat.line != "idle"]
                now = "\n".join(map(str, (*self.tap.calls.values(), *busy)))
                raise AssertionError(f"not in {within} s: {what}; calls and seats:\n{now}\n{self.story()}") from None
        return answer

    def story(self, last: int = 30) -> str:
        """The last facts, for a failure's message."""
        return "\n".join(
            f"{fact.sequence} {fact.time} {fact.body.get('what')} {fact.subjects} {fact.body}"
            for fact in list(self.facts.values())[-last:]
        )

    async def up(self) -> None:
        """Wait until the engine is there and sees what Asterisk has."""
        await self.until("the engine is there", lambda: self.tap.up)
        loop = asyncio.get_running_loop()
        deadline = loop.time() + WITHIN
        while not (await self.tap.request("status", {}))["ready"]:
            assert loop.time() < deadline, "the engine is not ready"
            await asyncio.sleep(0.02)

    async def wish(self, want: str, seat: int, **more: str | None) -> None:
        """Want something of a seat, as a supervisor."""
        await self.tap.request(want, {"seat": seat_id(seat), "by": "supervisor", **more})

    async def work(self, *seats: int) -> None:
        """Sign the people of these seats in, the first for longest, and wait until they are free."""
        for seat in seats:
            if self.seat(seat).person is None:
                await self.wish("sign-in", seat, person=PEOPLE[seat - 1], pin=None)
            await self.until(f"seat {seat} is free", lambda seat=seat: self.seat(seat).free)

    async def go_home(self) -> None:
        """Sign everybody out."""
        for number in range(1, len(self.tap.seats) + 1):
            if self.seat(number).person is not None:
                await self.wish("sign-out", number)
        await self.until("nobody is signed in", lambda: all(seat.person is None for seat in self.tap.seats.values()))

    def seat(self, number: int) -> SeatState:
        return self.tap.seats[seat_id(number)]

    def call(self, caller: str) -> CallState | None:
        """The call of this caller that is up."""
        return next((call for call in self.tap.calls.values() if call.caller == caller), None)

    def about(self, what: str, **subjects: str) -> list[FactState]:
        """Facts of this kind about these subjects."""
        return [
            fact
            for fact in self.facts.values()
            if fact.body.get("what") == what and subjects.items() <= fact.subjects.items()
        ]

    async def joined(self, caller: str, seat: int | None = None) -> CallState:
        """Wait until this caller and a seat hear each other."""

        def joined() -> CallState | None:
            call = self.call(caller)
            right = call is not None and call.stage == "joined" and (seat is None or call.seat == seat_id(seat))
            return call if right else None

        call = await self.until(f"{caller} is joined with {seat or 'anybody'}", joined)
        assert call is not None
        return call

    async def idle(self) -> None:
        """Wait until the engine believes in no call, and nothing is promised or in use."""
        await self.until(
            "no call, no promise",
            lambda: (
                not self.tap.calls
                and all(seat.line in ("idle", "fault") and seat.call is None for seat in self.tap.seats.values())
            ),
        )


@asynccontextmanager
async def engine_room(sounds: Path, **settings: Any) -> AsyncIterator[Watch]:
    """A centre with an engine, for a whole module, and a watch on it; `settings` as for `running_centre`."""
    with tempfile.TemporaryDirectory(prefix="ld-") as folder:
        async with running_centre(Path(folder), sounds, engine=True, **settings) as centre, watching(centre) as watch:
            yield watch


@asynccontextmanager
async def watching(centre: Centre) -> AsyncIterator[Watch]:
    """Listen to a centre's engine until the block ends."""
    watch = Watch(centre)
    running = asyncio.create_task(watch.tap.run())
    try:
        await watch.up()
        yield watch
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
