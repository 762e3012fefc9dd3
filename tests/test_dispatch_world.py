"""Anything happens in any order, and the engine dies between any two steps: the promises hold."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dispatch.ladder import Ring
from dispatch.notification import OPEN, NotificationState
from tests.dispatch_world import World, live_a_day, made

SETTINGS = settings(max_examples=250, deadline=None, suppress_health_check=list(HealthCheck))


@given(st.data())
@SETTINGS
def test_whatever_people_do_nobody_is_lost_and_nobody_acknowledges_twice(data: st.DataObject) -> None:
    world = World()
    live_a_day(world, data, kills=False)
    world.finish()
    assert list(world.promises()) == []


@given(st.data())
@SETTINGS
def test_wherever_the_engine_dies_nothing_is_lost_and_nothing_is_repeated_unsaid(data: st.DataObject) -> None:
    world = World()
    live_a_day(world, data, kills=True)
    world.finish()
    assert list(world.promises()) == []


# One order and people who know what they want: killed once, or twice, between any two of the smallest steps.

STORIES: dict[str, tuple[Ring, tuple[str, ...]]] = {
    "the first line takes it": (Ring.IN_TURN, ("1 picks", "1 press-1")),
    "it rings, is heard to its end and taken": (Ring.IN_TURN, ("1 rings", "1 picks", "1 hears", "1 press-1")),
    "the first is busy, the second takes it": (Ring.IN_TURN, ("1 busy", "2 picks", "2 press-1")),
    "the first declines": (Ring.IN_TURN, ("1 picks", "1 press-9", "1 hangs", "2 picks", "2 press-1")),
    "the first presses nothing": (Ring.IN_TURN, ("1 picks", "1 hears", "1 nothing", "2 picks", "2 press-1")),
    "the first hangs up": (Ring.IN_TURN, ("1 picks", "1 hangs", "2 picks", "2 press-2", "2 press-1")),
    "both press at once": (Ring.ANY_ONE, ("1 picks", "2 picks", "1 press-1", "2 press-1")),
    "one takes it while the other rings": (Ring.ANY_ONE, ("1 rings", "2 rings", "2 picks", "2 press-1")),
}


def tell(story: str, deaths: tuple[int, ...], remembers: bool) -> tuple[World, int]:
    """Play a story with deaths at these steps; people do the next thing that the story says when they can."""
    ring, acts = STORIES[story]
    world = World()
    (order,) = made([(["1", "2"], ring, 3, 5, 600)])
    world.issue(order)
    steps, left = 0, list(acts)
    while steps < 400 and (world.store.orders[order.id].state in OPEN or left or world.ready()):
        if steps in deaths:
            world.die(remembers=remembers, gone_s=0.5, hang_ups=[])
        steps += 1
        can = world.people()
        if world.ready():
            world.make(world.ready()[0])
        elif left and left[0] in can:
            world.act(left.pop(0))
        else:
            world.wind(1, run=False)
            if not left or steps % 20 == 0:
                # A death has changed the story: whoever rings answers and takes it.
                left = [act for act in world.people() if act.endswith((" picks", " press-1"))][:1]
        world.watch()
    return world, steps


def sound(world: World) -> None:
    world.finish()
    assert list(world.promises()) == []
    (stored,) = world.store.orders.values()
    assert stored.state is NotificationState.ACKNOWLEDGED


@pytest.mark.parametrize("story", STORIES)
@pytest.mark.parametrize("remembers", [True, False])
def test_killed_between_any_two_steps_of_a_story_the_order_is_acknowledged_all_the_same(
    story: str, remembers: bool
) -> None:
    world, steps = tell(story, (), remembers)
    sound(world)
    assert world.told == []
    for death in range(steps + 1):
        world, _ = tell(story, (death,), remembers)
        sound(world)


@pytest.mark.parametrize("remembers", [True, False])
def test_killed_twice_between_any_steps_of_a_story_the_order_is_acknowledged_all_the_same(remembers: bool) -> None:
    story = "the first declines"
    _, steps = tell(story, (), remembers)
    for first in range(steps):
        for gap in (1, 2, 5, 9):
            world, _ = tell(story, (first, first + gap), remembers)
            sound(world)
