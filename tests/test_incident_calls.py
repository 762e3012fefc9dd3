"""From the caller's incident to the departments that acknowledge it: a real engine, Asterisk and telephones."""

import signal
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from console.state import FactState
from liandong.lock import Role
from phones import Phone, Switchboard, engaged, picks_up, presses
from tests.centre import TRUNK, running_centre
from tests.watch import Watch, watching

pytestmark = pytest.mark.asyncio(loop_scope="module")

WITHIN = 90.0  # seconds; a department listens before it presses, and the machine may be busy
FIRE = {"type": "house-fire", "place": "启明区晨光路12号", "summary": "三楼冒烟"}
FIRE_LINES, POLICE_LINES = ("87000119", "87001119"), ("87000110", "87001110")


class Room:
    def __init__(self, watch: Watch, city: Switchboard) -> None:
        self.watch, self.city = watch, city

    async def deed(self, name: str, **args: Any) -> Any:
        return await self.watch.tap.request("incident", {"deed": name, "args": args, "by": "call-taker"})

    async def submitted(self) -> tuple[str, list[str]]:
        """An incident that has started its plan, and its orders."""
        made = (await self.deed("create", changes=FIRE))["incident"]
        did = await self.deed("submit", incident=made["id"], version=made["version"])
        return made["id"], did["orders"]

    async def fact(self, type: str, **subjects: str) -> FactState:
        """Wait until this is written down."""

        def found() -> list[FactState]:
            return [
                each
                for each in self.watch.facts.values()
                if each.type == type and subjects.items() <= each.subjects.items()
            ]

        return (await self.watch.until(f"{type} of {subjects}", found, WITHIN))[0]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def room(sounds: Path) -> AsyncIterator[Room]:
    async with Phone(("127.0.0.1", 9), "city", local=(TRUNK, 0)) as trunk, Switchboard(trunk) as city:
        with tempfile.TemporaryDirectory(prefix="ld-") as folder:
            port = trunk.address[1]
            running = running_centre(Path(folder), sounds, engine=True, neighbour_port=port)
            async with running as centre, watching(centre) as watch:
                yield Room(watch, city)


async def test_a_submitted_incident_rings_its_departments_until_somebody_acknowledges(room: Room) -> None:
    room.city.connect(FIRE_LINES[0], engaged())
    room.city.connect(FIRE_LINES[1], presses("1", ring_s=0.5, after_s=2))
    room.city.connect(POLICE_LINES[0], presses("1", ring_s=0.5, after_s=2))
    incident, (fire, police) = await room.submitted()
    taken = await room.fact("Acknowledged", order=fire)
    assert taken.subjects["attempt"] == f"{fire}-2"
    await room.fact("Acknowledged", order=police)
    begun = await room.fact("IncidentInProgress", incident=incident)
    assert begun.body["by"] == "dispatch"
    assert [each.number for each in room.city.calls(FIRE_LINES[0])] == [FIRE_LINES[0]]
    feedback = {"wish": "feedback", "order": fire, "progress": "on-scene", "by": "dispatcher"}
    assert await room.watch.tap.request("order", feedback) == {"order": fire}
    reported = await room.fact("IncidentFeedback", incident=incident)
    closed = {"incident": incident, "version": reported.body["version"], "result": "handled"}
    assert (await room.deed("close", **closed))["incident"]["state"] == "closed"
    await room.fact("OrderClosed", order=fire)
    kept = await room.fact("RecordingKept", call=f"{fire}-2")
    assert kept

    async def left() -> tuple[int, int, int]:
        status = await room.watch.tap.request("status", {})
        return status["orders_open"], status["attempts_live"], status["promises_broken"]

    await room.watch.centre.until("nothing is left, of the police's order either", left, (0, 0, 0), WITHIN)


async def test_an_engine_that_is_killed_while_departments_listen_asks_nobody_twice_and_loses_nobody(
    room: Room,
) -> None:
    room.city.connect(FIRE_LINES[0], presses("1", ring_s=0.5, after_s=8))
    room.city.connect(POLICE_LINES[0], picks_up(0.5), presses("1", ring_s=0.5, after_s=2))
    room.city.connect(POLICE_LINES[1], presses("1", ring_s=0.5, after_s=2))
    before = {line: len(room.city.calls(line)) for line in FIRE_LINES}
    incident, (fire, police) = await room.submitted()
    await room.city.called(FIRE_LINES[0], before[FIRE_LINES[0]] + 1)
    await room.fact("AttemptAccepted", order=fire)
    centre = room.watch.centre
    old = centre.signal(Role.ENGINE, signal.SIGKILL)
    await centre.replaced(Role.ENGINE, old, WITHIN)
    await room.watch.up()
    await room.fact("Acknowledged", order=fire)
    await room.fact("Acknowledged", order=police)
    assert len(room.city.calls(FIRE_LINES[0])) == before[FIRE_LINES[0]] + 1, "whoever listens is not called again"
    assert len(room.city.calls(FIRE_LINES[1])) == before[FIRE_LINES[1]]
    await room.fact("IncidentInProgress", incident=incident)


async def test_an_order_by_hand_that_is_taken_back_stops_ringing(room: Room) -> None:
    room.city.connect("87000203", picks_up(30))
    room.city.connect("87001203", picks_up(30))
    room.city.connect(FIRE_LINES[0], presses("1", ring_s=0.3, after_s=2))
    room.city.connect(POLICE_LINES[0], presses("1", ring_s=0.3, after_s=2))
    incident, _ = await room.submitted()
    by_hand = {"incident": incident, "department": "gas", "text": "请关闭燃气", "by": "dispatcher"}
    order = (await room.watch.tap.request("order-by-hand", by_hand))["order"]
    assert order == f"{incident}.gas.1"
    rings = await room.city.called("87000203")
    cancel = {"wish": "cancel", "order": order, "reason": "已关", "by": "dispatcher"}
    assert await room.watch.tap.request("order", cancel) == {"order": order}
    await rings.ended(WITHIN)
    await room.fact("OrderCancelled", order=order)
    issued = await room.fact("OrderIssued", order=order)
    assert issued.personal is not None
    assert issued.personal["text"] == "请关闭燃气"
