"""The engine dies after each single step of the notifier: every await is tried, whatever is written there next year.

Telephones, the dialplan's notes and the journal outlive it. No order is lost, whoever may have heard one is told that
it repeats, whoever took it is called no more, and it is acknowledged once.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from dispatch import wish
from dispatch.attempt import AttemptState
from dispatch.edge import acting, scribe
from dispatch.ladder import Ring
from dispatch.notification import NotificationState
from dispatch.order import Order
from intake.edge.desk import NotGranted
from journal import CommitUnknown, NotCommitted, new_id
from telephony.department import end_noted, key_noted
from telephony.manager.outcome import LinkLost, Outcome, TimedOut
from tests.edge_room import until
from tests.mortal_city import BUSY, GOES, RINGS, TAKES, TAKES_TOO, VANISHES, City, Pages, SlowVoice
from tests.mortality import MORTALITY, Mortality, mortal_tasks
from tests.notifier_room import Room, notifier_room

SETTLE_S = 0.06
LIVES_AT_ONCE = 6


@dataclass(frozen=True)
class Story:
    """What happens besides deaths."""

    lines: tuple[str, ...]
    ring: Ring = Ring.IN_TURN
    lost: tuple[Outcome[None], ...] = ()
    dialled_though: bool = False
    refuses: int = 0
    pages: tuple[Exception, ...] = ()
    cancels: bool = False


STORIES = {
    "the first line is busy": Story((BUSY, TAKES)),
    "one takes it while another rings": Story((RINGS, TAKES), Ring.ANY_ONE, refuses=1),
    "two take it at once": Story((TAKES, TAKES_TOO), Ring.ANY_ONE),
    "who has heard it hangs up": Story((GOES,)),
    "Asterisk is killed while it is heard": Story((VANISHES,)),
    "the link comes late": Story((TAKES,), lost=(LinkLost(sent=False), LinkLost(sent=False))),
    "the dial is not answered, and was made": Story((GOES,), lost=(TimedOut(),), dialled_though=True),
    "the dial is not answered, and was not made": Story((GOES,), lost=(LinkLost(),)),
    "the disk is full for a while": Story((BUSY, TAKES), pages=(NotCommitted("full"),) * 2),
    "nobody knows what is on disk": Story((GOES,), pages=(CommitUnknown("broken"),) * 3),
    "it is cancelled": Story((RINGS,), cancels=True),
}


@pytest.fixture(autouse=True)
async def in_a_hurry(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[None]:
    monkeypatch.setattr(scribe, "AGAIN_S", (0.001, 0.002))
    monkeypatch.setattr(acting, "LINK_AGAIN_S", 0.005)
    monkeypatch.setattr(acting, "LOOK_AGAIN_S", 0.005)
    loop = asyncio.get_running_loop()
    loop.set_task_factory(mortal_tasks)
    yield
    loop.set_task_factory(None)


class Play:
    """One story with its deaths."""

    def __init__(self, story: Story, room: Room, mortality: Mortality) -> None:
        self.story, self.room, self.mortality = story, room, mortality
        self.city = room.exchange = City(
            room=room,
            mortality=mortality,
            lost=list(story.lost),
            dialled_though=story.dialled_though,
            refuses=story.refuses,
        )
        room.voice = SlowVoice()
        self.died = asyncio.Event()
        mortality.ends = self._dies

    def _dies(self) -> None:
        self.room.notifier.ready = False  # it hears and takes nothing any more
        self.died.set()

    async def run(self) -> Order:
        await self._born()
        order = await self.room.issue(*self.story.lines, ring=self.story.ring, deadline_s=600, tries=3, wait_s=0)
        cancelled = not self.story.cancels
        while True:
            if not cancelled:
                cancelled = await self._cancel(order)
            await until(lambda: self.died.is_set() or self._is_over(order) or self._broken)
            assert not self._broken, self.room.running
            if not self.died.is_set() and cancelled:
                break
            if self.died.is_set():
                await self.room.kill()
                self.died.clear()
                await self._born()
        async with asyncio.timeout(30):
            for each in self.city.at_work:  # grows
                await each
        await self.room.quiet()
        return order

    async def _born(self) -> None:
        self.mortality.begin()
        self.room.notifier = self.room.new()
        self.room.running = asyncio.create_task(self.room.notifier.run())
        await until(lambda: self.room.notifier.ready or self.died.is_set())
        if not self.died.is_set():
            self.room.hear(self.city.seen())

    async def _cancel(self, order: Order) -> bool:
        """Whether he who wants it knows that it is cancelled; if this life dies first, he does not."""
        await until(lambda: self.died.is_set() or self.city.up or self._is_over(order))
        wishing = asyncio.create_task(self.room.notifier.wish(wish.Cancel(new_id(), order.id, "zhang-wei")))
        await until(lambda: self.died.is_set() or wishing.done())
        if not wishing.done():
            wishing.cancel()
        (came,) = await asyncio.gather(wishing, return_exceptions=True)
        return came is None or (isinstance(came, NotGranted) and came.code == "no_such_order")

    @property
    def _broken(self) -> bool:
        return self.room.running is not None and self.room.running.done()

    def _is_over(self, order: Order) -> bool:
        notifier = self.room.notifier
        if not notifier.ready or notifier.figures()["dispatch_unwritten"]:
            return False
        views = [each for each in notifier.orders() if each.id == order.id]
        return all(not view.due and all(each.state is AttemptState.ENDED for each in view.attempts) for view in views)

    async def is_as_promised(self, order: Order) -> None:
        told, stored = await self.room.story(order), self.room.stored(order)
        assert told.count("AttemptDecided") == told.count("AttemptEnded"), told
        if self.story.cancels:
            assert told.count("OrderCancelled") == 1, told
        else:
            assert stored is not None and stored.state is NotificationState.ACKNOWLEDGED, told
            assert told.count("Acknowledged") == 1, told
            assert {id for id, words in self.city.words if words == "thanks"} <= {stored.acknowledged_by}
        before: set[str] = set()
        for line, repeats in self.city.heard:
            assert repeats or line not in before, f"{line} hears it again, and is not told so"
            before.add(line)
        assert self.room.told == []
        if not self.mortality.died_at:
            noted = {key for id in self.city.lines for key in (key_noted(id), end_noted(id))}
            await until(lambda: not noted & set(self.city.database))


async def play(story: str, mortality: Mortality) -> Mortality:
    """Play a story; what is promised holds."""
    MORTALITY.set(mortality)
    with tempfile.TemporaryDirectory() as folder:
        more = {"report_s": 0.5, "settle_s": SETTLE_S, "ask_s": 0.5, "deadline_s": 600}
        async with notifier_room(Path(folder), book=Pages, begin=False, **more) as room:
            assert isinstance(room.journal, Pages)
            room.journal.troubles = list(STORIES[story].pages)
            played = Play(STORIES[story], room, mortality)
            await played.is_as_promised(await played.run())
    return mortality


@pytest.mark.parametrize("story", STORIES)
async def test_after_whatever_step_the_engine_dies_and_its_successor_too_what_is_promised_holds(story: str) -> None:
    whole = await asyncio.create_task(play(story, Mortality()))
    room = asyncio.Semaphore(LIVES_AT_ONCE)
    died: list[str] = []

    async def one(*after: int) -> None:
        async with room:
            mortality = Mortality(*after)
            try:
                await play(story, mortality)
            except BaseException as error:
                error.add_note(f"died at {', then '.join(mortality.died_at)} (after so many steps: {after})")
                raise
            died.extend(mortality.died_at)

    async with asyncio.TaskGroup() as group:
        for step in range(1, whole.steps + 1):
            # Its successor dies while it takes over, at another step each time.
            group.create_task(one(step, 8 + step % 16) if step % 3 == 0 else one(step))
    assert len(died) > whole.steps
