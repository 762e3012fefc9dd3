"""The desk: every question answered in the step in which it came, and every act followed until it is known."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from intake import command, event, wish
from intake.edge.acting import LOOK_AGAIN_S
from intake.edge.desk import BREATHE, NotGranted
from intake.edge.sight import sign_in_key
from intake.table import Bug
from journal import new_id
from telephony.agi.answer import Answer, Net, Nothing, Offer, Wait
from telephony.manager import event as told
from telephony.manager.event import Device, DialOutcome, Reach
from telephony.manager.exchange import Gap, Why
from telephony.manager.outcome import LinkLost, Refused
from tests.edge_room import PEOPLE, REPORTS, WITHIN_S, Room, desk_room, until
from tests.edge_telephones import Telephones
from tests.journal_places import Clock

OFFER_S = 6


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[Room]:
    """Three seats; zhang-wei and li-na at the first two."""
    async with desk_room(tmp_path, "zhang-wei", "li-na") as room:
        yield room


@pytest.fixture
async def alone(tmp_path: Path) -> AsyncIterator[Room]:
    """Only zhang-wei works."""
    async with desk_room(tmp_path, "zhang-wei") as room:
        yield room


async def talks(room: Room, number: str = "13800000001") -> tuple[str, str]:
    """A caller comes, is offered, and is answered; his call and the channel of the seat."""
    call = room.telephones.comes(number)
    answer = await room.ask(call)
    assert isinstance(answer, Offer), answer
    leg = room.telephones.dials(call, answer.seats[0], answer.fence)
    room.telephones.rings(leg)
    room.telephones.answers(leg)
    await room.settled()
    assert room.stage(call) == "joined"
    return call, leg


async def waits(room: Room, number: str = "13800000002") -> str:
    """A caller comes for whom nobody is free."""
    call = room.telephones.comes(number)
    answer = await room.ask(call)
    assert isinstance(answer, Wait), answer
    room.telephones.waits(call, answer.fence)
    return call


# --- questions -------------------------------------------------------------------------------------------------------


async def test_a_question_is_answered_at_once_without_a_single_wait(room: Room) -> None:
    call = room.telephones.comes()
    await room.settled()
    asking = room.desk.answer(room.question(call))
    with pytest.raises(StopIteration) as answered:
        asking.send(None)
    assert answered.value.value == Offer(1, ("seat-01",), OFFER_S)
    assert room.stage(call) == "reserved"


async def test_who_is_free_for_longest_is_offered_first_and_the_next_caller_gets_the_next_one(room: Room) -> None:
    first, second = room.telephones.comes(), room.telephones.comes("13800000002")
    assert await room.ask(first) == Offer(1, ("seat-01",), OFFER_S)
    assert await room.ask(second) == Offer(2, ("seat-02",), OFFER_S)


async def test_with_nobody_at_work_a_caller_is_given_to_the_net_and_somebody_is_told(tmp_path: Path) -> None:
    async with desk_room(tmp_path) as room:
        assert await room.ask(room.telephones.comes()) == Net(1)
        assert room.tells() == [("nobody-works", None)]


async def test_who_waits_is_woken_when_a_seat_is_free_and_gets_it_as_the_answer_to_his_question(alone: Room) -> None:
    call, _ = await talks(alone)
    waiting = await waits(alone)
    alone.telephones.leaves(call)
    assert await alone.act("wake") == (waiting,)
    answer = await alone.ask(waiting)
    assert isinstance(answer, Offer)
    assert answer.seats == ("seat-01",)
    assert alone.stage(waiting) == "reserved"


async def test_two_who_wait_are_woken_one_after_the_other_in_the_order_in_which_they_came(alone: Room) -> None:
    call, _ = await talks(alone)
    second, third = await waits(alone), await waits(alone, "13800000003")
    for waiting in (second, third):
        alone.telephones.leaves(call)
        assert await alone.act("wake") == (waiting,)
        answer = await alone.ask(waiting)
        assert isinstance(answer, Offer)
        alone.telephones.answers(alone.telephones.dials(waiting, "seat-01", answer.fence))
        call = waiting


async def test_a_question_that_is_asked_again_before_its_answer_was_obeyed_has_the_same_answer(room: Room) -> None:
    call = room.telephones.comes()
    assert await room.ask(call) == await room.ask(call) == Offer(1, ("seat-01",), OFFER_S)


async def test_a_question_that_overtakes_the_news_of_its_call_is_answered(room: Room) -> None:
    before = room.exchange.tell
    kept: list[Any] = []
    room.telephones._tell = kept.append
    call = room.telephones.comes()
    room.telephones._tell = before
    assert await room.ask(call) == Offer(1, ("seat-01",), OFFER_S)
    for news in kept:
        room.exchange.tell(news)
    room.telephones.leaves(call)
    assert [what for what, _ in await room.story()] == ["CallArrived", "CallOffered", "CallEnded"]


async def test_a_question_that_comes_after_the_news_of_its_end_leaves_nothing_behind(room: Room) -> None:
    call = room.telephones.comes()
    question = room.question(call)
    room.telephones.leaves(call)
    await room.settled()
    assert isinstance(await room.desk.answer(question), Net)
    assert room.desk.calls() == []
    assert room.desk._scribe._begun == {}
    assert {seat.view.line.value for seat in room.desk.seats()} == {"idle"}


async def test_who_reports_is_no_caller_in_a_snapshot_and_gets_a_seat_when_he_wants_a_person(room: Room) -> None:
    telephones = room.telephones
    telephones._tell = lambda news: None
    call = telephones.comes(called=REPORTS[0])
    telephones._tell = room.exchange.tell
    began = {"context": "unified", "called": ""}
    telephones.up[call] = replace(telephones.up[call], extension=REPORTS[0], **began)  # type: ignore[arg-type]
    await room.look()
    assert room.desk.calls() == []
    telephones.goes(call, "feedback", path="feedback", called=REPORTS[0])
    await room.look()
    telephones.goes(call, "asking", path="")
    assert await room.ask(call, waited="0") == Offer(1, ("seat-01",), OFFER_S)


async def test_who_was_found_to_be_gone_and_is_not_gets_a_seat_when_he_asks(room: Room) -> None:
    call = room.telephones.comes()
    await room.settled()
    shown, room.telephones.up = room.telephones.up, {}
    room.telephones._tell(told.Unanswered(room.clock(), shown[call]))
    await room.looked()
    assert room.desk.calls() == []
    room.telephones.up = shown
    assert await room.ask(call, waited="30") == Offer(1, ("seat-01",), OFFER_S)


async def test_a_caller_who_leaves_before_he_asked_leaves_nothing_behind(room: Room) -> None:
    for _ in range(20):
        room.telephones.leaves(room.telephones.comes())
    await room.settled()
    assert room.desk.calls() == []
    assert room.desk._scribe._begun == {}


async def test_what_the_caller_who_cannot_speak_chose_is_the_service_that_he_is_for(room: Room) -> None:
    call = room.telephones.comes(called="110")
    await room.ask(call, silent="fire")
    now = room.call(call)
    assert now is not None
    assert (now.view.need.service, now.called) == ("fire", "110")


async def test_what_he_chose_while_nobody_listened_counts_with_his_next_question(room: Room) -> None:
    room.exchange.tell(Gap(Why.LINK))
    room.telephones._tell = lambda news: None
    call = room.telephones.comes(called="110")
    room.telephones.goes(call, "fallback", path="fallback")
    room.telephones._tell = room.exchange.tell
    await room.look()
    now = room.call(call)
    assert now is not None
    assert (now.view.stage.value, now.view.need.service) == ("net", "police")
    for _ in range(2):
        await room.ask(call, silent="fire", waited="8")
        now = room.call(call)
        assert now is not None
        assert now.view.need.service == "fire"


async def test_what_he_chose_stays_though_nobody_for_it_works_and_the_dialplan_turns_to_the_net(alone: Room) -> None:
    await talks(alone)
    call = await waits(alone)
    alone.telephones._tell(told.SilentCall(alone.clock(), alone.telephones.up[call], "medical"))
    alone.telephones.unanswered(call)
    await alone.looked()
    assert alone.stage(call) == "net"
    assert alone.core._hall.calls[call].need.service == "medical"


async def test_a_call_is_for_the_service_that_was_dialled(room: Room) -> None:
    call = room.telephones.comes(called="110")
    await room.ask(call)
    now = room.call(call)
    assert now is not None
    assert now.view.need.service == "police"


@pytest.mark.parametrize(
    ("more", "line", "presence", "reason", "about"),
    [
        ({"outcome": "NOANSWER"}, "fault", "ready", None, "failed"),  # it never said that it rings
        ({"outcome": "BUSY"}, "fault", "ready", None, "busy"),
        ({"outcome": "CHANUNAVAIL"}, "fault", "ready", None, "failed"),
        ({"outcome": "CONGESTION"}, "fault", "ready", None, "failed"),
        ({"outcome": "CHANUNAVAIL", "raced": "1"}, "fault", "ready", None, "busy"),
        # Nobody is to blame, so the one who is free for longest gets the next offer, too.
        ({"outcome": "CANCEL"}, "reserved", "ready", None, None),
        ({"outcome": "", "raced": ""}, "reserved", "ready", None, None),
        ({"outcome": "ANSWER"}, "reserved", "ready", None, None),
    ],
)
async def test_what_the_last_offer_came_to_is_known_from_the_question_too_if_its_own_news_were_lost(
    room: Room, more: dict[str, str], line: str, presence: str, reason: str | None, about: str | None
) -> None:
    call = room.telephones.comes()
    answer = await room.ask(call)
    assert isinstance(answer, Offer)
    room.telephones.goes(call, "asking", fence=answer.fence, path="engine")
    await room.ask(call, waited="6", **more)
    seat = room.seat("seat-01").view
    assert (seat.line.value, seat.presence.value, seat.reason) == (line, presence, reason)
    assert room.tells() == ([] if about is None else [(about, "seat-01")])


async def test_a_person_who_ignores_an_offer_is_paused_a_supervisor_is_told_and_the_mirror_knows(room: Room) -> None:
    call = room.telephones.comes()
    answer = await room.ask(call)
    assert isinstance(answer, Offer)
    leg = room.telephones.dials(call, "seat-01", answer.fence)
    room.telephones.rings(leg)
    room.telephones.refuses(leg, DialOutcome.NO_ANSWER)
    room.telephones.comes_back(call, DialOutcome.NO_ANSWER)
    assert await room.ask(call, outcome="NOANSWER", waited="6") == Offer(2, ("seat-02",), OFFER_S)
    key, value = await room.act("keep")
    assert key == sign_in_key("seat-01")
    assert str(value).split()[0::2] == ["zhang-wei", "no-answer"]
    assert room.tells() == [("no-answer", "seat-01")]


# --- before the first look, and after a gap --------------------------------------------------------------------------


async def test_before_the_first_look_every_question_is_left_to_the_net_and_every_wish_refused(tmp_path: Path) -> None:
    async with desk_room(tmp_path, look=False) as room:
        call = room.telephones.comes()
        assert await room.ask(call) == Nothing()
        with pytest.raises(NotGranted) as refused:
            await room.desk.wish(wish.SignIn(new_id(), "seat-01", "zhang-wei", "test"))
        assert refused.value.code == "not_ready"
        assert not room.desk.ready
        room.telephones.goes(call, "fallback", path="fallback")
        await room.look()
        assert room.desk.ready
        assert room.stage(call) == "net"


@pytest.mark.parametrize("why", Why)
async def test_from_a_gap_to_the_next_look_nothing_is_answered(room: Room, why: Why) -> None:
    call = room.telephones.comes()
    room.exchange.tell(Gap(why))
    for _ in range(3):
        assert await room.ask(call) == Nothing()
    with pytest.raises(NotGranted, match="try again"):
        await room.desk.wish(wish.SignOut(new_id(), "seat-01", "test"))
    assert not room.desk.ready
    await room.look()
    assert await room.ask(call) == Offer(1, ("seat-01",), OFFER_S)


async def test_a_call_that_came_and_a_call_that_went_during_a_gap_are_both_known_after_it(room: Room) -> None:
    gone, _ = await talks(room)
    room.exchange.tell(Gap(Why.LINK))
    await room.settled()
    room.telephones._tell = lambda news: None
    room.telephones.leaves(gone)
    new = room.telephones.comes("13800000002")
    leg = room.telephones.dials(new, "seat-02")
    room.telephones.answers(leg)
    room.telephones._tell = room.exchange.tell
    await room.look()
    assert (room.stage(gone), room.stage(new)) == (None, "joined")
    assert (room.seat("seat-01").view.line.value, room.seat("seat-02").view.line.value) == ("idle", "talking")
    now = room.call(new)
    assert now is not None
    assert (now.called, now.caller) == ("119", "13800000002")


async def test_a_call_that_asked_after_a_snapshot_was_taken_is_not_given_up_because_it_is_not_in_it(
    alone: Room,
) -> None:
    """A damaged stream costs a snapshot without a gap; questions come by another way and overtake it."""
    await talks(alone)
    before = alone.telephones.seen()
    waiting = await waits(alone)
    alone.exchange.tell(before)
    await alone.looked()
    assert alone.stage(waiting) == "waiting"
    (talking,) = (call.view.id for call in alone.desk.calls() if call.view.stage.value == "joined")
    alone.telephones.leaves(talking)
    assert await alone.act("wake") == (waiting,)


async def test_an_offer_that_was_answered_after_a_snapshot_was_taken_is_obeyed_and_counts(room: Room) -> None:
    before = room.telephones.seen()
    call = room.telephones.comes()
    answer = await room.ask(call)
    assert isinstance(answer, Offer)
    room.exchange.tell(before)
    leg = room.telephones.dials(call, answer.seats[0], answer.fence)
    room.telephones.rings(leg)
    room.telephones.answers(leg)
    await room.looked()
    assert room.stage(call) == "joined"
    assert room.seat("seat-01").view.call == call


# --- acts, and how they end ------------------------------------------------------------------------------------------


async def test_a_wake_that_asterisk_refuses_is_looked_into_and_one_who_still_waits_is_woken_again(alone: Room) -> None:
    call, _ = await talks(alone)
    waiting = await waits(alone)
    alone.exchange.outcomes["wake"] = Refused("busy")
    alone.telephones.leaves(call)
    await alone.exchange.heard()
    assert await alone.act("wake") == (waiting,)
    del alone.exchange.outcomes["wake"]
    await alone.looked()
    assert await alone.act("wake") == (waiting,)
    assert isinstance(await alone.ask(waiting), Offer)
    assert alone.desk.acts_failed == 1


async def test_a_wake_that_is_refused_because_the_caller_has_gone_frees_his_seat(alone: Room) -> None:
    call, _ = await talks(alone)
    waiting = await waits(alone)
    alone.exchange.outcomes["wake"] = Refused("No such channel")
    alone.telephones._tell = lambda news: None
    alone.telephones.leaves(waiting)
    alone.telephones._tell = alone.exchange.tell
    alone.telephones.leaves(call)
    await alone.act("wake")
    await alone.looked()
    assert alone.stage(waiting) is None
    assert alone.seat("seat-01").view.free


async def test_one_whom_asterisk_refuses_to_wake_again_and_again_costs_few_looks(alone: Room) -> None:
    call, _ = await talks(alone)
    waiting = await waits(alone)
    alone.exchange.outcomes["wake"] = Refused("no")
    alone.telephones.leaves(call)
    loop = asyncio.get_running_loop()
    began = loop.time()
    await alone.acts("wake", 3)
    looks = [each for each in alone.exchange.acts if each.name == "look"]
    assert len(looks) <= (loop.time() - began) / LOOK_AGAIN_S + 1
    alone.telephones.leaves(waiting)
    await until(lambda: alone.stage(waiting) is None and not alone.desk._acting._asked)
    alone.exchange.acts.clear()


async def test_while_nobody_can_look_a_caller_out_of_sight_keeps_his_seat_and_is_asked_about_again(
    tmp_path: Path,
) -> None:
    async with desk_room(tmp_path, "zhang-wei", report_s=0.1) as room:
        call = room.telephones.comes()
        answer = await room.ask(call)
        assert isinstance(answer, Offer)
        room.exchange.outcomes["look"] = LinkLost()
        room.desk.unheard(room.question(call), answer)
        await room.act("look")
        await room.act("look")
        assert (room.stage(call), room.seat("seat-01").view.free) == ("unknown", False)
        hall = room.core._hall
        hall.settings = hall.settings.model_copy(update={"report_s": 60.0})  # from now on nobody is in a hurry
        room.telephones.waits(call, answer.fence + 1)  # it heard a later word
        del room.exchange.outcomes["look"]
        assert await room.act("wake") == (call,)
        await until(lambda: not room.desk._acting._asked)
        room.exchange.acts = [each for each in room.exchange.acts if each.name != "look"]
        assert isinstance(await room.ask(call), Offer)


async def test_an_answer_that_did_not_reach_the_dialplan_is_looked_into_and_its_seat_given_to_the_next(
    alone: Room,
) -> None:
    call = alone.telephones.comes()
    answer = await alone.ask(call)
    assert isinstance(answer, Offer)
    alone.telephones.unanswered(call)  # the dialplan went to the net
    alone.desk.unheard(alone.question(call), answer)
    await alone.looked()
    alone.exchange.acts.clear()  # the dialplan's own word led to a second look
    assert alone.stage(call) == "net"
    other = alone.telephones.comes("13800000002")
    assert isinstance(await alone.ask(other), Offer)


async def test_one_look_answers_all_that_was_asked_before_it(room: Room) -> None:
    calls = [room.telephones.comes(f"1380000000{n}") for n in (1, 2)]
    answers = [await room.ask(call) for call in calls]
    for call, answer in zip(calls, answers, strict=True):
        assert isinstance(answer, Offer)
        room.desk.unheard(room.question(call), answer)
    await room.looked()
    assert [room.stage(call) for call in calls] == ["reserved", "reserved"]
    assert room.desk._acting._asked == []


async def test_a_seat_whose_telephone_dies_while_it_is_dialled_is_hung_up_by_the_id_of_its_channel(room: Room) -> None:
    call = room.telephones.comes()
    answer = await room.ask(call)
    assert isinstance(answer, Offer)
    leg = room.telephones.dials(call, "seat-01", answer.fence)
    room.telephones.contact("seat-01", Reach.UNREACHABLE)
    assert await room.act("hang_up") == (leg, 16)
    assert room.tells() == [("failed", "seat-01")]
    assert room.seat("seat-01").view.line.value == "fault"


async def test_a_seat_that_was_dialled_before_we_came_and_dies_is_hung_up_too(tmp_path: Path) -> None:
    telephones = Telephones(lambda news: None, Clock())
    telephones.database["seat-01/at"] = "zhang-wei 1795445000"
    call = telephones.comes()
    leg = telephones.dials(call, "seat-01", 3)
    async with desk_room(tmp_path, telephones=telephones) as room:
        assert room.stage(call) == "offered"
        telephones.contact("seat-01", Reach.UNREACHABLE)
        assert await room.act("hang_up") == (leg, 16)
        assert room.tells() == [("failed", "seat-01")]


async def test_a_telephone_that_dies_before_it_is_dialled_is_withdrawn_when_it_is(room: Room) -> None:
    call = room.telephones.comes()
    answer = await room.ask(call)
    assert isinstance(answer, Offer)
    room.telephones.contact("seat-01", Reach.UNREACHABLE)
    await room.settled()
    assert room.tells() == [("failed", "seat-01")]
    leg = room.telephones.dials(call, "seat-01", answer.fence)
    assert await room.act("hang_up") == (leg, 16)


async def test_a_caller_who_waits_is_told_his_place_and_again_only_when_it_has_changed(tmp_path: Path) -> None:
    async with desk_room(tmp_path, "zhang-wei", place_first_s=0.1, place_again_s=0.1) as room:
        call, _ = await talks(room)
        second, third = await waits(room), await waits(room, "13800000003")
        assert await room.acts("announce", 2) == [(second, "place-1"), (third, "place-2")]
        await asyncio.sleep(0.25)  # nothing has changed, so nobody is told: here the test waits for nothing to happen
        assert room.exchange.acts == []
        room.telephones.leaves(second)
        assert await room.act("announce") == (third, "place-1")
        assert room.stage(call) == "joined"


# --- the mirror ------------------------------------------------------------------------------------------------------


async def test_the_mirror_is_written_in_the_order_of_the_wishes_however_slow_it_is(room: Room) -> None:
    room.exchange.held = asyncio.Event()
    await room.desk.wish(wish.Pause(new_id(), "seat-01", "meal", "test"))
    await room.desk.wish(wish.SignOut(new_id(), "seat-01", "test"))
    await room.desk.wish(wish.SignIn(new_id(), "seat-01", "wang-fang", "test"))
    await room.desk.wish(wish.Pause(new_id(), "seat-01", "rest", "test"))
    await room.settled()
    assert room.exchange.acts == []
    room.exchange.held.set()
    await until(lambda: len(room.exchange.acts) == 4)
    written = [(each.name, *str((*each.arguments, "")[1]).split()[0:3:2]) for each in room.exchange.acts]
    assert written == [("keep", "zhang-wei", "meal"), ("drop",), ("keep", "wang-fang"), ("keep", "wang-fang", "rest")]
    room.exchange.acts.clear()
    assert room.exchange.database[sign_in_key("seat-01")].split()[0::2] == ["wang-fang", "rest"]


async def test_what_could_not_be_mirrored_is_put_right_after_the_next_look(room: Room) -> None:
    room.exchange.outcomes["keep"] = Refused("no")
    await room.desk.wish(wish.SignIn(new_id(), "seat-03", "wang-fang", "test"))
    await room.act("keep")
    await room.settled()
    del room.exchange.outcomes["keep"]
    room.telephones.database = dict(room.exchange.database)
    await room.look()
    key, value = await room.act("keep")
    assert key == sign_in_key("seat-03")
    assert str(value).startswith("wang-fang ")


async def test_a_new_life_finds_who_is_signed_in_and_what_makes_no_sense_is_taken_away(tmp_path: Path) -> None:
    telephones = Telephones(lambda news: None, Clock())
    telephones.database = {
        "seat-01/at": "zhang-wei 1795445000",
        "seat-02/at": "li-na 1795445000 meal",
        "seat-03/at": "zhang-wei 5",  # signed in at two seats
        "seat-99/at": "wang-fang 5",  # a seat that the centre has no more
        "席/at": "x",
    }
    async with desk_room(tmp_path, telephones=telephones) as room:
        assert sorted(await room.acts("drop", 2)) == [("seat-03/at",), ("seat-99/at",)]
        seats = [(seat.view.person, seat.view.presence.value, seat.view.reason) for seat in room.desk.seats()]
        assert seats == [
            ("zhang-wei", "ready", None),
            ("li-na", "paused", "meal"),
            (None, "signed out", None),
        ]


# --- bugs ------------------------------------------------------------------------------------------------------------


def breaks(room: Room, on: type[Any]) -> None:
    """The core contradicts itself as soon as it hears such an event."""
    handle = room.core.handle

    def broken(heard: Any, now: float) -> Any:
        if isinstance(heard, on):
            raise Bug("the core contradicts itself")
        return handle(heard, now)

    room.core.handle = broken  # type: ignore[method-assign]


def _holds(kind: type[Exception], error: BaseException | None) -> bool:
    if isinstance(error, BaseExceptionGroup):
        return any(_holds(kind, each) for each in error.exceptions)
    return isinstance(error, kind)


async def ended(room: Room) -> None:
    """The desk's life has ended with the bug."""
    await asyncio.wait([room.running], timeout=WITHIN_S)
    assert _holds(Bug, room.running.exception())


async def test_a_bug_in_what_is_heard_ends_the_desk(room: Room) -> None:
    breaks(room, event.LineSeen)
    room.telephones.device("seat-01", Device.BUSY)
    await ended(room)


async def test_a_bug_in_a_question_ends_the_desk_and_whoever_asked_gets_no_answer(room: Room) -> None:
    call = room.telephones.comes()
    breaks(room, event.Asked)
    with pytest.raises(Bug):
        await room.ask(call)
    await ended(room)


async def test_a_bug_in_a_wish_ends_the_desk(room: Room) -> None:
    breaks(room, wish.SignOut)
    with pytest.raises(Bug):
        await room.desk.wish(wish.SignOut(new_id(), "seat-01", "test"))
    await ended(room)


async def test_a_bug_in_what_follows_a_commit_ends_the_desk(room: Room) -> None:
    breaks(room, wish.Committed)
    asked = asyncio.create_task(room.desk.wish(wish.SignOut(new_id(), "seat-01", "test")))
    await ended(room)
    asked.cancel()


async def test_a_bug_in_what_comes_of_an_act_ends_the_desk(alone: Room) -> None:
    call, _ = await talks(alone)
    await waits(alone)
    breaks(alone, event.Undelivered)
    alone.exchange.outcomes["wake"] = LinkLost()
    alone.telephones.leaves(call)
    await ended(alone)


async def test_a_bug_in_what_time_brings_ends_the_desk(tmp_path: Path) -> None:
    async with desk_room(tmp_path, "zhang-wei", report_s=0.1) as room:
        await room.ask(room.telephones.comes())
        breaks(room, event.Tick)
        await ended(room)


async def test_a_bug_in_the_proof_of_life_is_seen_by_who_wanted_it_and_ends_the_desk(room: Room) -> None:
    breaks(room, event.Tick)
    with pytest.raises(Bug):
        room.desk.pulse()
    await ended(room)


async def test_a_bug_in_who_listens_ends_the_desk(room: Room) -> None:
    def deaf(tell: command.Tell) -> None:
        raise Bug("nobody can be told")

    room.desk.tells = deaf
    call = room.telephones.comes()
    answer = await room.ask(call)
    assert isinstance(answer, Offer)
    room.telephones.refuses(room.telephones.dials(call, "seat-01", answer.fence), DialOutcome.FAILED)
    await ended(room)


async def test_a_bug_in_an_act_ends_the_desk(alone: Room) -> None:
    async def wake(channel: str) -> None:
        raise Bug("no such thing as a channel")

    call, _ = await talks(alone)
    await waits(alone)
    alone.exchange.wake = wake  # type: ignore[assignment,method-assign]
    alone.telephones.leaves(call)
    await ended(alone)


# --- what is shown ---------------------------------------------------------------------------------------------------


def shown(room: Room) -> tuple[list[tuple[str, str]], list[tuple[str, str]], list[str]]:
    """What was shown since this was last asked: calls with their stages, seats with their lines, calls that ended."""
    changes, room.shown[:] = list(room.shown), []
    return (
        [(call.view.id, call.view.stage.value) for change in changes for call in change.calls],
        [(seat.view.id, seat.view.line.value) for change in changes for seat in change.seats],
        [call for change in changes for call in change.gone],
    )


async def test_every_change_is_shown_once_and_nothing_that_did_not_change(room: Room) -> None:
    await room.all_shown()
    call = room.telephones.comes()
    answer = await room.ask(call)
    assert isinstance(answer, Offer)
    await until(lambda: any(call.view.stage.value == "reserved" for change in room.shown for call in change.calls))
    calls, seats, gone = shown(room)
    assert (calls[-1], seats, gone) == ((call, "reserved"), [("seat-01", "reserved")], [])
    assert len(calls) == len(set(calls)), "he may have been shown before he asked, too"
    leg = room.telephones.dials(call, "seat-01", answer.fence)
    room.telephones.rings(leg)
    await until(lambda: room.shown)
    room.telephones.answers(leg)
    await until(lambda: any(call.view.stage.value == "joined" for change in room.shown for call in change.calls))
    calls, seats, gone = shown(room)
    assert (calls[-1], seats[-1], gone) == ((call, "joined"), ("seat-01", "talking"), [])
    assert {seat for seat, _ in seats} == {"seat-01"}
    for _ in range(20):
        room.desk.pulse()
    steps = room.desk.steps
    await asyncio.sleep(0.15)  # three times as long as it takes to show: nothing changed, so nothing may be shown
    assert room.desk.steps == steps
    assert shown(room) == ([], [], [])
    room.telephones.leaves(call)
    await until(lambda: any(change.gone for change in room.shown))
    assert shown(room)[2] == [call]
    await until(lambda: room.seat("seat-01").view.free)


async def test_no_call_is_shown_as_gone_that_was_not_shown_before_and_none_is_forgotten(room: Room) -> None:
    await room.all_shown()
    for number in range(60):
        call = room.telephones.comes(f"1390000{number:04d}")
        assert isinstance(await room.ask(call), Offer)
        if number % 3:
            await asyncio.sleep(0.002)
        if number == 30:
            await until(lambda: room.shown)  # the others may all come and go between two looks at what has changed
        room.telephones.leaves(call)
    await room.settled()
    known: set[str] = set()
    await until(lambda: not room.desk.calls())
    await room.desk_shows()
    for change in room.shown:
        known |= {call.view.id for call in change.calls}
        assert known.issuperset(change.gone)
        known -= set(change.gone)
    assert known == set()


async def test_with_200_calls_and_100_seats_a_flood_of_news_lets_questions_in_and_shows_little(tmp_path: Path) -> None:
    seats = [f"seat-{number:03d}" for number in range(100)]
    async with desk_room(tmp_path, seats=seats, people=PEOPLE) as room:
        for number in range(200):
            await room.ask(room.telephones.comes(f"1390000{number:04d}"))
        assert len(room.desk.calls()) == 200
        assert set(room.tells()) == {("nobody-works", None)}
        await until(lambda: sum(len(change.calls) for change in room.shown) >= 200)
        call = room.telephones.comes("13800000001")
        await room.settled()
        for number in range(5_000):
            state = Device.FREE if number // 100 % 2 else Device.BUSY
            room.exchange.tell(told.DeviceChanged(room.clock(), seats[number % 100], state))
        room.shown.clear()
        began, loop = room.desk.steps, asyncio.get_running_loop()
        handled: list[int] = []

        async def ask() -> Answer:
            answer = await room.desk.answer(room.question(call))
            handled.append(room.desk.steps - began)
            return answer

        at = loop.time()
        for _ in range(5):
            await asyncio.create_task(ask())
        assert handled[0] <= 3 * BREATHE
        assert all(later - earlier <= 3 * BREATHE for earlier, later in pairwise(handled))
        await room.exchange.heard()
        lasted = loop.time() - at
        assert len(room.shown) <= lasted / 0.05 + 2
        room.told.clear()
