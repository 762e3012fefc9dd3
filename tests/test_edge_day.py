"""Days at the desk: many callers, seats that answer, reject, ignore and die, acts that fail, gaps; then all is quiet.

The dialplan is played as it is written: it asks, obeys newer fences only, lets one call through the gate of a seat,
waits until it is woken or asks after a while all the same, and rings by itself whenever it gets no answer.
"""

from __future__ import annotations

import asyncio
import random
from contextlib import suppress
from pathlib import Path

import pytest

from intake import wish
from intake.edge.desk import NotGranted
from intake.edge.writing import answered_id, end_id, start_id
from journal import new_id
from telephony.agi.answer import Net, Nothing, Offer, Wait
from telephony.manager.event import Device, DialOutcome, Reach
from telephony.manager.exchange import Gap, Why
from telephony.manager.outcome import Answered, LinkLost, Outcome, Refused
from tests.edge_room import PEOPLE, Room, desk_room, until
from tests.edge_telephones import SEATS

CALLERS = 40
AGAIN_S = 10.0
"""Stands for the half minute after which one who waits asks all the same."""
LOOK_S = 0.005
LOOKS = 400
"""Seen so often a caller may wait while a seat is free: the news of the one are on the way to the other. Two seconds,
or more where the machine stands still: these it does not count."""


class Day:
    """One room, and a chance that decides everything that happens in it."""

    def __init__(self, room: Room, seed: int) -> None:
        self.room = room
        self.chance = random.Random(seed)
        self.telephones = room.telephones
        self.woken: dict[str, asyncio.Event] = {}
        self.gap = False
        self.missed: set[str] = set()
        """Calls that were up during a gap: of these the journal may lack something."""
        self.answered: dict[str, list[str]] = {}
        """By call, the channels that were joined with it before anybody's eyes."""
        self.calls: list[str] = []
        room.exchange.wake = self.wake  # type: ignore[method-assign]
        room.exchange.hang_up = self.hang_up  # type: ignore[method-assign]
        room.exchange.announce = self.announce  # type: ignore[method-assign]

    def sometimes(self, often: float) -> bool:
        return self.chance.random() < often

    async def moment(self, most_s: float = 0.01) -> None:
        await asyncio.sleep(self.chance.uniform(0, most_s))

    # What the desk does.

    async def wake(self, channel: str) -> Outcome[None]:
        await self.moment()
        if self.gap:
            return LinkLost()
        if channel not in self.telephones.up or self.sometimes(0.1):
            return Refused("No such channel")
        if channel in self.woken:
            self.woken[channel].set()
        return Answered(None)

    async def hang_up(self, channel: str, cause: int = 16) -> Outcome[None]:
        await self.moment()
        if self.gap:
            return LinkLost()
        if channel in self.telephones.up and channel not in self.telephones.bridges:
            self.telephones.refuses(channel, DialOutcome.FAILED)
        return Answered(None)

    async def announce(self, channel: str, prompt: str) -> Outcome[None]:
        return LinkLost() if self.gap else Answered(None)

    # What callers and the dialplan do.

    async def caller(self, number: int) -> None:
        """One caller, from his INVITE to his end."""
        await self.moment(1.5)
        call = self.telephones.comes(f"1380000{number:04d}", self.chance.choice(["110", "119"]))
        self.calls.append(call)
        if self.gap:
            self.missed.add(call)
        patience = self.chance.choice([0.0, 0.02, 0.3, 2.0, 9.0])
        looking_after = asyncio.create_task(self.look_after(call))
        await asyncio.wait([looking_after], timeout=patience)
        if looking_after.done():
            looking_after.result()
        else:
            looking_after.cancel()
            await asyncio.wait([looking_after])
        if call in self.telephones.up:
            self.telephones.leaves(call)

    async def look_after(self, call: str) -> None:
        """The dialplan, until the conversation is over."""
        outcome, waited = "", 0
        while True:
            await self.moment()
            question = self.room.question(call, outcome=outcome, waited=str(waited))
            await self.moment(0.004)
            answer = await self.room.desk.answer(question)
            await self.moment(0.004)
            waited += 1
            fence = self.telephones.up[call].fence
            if isinstance(answer, Wait | Offer | Net) and answer.fence <= fence:
                self.room.desk.unheard(question, answer)
                continue
            match answer:
                case Offer(new, seats, _):
                    ended = await self.ring(call, seats, new)
                    if ended is None:
                        return
                    self.telephones.comes_back(call, ended)
                    outcome = ended.value
                case Wait(new):
                    outcome = ""
                    self.telephones.waits(call, new)
                    await self.woken_up(call)
                    self.telephones.goes(call, "asking")
                case _:
                    outcome = ""
                    if isinstance(answer, Nothing):
                        self.telephones.unanswered(call)
                    else:
                        self.telephones.goes(call, "fallback", path="fallback", fence=answer.fence)
                    free = [seat for seat in SEATS if self.is_free(seat)]
                    if free and await self.ring(call, (self.chance.choice(free),), None) is None:
                        return
                    await self.moment(0.1)
                    self.telephones.goes(call, "asking")

    async def woken_up(self, call: str) -> None:
        self.woken[call] = asyncio.Event()
        try:
            with suppress(TimeoutError):
                await asyncio.wait_for(self.woken[call].wait(), AGAIN_S)
        finally:
            del self.woken[call]

    def is_free(self, seat: str) -> bool:
        rung = any(each.endpoint == seat for each in self.telephones.up.values())
        return not rung and self.telephones.contacts[seat] is Reach.REACHABLE

    async def ring(self, call: str, seats: tuple[str, ...], fence: int | None) -> DialOutcome | None:
        """Ring these seats; what came of it. None: a conversation, and its end."""
        legs = [self.telephones.dials(call, seat, fence) for seat in seats if self.is_free(seat)]
        try:
            for leg in legs:
                await self.moment(0.003)
                match self.chance.choice(["answers", "answers", "answers", "rejects", "ignores", "fails", "dies"]):
                    case _ if leg not in self.telephones.up:
                        continue  # hung up by the desk
                    case "fails":
                        self.telephones.refuses(leg, DialOutcome.FAILED)
                    case "dies":
                        seat = self.telephones.up[leg].endpoint
                        self.telephones.contact(seat, Reach.UNREACHABLE)
                        await self.moment(0.02)
                        if leg in self.telephones.up:
                            self.telephones.refuses(leg, DialOutcome.FAILED)
                        await self.moment(0.02)
                        self.telephones.contact(seat, Reach.REACHABLE)
                    case happens:
                        self.telephones.rings(leg)
                        await self.moment(0.02)
                        if leg not in self.telephones.up:
                            continue
                        if happens == "answers":
                            return await self.talk(call, leg)
                        self.telephones.refuses(
                            leg, DialOutcome.BUSY if happens == "rejects" else DialOutcome.NO_ANSWER
                        )
        finally:
            for leg in legs:
                if leg in self.telephones.up and leg not in self.telephones.bridges and call in self.telephones.up:
                    self.telephones.refuses(leg, DialOutcome.CANCELLED)
        return DialOutcome.NO_ANSWER if legs else DialOutcome.FAILED

    async def talk(self, call: str, leg: str) -> DialOutcome | None:
        self.telephones.answers(leg)
        if self.gap:
            self.missed.add(call)
        else:
            self.answered.setdefault(call, []).append(leg)
        await self.moment(0.1)
        if self.sometimes(0.2):  # the seat is lost, and the caller looked after again
            self.telephones.drops(leg)
            return DialOutcome.ACCEPTED
        self.telephones.leaves(call)
        return None

    # What else happens.

    async def gaps(self) -> None:
        """Now and then the link breaks, or the stream is damaged."""
        while True:
            await self.moment(0.8)
            if self.sometimes(0.4):  # damaged: a snapshot without a gap
                await self.look()
                continue
            self.gap = True
            self.missed |= {each.call for each in self.telephones.up.values()}
            self.room.exchange.tell(Gap(self.chance.choice(list(Why))))
            self.room.exchange.outcomes["look"] = LinkLost()
            self.telephones._tell = lambda news: None
            await self.moment(0.15)
            self.missed |= {each.call for each in self.telephones.up.values()}
            self.gap = False
            self.telephones._tell = self.room.exchange.tell
            del self.room.exchange.outcomes["look"]
            await self.look()

    async def look(self) -> None:
        """A snapshot is taken now and told a moment later; what happens meanwhile is told after it."""
        seen, kept = self.telephones.seen(), []
        self.telephones._tell = kept.append
        await self.moment(0.01)
        self.telephones._tell = self.room.exchange.tell
        for news in (seen, *kept):
            self.room.exchange.tell(news)

    async def supervisor(self) -> None:
        """Whoever was paused is made ready again; whoever is missing comes."""
        while True:
            await asyncio.sleep(0.02)
            for seat, person in zip(self.room.desk.seats(), PEOPLE, strict=True):
                with suppress(NotGranted):
                    if seat.view.presence.value == "paused":
                        await self.room.desk.wish(wish.Ready(new_id(), seat.view.id, "test"))
                    elif seat.view.person is None:
                        await self.room.desk.wish(wish.SignIn(new_id(), seat.view.id, person.id, "test"))

    async def watch(self) -> None:
        """Nobody waits while a seat is free."""
        seen = 0
        while True:
            await asyncio.sleep(LOOK_S)
            waiting = [call for call in self.room.desk.calls() if call.view.stage.value == "waiting"]
            if self.gap or not (waiting and any(seat.view.free for seat in self.room.desk.seats())):
                seen = 0
            else:
                seen += 1
            assert seen < LOOKS, (waiting, self.room.desk.seats())


@pytest.mark.parametrize("seed", [10, 19])
async def test_after_a_day_of_everything_nobody_waits_every_seat_is_free_and_each_call_is_written_once(
    tmp_path: Path, seed: int
) -> None:
    settings = {"report_s": 0.2, "fault_s": 0.1, "place_first_s": 0.2, "place_again_s": 0.2}
    async with desk_room(tmp_path, "zhang-wei", "li-na", "wang-fang", **settings) as room:
        day = Day(room, seed)
        others = [asyncio.create_task(each) for each in (day.gaps(), day.supervisor(), day.watch())]
        callers = [asyncio.create_task(day.caller(number)) for number in range(CALLERS)]
        done, late = await asyncio.wait(callers, timeout=120)
        assert not late
        for each in done:
            each.result()
        others[0].cancel()
        await asyncio.wait([others[0]])
        assert not room.running.done(), room.running.exception()
        if day.gap:
            day.gap = False
            room.exchange.outcomes.pop("look", None)
        room.telephones._tell = room.exchange.tell
        for seat in SEATS:
            room.telephones.contacts[seat] = Reach.REACHABLE
            room.telephones.devices[seat] = Device.FREE
        await room.look()
        await until(lambda: not room.desk.calls() and all(seat.view.free for seat in room.desk.seats()))
        for each in others[1:]:
            assert not each.done() or each.cancelled(), each.exception()
            each.cancel()
        facts = await room.facts()
        ids = [each.id for each in facts]
        assert len(set(ids)) == len(ids)
        for call in set(day.calls) - day.missed:
            assert {start_id(call), end_id(call)} <= set(ids), call
            assert {answered_id(call, leg) for leg in day.answered.get(call, ())} <= set(ids)
        await room.look()  # of who was found to be gone the end may be told until then
        assert room.desk._scribe._begun == {}
        assert room.desk._hearing._legs == {}
        assert room.desk._wishes == {}
        room.exchange.acts.clear()
        room.told.clear()
