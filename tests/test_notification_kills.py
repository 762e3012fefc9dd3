"""The engine dies at whatever it awaits while a department is called, or its wire to Asterisk is cut there.

A real Asterisk and real telephones; only the engine is one that a test can end between two steps. After every end a new
life takes over. Whatever the moment: no order is lost, whoever has heard some of it is told that it repeats, and it is
acknowledged once. The moments are those of `docs/plans.md`, "When the engine dies".
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest
import pytest_asyncio

from dispatch import wish
from dispatch.ladder import Ring
from dispatch.notification import Why
from dispatch.order import Order
from intake.edge.desk import NotGranted
from journal.instant import utc_now
from phones import Ending, IncomingCall, engaged, not_there
from phones.history import What
from tests.notification_officer import done, hangs_up, leaves_when_thanked, picks_up, presses, takes_it, thanked
from tests.notification_room import PATIENT_S, City, Play, Playing, playing
from tests.notification_scene import Scene

pytestmark = pytest.mark.asyncio(loop_scope="module")


# --- who is called ---------------------------------------------------------------------------------------------------


async def takes(scene: Scene) -> Order:
    """Somebody who takes it while it is spoken; if he is called again he waits for the words for that."""
    return await scene.order(scene.line(picks_up(thanked), again(scene)))


async def listens(scene: Scene) -> Order:
    """Somebody who takes it when he has heard all of it."""

    async def take(call: IncomingCall) -> None:
        while not call.heard(0.6).silent:  # noqa: ASYNC110 - silence tells nobody
            await asyncio.sleep(0.1)
        await call.send_keys("1")
        await leaves_when_thanked(call)

    return await scene.order(scene.line(scene.city.listens_for("order-keys", take), again(scene)))


async def takes_and_goes(scene: Scene) -> Order:
    return await scene.order(scene.line(picks_up(scene.city.takes_and_goes), again(scene)))


async def goes(scene: Scene) -> Order:
    """Somebody who hangs up during the prompt."""
    return await scene.order(scene.line(picks_up(hangs_up), again(scene)))


async def is_a_machine(scene: Scene) -> Order:
    """Nobody presses a key the first time."""
    return await scene.order(scene.line(picks_up(), again(scene)))


async def declines(scene: Scene) -> Order:
    """Somebody who can't take it; a colleague can."""
    return await scene.order(scene.line(picks_up(presses("9")), again(scene)), scene.line(picks_up(thanked)))


async def is_busy(scene: Scene) -> Order:
    return await scene.order(scene.line(engaged(), picks_up(thanked)))


async def rejects(scene: Scene) -> Order:
    """It rings for a while before."""

    async def reject(call: IncomingCall) -> None:
        await call.ring()
        await asyncio.sleep(1)
        await call.reject(603)

    return await scene.order(scene.line(reject, picks_up(thanked)))


async def is_not_there(scene: Scene) -> Order:
    return await scene.order(scene.line(not_there(), picks_up(thanked)), ring_s=5)


async def are_two(scene: Scene) -> Order:
    """Two telephones ring; one takes it when he has seen that the other one rings."""
    second = scene.line(not_there())

    async def take(call: IncomingCall) -> None:
        await (await scene.called(second)).ringing()
        await thanked(call)

    return await scene.order(scene.line(picks_up(take), again(scene)), second, ring=Ring.ANY_ONE)


async def come_late(scene: Scene) -> Order:
    """The first does not come before the deadline, the second takes it."""
    return await scene.order(scene.line(not_there()), scene.line(picks_up(thanked)), deadline_s=10)


async def press_both(scene: Scene) -> Order:
    """Two press 1 at once."""
    both = asyncio.Barrier(2)

    async def press(call: IncomingCall) -> None:
        await call.hears_something(20)
        await both.wait()
        await call.send_keys("1")

    lines = [scene.line(picks_up(press), again(scene)) for _ in range(2)]
    return await scene.order(*lines, ring=Ring.ANY_ONE)


def again(scene: Scene) -> Callable[[IncomingCall], Awaitable[object]]:
    return scene.city.listens_for("order-repeats", thanked)


LEAVE = (takes_and_goes, goes, is_a_machine, is_busy, rejects, is_not_there)
"""Whose calls end without the engine."""


# --- what happens ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class End:
    """A moment, of which kind of call."""

    moments: tuple[str, ...]
    """In one life after the other."""
    who: Callable[[Scene], Awaitable[Order]] = takes
    late: bool = False
    """The next life begins, or the wire is mended, when the telephone has done all that it does by itself."""

    @property
    def patience(self) -> dict[str, float]:
        """What is otherwise in its scene."""
        return {"key_s": PATIENT_S} if self.who is listens else {}

    def __str__(self) -> str:
        return f"{self.who.__name__}: {', then '.join(self.moments)}{' (and is away)' * self.late}"


def ends(who: Callable[[Scene], Awaitable[Order]], *moments: str, late: bool = False) -> list[End]:
    return [End((moment,), who, late) for moment in moments]


KILLS = [
    # From the decision to the dial.
    *ends(takes, *(f"{when} commit AttemptDecided" for when in ("before", "refused", "unknown", "after"))),
    *ends(takes, "before spoken", "after spoken", "before originate", "while originate", "after originate"),
    # It rings, is picked up, is spoken to.
    *ends(takes, "heard dialled", "heard ringing", "heard accepted", "heard speaking"),
    *ends(takes, "heard ringing", "heard speaking", late=True),
    *ends(listens, "heard listening", "before commit OrderHeard", "after commit OrderHeard"),
    *ends(listens, "heard speaking"),
    *ends(listens, "heard speaking", late=True),
    # A key.
    *ends(takes, "unheard key", "heard key", "unheard closing"),
    *ends(takes, *(f"{when} commit Acknowledged" for when in ("before", "refused", "unknown", "after"))),
    *ends(takes, "before say", "while say", "after say"),
    *ends(takes_and_goes, "unheard key", "heard speaking", "before commit Acknowledged", late=True),
    *ends(declines, "heard speaking", late=True),
    *ends(declines, "unheard key", "before commit Declined", "after commit Declined", "while say"),
    # The end.
    *ends(takes, "unheard ended", "heard ended", "before commit AttemptEnded", "after commit AttemptEnded"),
    *ends(takes, "before drop", "while drop", "after drop"),
    *ends(goes, "unheard ended", "before commit AttemptEnded", "after commit AttemptEnded"),
    *ends(goes, "heard speaking", late=True),
    *ends(is_a_machine, "heard no-key", "after commit AttemptEnded"),
    *ends(is_a_machine, "heard speaking", late=True),
    *ends(is_busy, "heard dialled", "heard originated", "unheard ended", "after commit AttemptEnded", late=True),
    *ends(rejects, "heard ringing", late=True),
    *ends(rejects, "heard ringing"),
    *ends(is_not_there, "heard ringing"),
    *ends(is_not_there, "heard ringing", late=True),
    # Others stop.
    *ends(are_two, "before hang-up", "while hang-up", "after hang-up", "after commit Acknowledged"),
    *ends(press_both, "before commit Acknowledged", "after commit Acknowledged", "after say"),
    *ends(press_both, "heard speaking", "before commit Acknowledged", late=True),
    *ends(come_late, "before commit Escalated", "after commit Escalated"),
    # The new life dies as well, while it takes over.
    End(("heard ringing", "while restore")),
    End(("heard ringing", "before look")),
    End(("heard speaking", "after look"), takes, late=True),
    End(("heard speaking", "before ends"), takes_and_goes, late=True),
    End(("heard speaking", "after ends"), takes_and_goes, late=True),
    End(("unheard key", "before commit Acknowledged", "before say"), takes),
    End(("after commit AttemptDecided", "after commit AttemptDecided", "while originate"), takes),
]

CUTS = [
    *ends(takes, "after commit AttemptDecided", "before originate", "while originate", "after originate"),
    *ends(takes, "heard dialled", "heard ringing", "heard speaking"),
    *ends(takes, "heard ringing", "heard speaking", late=True),
    *ends(listens, "heard listening", late=True),
    *ends(takes, "heard key", "before say", "while say"),
    *ends(takes_and_goes, "heard speaking", "unheard key", late=True),
    *ends(declines, "before say"),
    *ends(declines, "heard speaking", late=True),
    *ends(goes, "heard speaking", late=True),
    *ends(is_a_machine, "heard speaking", late=True),
    *ends(is_busy, "heard dialled", late=True),
    *ends(rejects, "heard ringing", late=True),
    *ends(is_not_there, "heard ringing", late=True),
    *ends(are_two, "before hang-up", "while hang-up"),
    *ends(takes, "before drop"),
]


async def killed(end: End, city: City) -> None:
    async with city.scene(**end.patience) as scene:
        await scene.live(end.moments[0])
        await scene.linked()
        order = await end.who(scene)
        for moment in (*end.moments[1:], ""):
            await scene.died()
            if end.late:
                await called_and_done(scene, end)
            await scene.live(*[moment] * bool(moment))
        await scene.settled(order)
        await scene.faultless(order)
        assert [life.dead for life in scene.lives] == [*(True for _ in end.moments), False]


async def cut(end: End, city: City) -> None:
    async with city.scene(**end.patience) as scene:
        life = await scene.live(*end.moments, cut=True)
        await scene.linked()
        if end.late:
            scene.proxy.mended.clear()
        order = await end.who(scene)
        await scene.until("it is cut", life.was_cut.is_set)
        if end.late:
            await called_and_done(scene, end)
            scene.proxy.mended.set()
        await scene.settled(order)
        await scene.faultless(order)
        await scene.until("there is a wire again", lambda: life.link.snapshots > 1)


async def called_and_done(scene: Scene, end: End) -> None:
    for number in scene.numbers if end.who is press_both else scene.numbers[:1]:
        await scene.called(number)
    for call in scene.calls():
        await done(call, over=end.who in LEAVE)


async def told_though_it_died(moment: str, city: City) -> None:
    """Nobody is left to be called, and the engine dies before the dispatcher knows."""
    async with city.scene() as scene:
        await scene.live(moment)
        order = await scene.order(scene.line(engaged()), tries=1)
        await scene.died()
        await scene.live()
        await scene.until("the dispatcher is told", lambda: scene.told)
        assert scene.told[0].why is Why.EXHAUSTED
        await scene.settled(order, state="unreached")
        await scene.faultless(order)


async def cancelled(moment: str, city: City) -> None:
    """The engine dies while a dispatcher takes back an order that rings. Who got no answer says it again."""
    async with city.scene() as scene:
        life = await scene.live(moment)
        await scene.linked()
        order = await scene.order(scene.line(not_there()))
        call = await scene.called(scene.numbers[0])
        await scene.fact(order, "AttemptRang")
        wishing = asyncio.create_task(scene.wish(wish.Cancel, order))
        await scene.died()
        (answer,) = await asyncio.gather(wishing, return_exceptions=True)
        await scene.live()
        await scene.linked()
        if answer is not None:
            with suppress(NotGranted):  # it may have been cancelled by the first word, and be over already
                await scene.wish(wish.Cancel, order)
        await scene.settled(order, state="cancelled")
        assert life.dead
        assert call.outcome is not None
        assert call.outcome.ending is Ending.CANCELLED
        assert scene.calls() == [call]


async def one_line_for_two(moment: str, city: City) -> None:
    """Two incidents want one line: the new life knows that it is in use."""
    async with city.scene() as scene:
        await scene.live(moment)
        await scene.linked()
        line = scene.line(picks_up(thanked))
        orders = [await scene.order(line, other=other) for other in "ab"]
        await scene.died()
        await called_and_done(scene, End((moment,)))
        await scene.live()
        await scene.settled(*orders)
        for order in orders:
            await scene.faultless(order)
        one, other = scene.calls(line)
        ended = one.time_of(What.ENDED)
        assert ended is not None
        assert ended <= other.history[0].at


async def deadline_while_dead(city: City) -> None:
    """The deadline passes while there is no engine: the next life acts on it at once."""
    async with city.scene(remind_s=60) as scene:
        await scene.live("heard ringing")
        await scene.linked()
        order = await come_late(scene)
        await scene.died()
        while utc_now().timestamp() < order.issued_at + order.deadline_s:  # noqa: ASYNC110 - it is time that passes
            await asyncio.sleep(0.1)
        await scene.live()
        await scene.settled(order)
        assert [each.why for each in scene.told] == [Why.DEADLINE]
        await scene.faultless(order)


async def dialled_when_there_is_a_link(city: City) -> None:
    """An order that comes before Asterisk can be reached is dialled as soon as it can, and repeats nothing."""
    async with city.scene() as scene:
        scene.proxy.mended.clear()
        life = await scene.live()
        order = await scene.order(scene.line(takes_it()))
        await scene.until("it wants to dial", lambda: any("before originate" in each for each in life.said))
        scene.proxy.mended.set()
        await scene.settled(order)
        assert [each for _, each in scene.outcomes(order)] == ["acknowledged"]
        assert [each.body["repeats"] for each in scene.facts(order, "AttemptDecided")] == [False]


async def dead_life_does_nothing(city: City) -> None:
    """Or none of these tests would prove anything."""
    async with city.scene() as scene:
        await scene.live("before originate")
        order = await scene.order(scene.line(takes_it()))
        await scene.died()
        with pytest.raises(AssertionError):
            await scene.until("", lambda: scene.calls() or scene.facts(order, "AttemptEnded"), within=2)
        await scene.live()
        await scene.settled(order)


PLAYS: dict[str, Play] = {
    **{f"{end}": partial(killed, end) for end in KILLS},
    **{f"cut: {end}": partial(cut, end) for end in CUTS},
    **{
        f"told: {moment}": partial(told_though_it_died, moment)
        for moment in ("before commit DispatcherTold", "after commit DispatcherTold")
    },
    **{
        f"cancel: {moment}": partial(cancelled, moment)
        for moment in ("before commit OrderCancelled", "after commit OrderCancelled", "before hang-up", "while hang-up")
    },
    **{f"one line: {moment}": partial(one_line_for_two, moment) for moment in ("heard ringing", "heard speaking")},
    "deadline": deadline_while_dead,
    "linked late": dialled_when_there_is_a_link,
    "dead": dead_life_does_nothing,
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def now(sounds: Path, request: pytest.FixtureRequest) -> AsyncIterator[Playing]:
    async with playing(sounds, PLAYS, request) as tasks:
        yield tasks


@pytest.mark.parametrize("name", [f"{end}" for end in KILLS])
async def test_the_engine_dies_and_nothing_is_lost_or_done_twice(name: str, now: Playing) -> None:
    await now[name]


@pytest.mark.parametrize("name", [f"cut: {end}" for end in CUTS])
async def test_the_wire_is_cut_and_nothing_is_lost_or_done_twice(name: str, now: Playing) -> None:
    await now[name]


@pytest.mark.parametrize("name", [name for name in PLAYS if name.startswith("told")])
async def test_the_dispatcher_is_told_though_the_engine_died_before(name: str, now: Playing) -> None:
    await now[name]


@pytest.mark.parametrize("name", [name for name in PLAYS if name.startswith("cancel")])
async def test_an_order_is_cancelled_though_the_engine_dies_meanwhile(name: str, now: Playing) -> None:
    await now[name]


@pytest.mark.parametrize("name", [name for name in PLAYS if name.startswith("one line")])
async def test_a_line_has_one_call_at_a_time_though_the_engine_dies(name: str, now: Playing) -> None:
    await now[name]


@pytest.mark.parametrize("name", ["deadline"])
async def test_a_deadline_that_passes_while_the_engine_is_dead_is_kept(name: str, now: Playing) -> None:
    await now[name]


@pytest.mark.parametrize("name", ["linked late"])
async def test_an_order_that_comes_before_there_is_a_link_repeats_nothing(name: str, now: Playing) -> None:
    await now[name]


@pytest.mark.parametrize("name", ["dead"])
async def test_an_engine_that_has_died_does_nothing_any_more(name: str, now: Playing) -> None:
    await now[name]
