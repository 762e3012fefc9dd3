"""The engine dies at every place where it waits: the next one loses nothing, repeats nothing unsaid, thanks once.

Telephones, the dialplan's notes and the journal outlive it. Each place is tried each time that a story comes there.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import pytest

from config.field import Language
from dispatch.attempt import AttemptState
from dispatch.ladder import Ring
from dispatch.notification import NotificationState
from dispatch.outcome import Outcome as Came
from journal import Committed, Refusal, Work
from telephony.department import end_noted, key_noted
from telephony.manager import event as told
from telephony.manager.event import DialOutcome
from telephony.manager.exchange import Origination
from telephony.manager.outcome import Outcome
from telephony.manager.snapshot import Snapshot
from tests.edge_room import until
from tests.notifier_room import Book, Duty, Log, Room, Voice, notifier_room

T = TypeVar("T")
PLACES = (
    "before a decision is written",
    "after it was written",
    "while the text is spoken",
    "before the dial",
    "after the dial",
    "before words",
    "after words",
    "before the hang-up",
    "after the hang-up",
    "before a look",
    "after a look",
    "while the log is read",
    "before a note is dropped",
    "after a note was dropped",
)
"""Every await between a decision and its last commit."""
MOST = 12
"""Times that a story comes to one place, at most."""
AT_ONCE = 6
BUSY, RINGS, TAKES, TAKES_TOO = "1", "2", "3", "4"
"""Lines, by what they do; one that was busy takes it the next time."""


Death = tuple[str, int]
"""At which place, and the how many-th time that a life comes there."""


class Fate:
    """Where lives end, one after the other."""

    def __init__(self, *deaths: Death) -> None:
        self._deaths = list(deaths)
        self.passed: Counter[str] = Counter()
        """How often this life was where."""
        self.died = asyncio.Event()

    def __str__(self) -> str:
        return ", then ".join(f"{place} ({time})" for place, time in self._deaths)

    def begin(self) -> None:
        """The next life begins."""
        self.died.clear()
        self.passed = Counter()
        self._deaths = self._deaths[1:]

    async def at(self, place: str) -> None:
        """Whoever comes here may never leave."""
        self.passed[place] += 1
        if self._deaths and self._deaths[0] == (place, self.passed[place]):
            self.died.set()
            await asyncio.Event().wait()


class MortalBook(Book):
    fate: Fate | None = None

    async def decide(self, work: Work[T]) -> Committed[T] | Refusal:
        fate = self.fate
        assert fate is not None
        await fate.at("before a decision is written")
        came = await super().decide(work)
        await fate.at("after it was written")
        return came


@dataclass
class City(Duty):
    """Telephones that do what their story says, whoever lives."""

    fate: Fate = field(default_factory=Fate)
    story: Callable[[City, str, str], object] | None = None
    lines: dict[str, str] = field(default_factory=dict)
    """Which line an attempt has called."""
    words: dict[str, list[str]] = field(default_factory=dict)
    heard: list[tuple[str, bool]] = field(default_factory=list)
    """Lines on which an order was heard, and whether it said that it repeats."""
    over: dict[str, asyncio.Event] = field(default_factory=dict)
    room: Room | None = None
    at_work: list[asyncio.Task[None]] = field(default_factory=list)

    async def originate(self, origination: Origination) -> Outcome[None]:
        await self.fate.at("before the dial")
        id, line = origination.channel_id, origination.dial.partition("/")[2].partition("@")[0]
        assert id not in self.lines, f"{id} is dialled twice"
        assert line not in [self.lines[each] for each in self.up], f"{line} is dialled while it is in use"
        outcome = await super().originate(origination)
        self.lines[id], self.words[id], self.over[id] = line, [], asyncio.Event()
        assert self.room is not None
        self.up[id] = self.room.channel(id)
        self.at_work.append(asyncio.create_task(self._telephone(id, line, origination)))
        await self.fate.at("after the dial")
        return outcome

    async def hang_up(self, channel: str, cause: int = 16) -> Outcome[None]:
        await self.fate.at("before the hang-up")
        outcome = await super().hang_up(channel, cause)
        self.over[channel].set()
        await self.fate.at("after the hang-up")
        return outcome

    async def say(self, channel: str, fence: int, words: str) -> Outcome[None]:
        await self.fate.at("before words")
        outcome = await super().say(channel, fence, words)
        if channel in self.up:
            self.words[channel].append(words)
            self.over[channel].set()
        await self.fate.at("after words")
        return outcome

    async def look(self) -> Outcome[Snapshot]:
        await self.fate.at("before a look")
        outcome = await super().look()
        await self.fate.at("after a look")
        return outcome

    async def drop(self, key: str) -> Outcome[None]:
        await self.fate.at("before a note is dropped")
        outcome = await super().drop(key)
        await self.fate.at("after a note was dropped")
        return outcome

    async def _telephone(self, id: str, line: str, origination: Origination) -> None:
        room = self.room
        assert room is not None
        await asyncio.sleep(0)
        room.rings(id)
        times = list(self.lines.values()).count(line)
        if line == BUSY and times == 1:
            room.log.ends[id] = Came.BUSY
            room.ends(id, cause=17)
        elif line == RINGS:
            await self._until_over(id, 10.0)
            room.log.ends[id] = Came.NO_ANSWER
            was = self.up.pop(id)
            room.hear(told.Originated(_at(), id, DialOutcome.FAILED), told.Ended(_at(), was, 16))
        else:
            await asyncio.sleep(0.01)
            self.heard.append((line, origination.variables["LD_REPEATS"] == "1"))
            room.picks_up(id)
            if not self.over[id].is_set():  # he may be told already that somebody else has it
                room.presses(id, "1")
            await self._until_over(id, 2.0)
            room.log.ends[id] = Came.HUNG_UP
            room.ends(id)

    async def _until_over(self, id: str, within_s: float) -> None:
        """Until it is hung up, or last words were said; the dialplan waits for them so long."""
        try:
            async with asyncio.timeout(within_s):
                await self.over[id].wait()
        except TimeoutError:
            pass


class MortalVoice(Voice):
    def __init__(self, fate: Fate) -> None:
        super().__init__()
        self._fate = fate

    async def spoken(self, text: str, language: Language) -> Path:
        await self._fate.at("while the text is spoken")
        return await super().spoken(text, language)


class MortalLog(Log):
    def __init__(self, fate: Fate) -> None:
        super().__init__()
        self._fate = fate

    async def of(self, attempts: Collection[str]) -> Mapping[str, Came]:
        await self._fate.at("while the log is read")
        return await super().of(attempts)


STORIES: dict[str, tuple[Ring, tuple[str, ...]]] = {
    "one is busy, the next one takes it": (Ring.IN_TURN, (BUSY, TAKES)),
    "one takes it while another rings": (Ring.ANY_ONE, (RINGS, TAKES)),
    "two take it at once": (Ring.ANY_ONE, (TAKES, TAKES_TOO)),
}


async def live(story: str, fate: Fate) -> Counter[str]:
    """A story with a death; what is promised holds. Returns the places to which it came."""
    ring, lines = STORIES[story]
    with tempfile.TemporaryDirectory() as folder:
        more = {"report_s": 0.5, "settle_s": 0.05, "ask_s": 0.5, "deadline_s": 600}
        async with notifier_room(Path(folder), book=MortalBook, begin=False, **more) as room:
            assert isinstance(room.journal, MortalBook)
            room.journal.fate = fate
            city = room.exchange = City(fate=fate, room=room)
            room.voice, room.log = MortalVoice(fate), MortalLog(fate)
            await _born(room)
            order = await room.issue(*lines, ring=ring, deadline_s=600)
            died = False
            while True:
                await until(lambda: fate.died.is_set() or _dead(room) or _over(room, order.id))
                assert not _dead(room), room.running
                await room.settled()
                if not fate.died.is_set():
                    break
                await room.kill()
                died = True
                fate.begin()
                await _born(room)
            async with asyncio.timeout(30):
                await asyncio.gather(*city.at_work)
            await room.quiet()

            stored = room.stored(order)
            assert stored is not None and stored.state is NotificationState.ACKNOWLEDGED
            assert all(each.ended for each in stored.attempts)
            story_ = await room.story(order)
            assert story_.count("Acknowledged") == 1, story_
            before: set[str] = set()
            for line, repeats in city.heard:
                assert repeats or line not in before, f"{line} hears it again and is not told so"
                before.add(line)
            thanked = [id for id, words in city.words.items() if "thanks" in words]
            assert set(thanked) <= {stored.acknowledged_by}
            assert room.told == []
            kept = {key for id in city.lines for key in (key_noted(id), end_noted(id))} & set(city.database)
            assert not kept or died, kept
            return fate.passed


async def _born(room: Room) -> None:
    await room.begin()
    room.hear(room.exchange.seen())


def _dead(room: Room) -> bool:
    return room.running is not None and room.running.done()


def _over(room: Room, order: str) -> bool:
    """Whether the order is acknowledged and nobody is called any more, and that is on disk."""
    views = [each for each in room.notifier.orders() if each.id == order]
    if not views or views[0].due or room.notifier.figures()["dispatch_unwritten"]:
        return False
    return all(each.state is AttemptState.ENDED for each in views[0].attempts)


async def survive(story: str, fates: Iterable[Sequence[Death]]) -> None:
    """The same story with each of these fates."""
    at_once = asyncio.Semaphore(AT_ONCE)

    async def one(deaths: Sequence[Death]) -> None:
        async with at_once:
            try:
                await live(story, Fate(*deaths))
            except BaseException as error:
                error.add_note(f"died {Fate(*deaths)}")
                raise

    async with asyncio.TaskGroup() as group:
        for deaths in fates:
            group.create_task(one(deaths))


@pytest.mark.parametrize("story", STORIES)
async def test_wherever_the_engine_dies_the_order_is_taken_once_and_no_repeat_is_unsaid(story: str) -> None:
    passed = await live(story, Fate())
    assert max(passed.values()) <= MOST
    await survive(story, [[(place, time)] for place, count in passed.items() for time in range(1, count + 1)])


@pytest.mark.parametrize("first", ["after the dial", "after it was written"])
async def test_wherever_the_next_one_dies_as_it_takes_over_the_order_is_taken_once(first: str) -> None:
    places = [
        place for place in PLACES if "look" in place or "log" in place or "written" in place or "dropped" in place
    ]
    await survive(
        "one is busy, the next one takes it", [[(first, 1), (place, time)] for place in places for time in (1, 2)]
    )


def _at() -> datetime:
    return datetime.now(UTC)
