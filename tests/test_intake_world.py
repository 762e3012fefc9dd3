"""The distributor in a true but slow world: belief comes to equal reality and nobody is forgotten, come what may."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from intake import event
from intake.line import Line
from intake.person import Presence
from intake.snapshot import Device, Place
from intake.stage import Stage
from tests.intake_room import Room
from tests.intake_world import World

SEATS = "abc"

acts = st.lists(st.integers(0, 2**16), min_size=20, max_size=120)

STAGES = {
    Place.ASKING: {Stage.ASKING, Stage.RESERVED},
    Place.WAITING: {Stage.WAITING},
    Place.OFFERED: {Stage.OFFERED},
    Place.JOINED: {Stage.JOINED},
    Place.NET: {Stage.NET},
}


def live(choices: list[int], world: World) -> None:
    for choice in choices:
        possible = list(world.acts())
        possible[choice % len(possible)]()


def belief_equals_reality(world: World) -> None:
    room = world.room
    assert set(room.hall.calls) == set(world.callers)
    for name, caller in world.callers.items():
        assert room.call(name).stage in STAGES[caller.place], f"{name}: {room.call(name).stage}, really {caller.place}"
        assert room.call(name).seat == caller.seat
    for name, telephone in world.telephones.items():
        seat = room.seat(name)
        lines = {Line.IDLE} if telephone.device is Device.IDLE else {Line.TALKING, Line.HELD}
        assert seat.line in lines, f"{name}: {seat.line}, really {telephone}"
        assert seat.call == telephone.call


def nobody_is_forgotten(world: World) -> None:
    room = world.room
    ready = [seat.id for seat in room.hall.seats.values() if seat.presence is Presence.READY and seat.line is Line.IDLE]
    left = [caller.name for caller in world.callers.values() if caller.place is not Place.JOINED]
    assert not (ready and left), f"{ready} are free, {left} are not answered"


@pytest.mark.parametrize("wrap_up_s", [0, 20])
@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(choices=acts)
def test_without_any_loss_belief_comes_to_equal_reality_by_itself(wrap_up_s: int, choices: list[int]) -> None:
    world = World(Room(SEATS, wrap_up_s=wrap_up_s), SEATS)
    live(choices, world)
    world.calm()
    belief_equals_reality(world)
    nobody_is_forgotten(world)


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(choices=acts)
def test_after_lost_reports_and_lost_commands_a_resync_makes_belief_equal_reality(choices: list[int]) -> None:
    world = World(Room(SEATS), SEATS)
    world.lossy = True
    live(choices, world)
    world.agi.clear()
    world.ami.clear()
    world.orders.clear()
    world.hear(event.Resync(world.snapshot()))
    world.calm()
    belief_equals_reality(world)
    nobody_is_forgotten(world)


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(before=acts, after=acts)
def test_a_restart_at_any_moment_adopts_every_call_and_loses_nobody(before: list[int], after: list[int]) -> None:
    world = World(Room(SEATS), SEATS)
    live(before, world)
    newest = max((caller.fence for caller in world.callers.values()), default=0)
    world.restart(Room(SEATS, synced=False).distributor)
    assert world.room.distributor.fence >= newest
    live(after, world)
    world.calm()
    belief_equals_reality(world)
    nobody_is_forgotten(world)
