"""What the desk writes into the journal: what it saw, with Asterisk's times and ids; nothing that it only found out."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from intake import fact, wish
from intake.edge import past
from intake.edge.writing import TYPES, answered_id, draft_of, end_id, start_id
from intake.outcome import Outcome
from journal import Draft, Fact, LogEvent, Refusal, Registry, new_id
from telephony.agi.answer import Net, Nothing, Offer, Wait
from telephony.manager.event import DialOutcome
from telephony.manager.exchange import Gap, Why
from tests.edge_room import Room, desk_room, open_journal
from tests.edge_telephones import Telephones
from tests.journal_places import START, Clock

# --- one fact, one entry ---------------------------------------------------------------------------------------------

EVERY: tuple[fact.Witnessed | fact.Decided, ...] = (
    fact.SignedIn("seat-01", "zhang-wei", "phone"),
    fact.SignedOut("seat-01", "zhang-wei", "phone"),
    fact.Paused("seat-01", "zhang-wei", "meal", "phone"),
    fact.Resumed("seat-01", "zhang-wei", "phone"),
    fact.CallArrived("c.1", "119", "13800000001"),
    fact.CallQueued("c.1", 3),
    fact.CallOffered("c.1", 7, ("seat-01", "seat-02"), 1, "longest-idle"),
    fact.SeatRang("c.1", "seat-01"),
    fact.OfferFailed("c.1", 7, "seat-01", Outcome.NO_ANSWER),
    fact.CallAnswered("c.1", "seat-01", "zhang-wei", 2.34567, by_net=False),
    fact.CallHeld("c.1", "seat-01", over=False),
    fact.CallCameBack("c.1", "seat-01"),
    fact.CallLeft("c.1", decided=True),
    fact.CallEnded("c.1", answered=True, lasted_s=61.0005),
    fact.Suspended("seat-01", "zhang-wei", "no-answer", "c.1"),
    fact.WrapUp("seat-01", "zhang-wei", over=True),
    fact.LineFault("seat-01", over=False),
    fact.Repaired("waiting", "gone", call="c.1"),
    fact.Discrepancy("seat-01", "held_without_call", "nobody talks on this line"),
)


@pytest.mark.parametrize("told", EVERY, ids=lambda told: type(told).__name__)
def test_every_fact_of_the_core_has_an_entry_of_a_type_that_is_registered(told: Any) -> None:
    draft = draft_of(told, START)
    Registry(TYPES).check(draft.type, draft.subjects)
    assert f'"what":"{type(told).__name__}"' in draft.body
    assert Draft.from_text(draft.to_text()) == draft


def test_no_kind_of_fact_is_without_an_entry() -> None:
    kinds = {*fact.Decided.__args__, *fact.Witnessed.__args__}
    assert {type(told) for told in EVERY} == kinds


def test_a_callers_number_stands_only_in_what_can_be_erased() -> None:
    draft = draft_of(fact.CallArrived("c.1", "119", "13800000001"), START)
    assert draft.personal == '{"caller":"13800000001"}'
    assert "138" not in draft.body
    assert draft_of(fact.CallArrived("c.1", "119", ""), START).personal is None


def test_seats_persons_and_calls_are_subjects_and_seconds_are_told_to_the_millisecond() -> None:
    draft = draft_of(fact.CallAnswered("c.1", "seat-01", "zhang-wei", 2.34567, by_net=False), START)
    assert draft.subjects == (("call", "c.1"), ("person", "zhang-wei"), ("seat", "seat-01"))
    assert draft.body == '{"by_net":false,"waited_s":2.346,"what":"CallAnswered"}'


def test_what_is_nothing_is_left_out_and_what_is_more_is_put_in() -> None:
    draft = draft_of(fact.CallAnswered("c.1", "seat-01", None, 2.0, by_net=True), START, more={"without_engine": True})
    assert draft.subjects == (("call", "c.1"), ("seat", "seat-01"))
    assert draft.body == '{"by_net":true,"waited_s":2.0,"what":"CallAnswered","without_engine":true}'


def test_two_writers_give_one_happening_one_id() -> None:
    assert (start_id("c.1"), answered_id("c.1", "c.7"), end_id("c.1")) == ("c.1:start", "c.1:answered:c.7", "c.1:end")
    assert draft_of(EVERY[4], START, id=start_id("c.1")).id == "c.1:start"
    assert draft_of(EVERY[4], START).id != draft_of(EVERY[4], START).id


# --- a call, as it was seen ------------------------------------------------------------------------------------------


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def room(tmp_path: Path, clock: Clock) -> AsyncIterator[Room]:
    async with desk_room(tmp_path, "zhang-wei", "li-na", clock=clock) as room:
        yield room


async def offered(room: Room, call: str, *, after_s: float = 0.0) -> str:
    """A caller asks, and the seat that he gets is dialled; its channel."""
    answer = await room.ask(call)
    assert isinstance(answer, Offer), answer
    room.clock.wind(after_s)
    return room.telephones.dials(call, answer.seats[0], answer.fence)


async def by_seat(room: Room, number: str = "13800000001") -> tuple[str, str]:
    """A caller who talks with the seat that was chosen for him; call and channel."""
    call = room.telephones.comes(number)
    leg = await offered(room, call)
    room.telephones.answers(leg)
    await room.settled()
    return call, leg


def what(facts: list[Fact]) -> list[str]:
    return [each.body["what"] for each in facts]


async def test_a_call_stands_in_the_journal_with_asterisks_times_and_ids(room: Room, clock: Clock) -> None:
    call = room.telephones.comes("13800000001", "119")
    await room.settled()
    clock.wind(0.25)
    leg = await offered(room, call, after_s=0.5)
    clock.wind(0.5)
    room.telephones.rings(leg)
    clock.wind(4)
    room.telephones.answers(leg)
    clock.wind(60)
    room.telephones.holds(leg)
    clock.wind(5)
    room.telephones.holds(leg, resumes=True)
    clock.wind(30)
    room.telephones.leaves(call)
    facts = await room.facts()
    assert [(each.body["what"], round((each.time - START).total_seconds(), 3)) for each in facts] == [
        ("CallArrived", 0.0),
        ("CallOffered", 0.25),
        ("SeatRang", 1.25),
        ("CallAnswered", 5.25),
        ("CallHeld", 65.25),
        ("CallHeld", 70.25),
        ("CallEnded", 100.25),
    ]
    assert {each.subjects["call"] for each in facts} == {call}
    arrived, chosen, _, answered, _, _, ended = facts
    assert (arrived.id, answered.id, ended.id) == (start_id(call), answered_id(call, leg), end_id(call))
    assert (arrived.type, dict(arrived.subjects), arrived.personal) == (
        LogEvent.CALL_START,
        {"call": call},
        {"caller": "13800000001"},
    )
    assert arrived.body == {"what": "CallArrived", "called": "119", "age_s": 0.0}
    assert (chosen.type, chosen.body["seats"], chosen.body["fence"]) == (LogEvent.ROUTE, ["seat-01"], 1)
    assert answered.subjects == {"call": call, "seat": "seat-01", "person": "zhang-wei"}
    assert answered.body == {"what": "CallAnswered", "waited_s": 5.25, "by_net": False}
    assert ended.body == {"what": "CallEnded", "answered": True, "lasted_s": 100.25, "found": False}


async def test_a_call_that_the_net_took_while_we_lived_is_written_as_seen_and_as_the_nets(room: Room) -> None:
    call = room.telephones.comes("13800000001", "110")
    room.telephones.unanswered(call)
    await room.looked()
    now = room.call(call)
    assert now is not None
    assert now.view.need.service == "police"
    leg = room.telephones.dials(call, "seat-02")
    room.clock.wind(7)
    room.telephones.answers(leg)
    room.clock.wind(20)
    room.telephones.leaves(call)
    facts = await room.facts()
    assert what(facts) == ["CallArrived", "CallLeft", "CallAnswered", "CallEnded"]
    assert [each.id for each in (facts[0], *facts[2:])] == [start_id(call), answered_id(call, leg), end_id(call)]
    assert (facts[0].body["called"], facts[1].body["decided"]) == ("110", False)
    assert facts[2].body == {"what": "CallAnswered", "waited_s": 7.0, "by_net": True}
    assert facts[2].subjects["person"] == "li-na"


async def test_a_caller_who_came_back_and_was_answered_again_was_answered_twice_each_with_its_own_channel(
    room: Room,
) -> None:
    call, first = await by_seat(room)
    room.clock.wind(1)
    room.telephones.drops(first)
    room.telephones.comes_back(call, DialOutcome.ACCEPTED)
    second = await offered(room, call)
    room.telephones.answers(second)
    room.clock.wind(1)
    room.telephones.leaves(call)
    facts = await room.facts()
    assert what(facts) == [
        *("CallArrived", "CallOffered", "CallAnswered"),
        *("CallCameBack", "CallOffered", "CallAnswered", "CallEnded"),
    ]
    assert [each.id for each in facts if each.body["what"] == "CallAnswered"] == [
        answered_id(call, first),
        answered_id(call, second),
    ]


async def test_who_was_gone_before_he_asked_stands_in_the_journal_with_beginning_and_end(room: Room) -> None:
    call = room.telephones.comes()
    room.clock.wind(0.5)
    room.telephones.leaves(call)
    facts = await room.facts()
    assert [(each.id, each.body["what"]) for each in facts] == [
        (start_id(call), "CallArrived"),
        (end_id(call), "CallEnded"),
    ]
    assert (facts[1].body["answered"], facts[1].body["lasted_s"]) == (False, 0.5)
    assert facts[0].personal == {"caller": "13800000001"}


async def test_a_call_whose_question_overtook_the_news_of_it_is_written_once(room: Room) -> None:
    room.telephones._tell = lambda news: None
    call = room.telephones.comes()
    room.telephones._tell = room.exchange.tell
    await room.ask(call)
    room.exchange.tell(room.telephones.seen())
    room.telephones.leaves(call)
    facts = await room.facts()
    assert [each.id for each in facts if each.id in (start_id(call), end_id(call))] == [start_id(call), end_id(call)]
    assert facts[0].body["called"] == "119"


async def test_a_caller_without_a_number_has_nothing_personal(room: Room) -> None:
    call = room.telephones.comes(number="")
    await room.ask(call)
    room.telephones.leaves(call)
    arrived, *_ = await room.facts()
    assert (arrived.subjects["call"], arrived.personal, arrived.digest) == (call, None, None)


async def test_what_the_journal_has_no_room_for_is_counted_and_the_caller_does_not_notice(room: Room) -> None:
    room.journal.witness = lambda draft: Refusal.FULL  # type: ignore[method-assign]
    call, _ = await by_seat(room)
    assert room.stage(call) == "joined"
    assert room.desk.unwritten == 3
    room.telephones.leaves(call)
    await room.settled()
    room.desk._scribe.unwritten = 0


# --- what was only found out -----------------------------------------------------------------------------------------


async def test_of_a_call_that_was_answered_before_we_came_nothing_is_written_not_even_its_end(tmp_path: Path) -> None:
    """The catch-up writes it, from the channel event log, with its true times."""
    telephones = Telephones(lambda news: None, Clock())
    call = telephones.comes()
    telephones.answers(telephones.dials(call, "seat-01"))
    async with desk_room(tmp_path, telephones=telephones) as room:
        assert room.stage(call) == "joined"
        telephones.leaves(call)
        assert await room.facts() == []


async def test_a_call_that_is_adopted_while_it_waits_is_answered_before_our_eyes_but_left_to_the_catch_up(
    tmp_path: Path,
) -> None:
    telephones = Telephones(lambda news: None, Clock())
    call = telephones.comes()
    telephones.waits(call, 3)
    telephones.database["seat-01/at"] = "zhang-wei 1795445000"
    async with desk_room(tmp_path, telephones=telephones) as room:
        assert await room.act("wake") == (call,)
        telephones.answers(await offered(room, call))
        telephones.leaves(call)
        assert set(what(await room.facts())) <= {"CallOffered"}


async def test_a_call_that_ended_during_a_gap_is_told_as_repaired_and_its_end_is_not_made_up(room: Room) -> None:
    call, _ = await by_seat(room)
    await room.facts()
    room.exchange.tell(Gap(Why.LINK))
    await room.settled()
    room.telephones._tell = lambda news: None
    room.telephones.leaves(call)
    room.telephones._tell = room.exchange.tell
    await room.look()
    facts = await room.facts()
    assert [(each.body["what"], each.body.get("found")) for each in facts if "call" in each.subjects] == [
        ("Repaired", "gone")
    ]
    assert room.desk._scribe._begun == {}


async def test_a_call_that_was_answered_during_a_gap_is_not_written_as_answered_now(room: Room) -> None:
    call = room.telephones.comes()
    leg = await offered(room, call)
    await room.facts()
    room.exchange.tell(Gap(Why.OVERFLOW))
    await room.settled()
    room.telephones._tell = lambda news: None
    room.telephones.answers(leg)
    room.telephones._tell = room.exchange.tell
    await room.look()
    assert (room.stage(call), room.seat("seat-01").view.line.value) == ("joined", "talking")
    room.clock.wind(9)
    room.telephones.leaves(call)
    facts = [each for each in await room.facts() if each.body["what"] != "Repaired"]
    assert [(each.id, each.body["answered"]) for each in facts] == [(end_id(call), True)]


# --- two lives on one journal ----------------------------------------------------------------------------------------


async def test_a_new_life_goes_on_where_the_old_one_was_killed(tmp_path: Path) -> None:
    clock = Clock()
    journal = await asyncio.to_thread(open_journal, tmp_path)
    first = Room(journal, clock)
    await first.look()
    await first.sign_in("zhang-wei")
    talking, leg = await by_seat(first)
    clock.wind(0.4)
    waiting = first.telephones.comes("13800000002", "110")
    told = await first.ask(waiting)
    assert isinstance(told, Wait)
    first.telephones.waits(waiting, told.fence)
    before = {call.view.id: call for call in first.desk.calls()}
    written = await first.facts()
    await first.close()

    clock.wind(3)
    telephones = first.telephones
    second = Room(journal, clock, telephones=telephones)
    second._seen = written[-1].sequence
    assert await second.ask(waiting) == Nothing()
    await second.look()
    after = {call.view.id: call for call in second.desk.calls()}
    assert list(after) == list(before)
    for id, call in after.items():
        assert call.arrived_at == before[id].arrived_at
        assert (call.called, call.caller) == (before[id].called, before[id].caller)
        assert (call.answered_at, call.by_net) == (before[id].answered_at, before[id].by_net)
        assert (call.view.stage, call.view.seat) == (before[id].view.stage, before[id].view.seat)
    assert second.seat("seat-01").person == first.seat("seat-01").person
    assert second.core.fence >= first.core.fence

    clock.wind(5)
    telephones.leaves(talking)
    assert await second.act("wake") == (waiting,)
    answer = await second.ask(waiting)
    assert isinstance(answer, Offer)
    assert answer.fence > first.core.fence
    other = telephones.dials(waiting, "seat-01", answer.fence)
    telephones.answers(other)
    clock.wind(10)
    telephones.leaves(waiting)
    facts = [*written, *await second.facts()]
    await second.close()
    await asyncio.to_thread(journal.close)
    for id in (start_id(talking), answered_id(talking, leg), end_id(talking)):
        assert sum(each.id == id for each in facts) == 1
    for id in (start_id(waiting), answered_id(waiting, other), end_id(waiting)):
        assert sum(each.id == id for each in facts) == 1
    ends = {each.id: each.body for each in facts if each.body["what"] == "CallEnded"}
    assert ends[end_id(talking)]["lasted_s"] == 8.4
    assert ends[end_id(waiting)]["lasted_s"] == 18.0
    assert "Repaired" not in what(facts)


async def test_the_highest_fence_of_an_old_life_is_found_though_other_routes_were_written_after_it(
    tmp_path: Path,
) -> None:
    async with desk_room(tmp_path, "zhang-wei") as room:
        call, _ = await by_seat(room)
        room.telephones.leaves(call)
        await room.settled()
        await room.desk.wish(wish.SignOut(new_id(), "seat-01", "test"))
        await room.act("drop")
        answer = await room.ask(room.telephones.comes())
        assert isinstance(answer, Net)
        assert room.tells() == [("nobody-works", None)]
        assert what(await room.facts())[-1] == "CallLeft"
        assert past.last_fence(room.journal.reader) >= 1


async def test_a_new_life_without_a_call_goes_on_counting_fences(tmp_path: Path) -> None:
    for life in (1, 2, 3):
        async with desk_room(tmp_path) as room:
            call = room.telephones.comes()
            assert await room.ask(call) == Net(life)
            room.telephones.leaves(call)
            assert room.tells() == [("nobody-works", None)]


async def test_an_empty_journal_knows_no_call_and_no_fence(tmp_path: Path) -> None:
    journal = await asyncio.to_thread(open_journal, tmp_path)
    assert past.begun(journal.reader, ["liandong-1.1"]) == {}
    assert past.last_fence(journal.reader) == 0
    await asyncio.to_thread(journal.close)


async def test_a_call_of_which_the_journal_has_only_the_end_has_no_beginning(tmp_path: Path) -> None:
    journal = await asyncio.to_thread(open_journal, tmp_path)
    journal.witness(draft_of(fact.CallEnded("c.1", answered=False, lasted_s=1.0), START, id=end_id("c.1")))
    assert await asyncio.to_thread(journal.wait_behind, 10)
    assert past.begun(journal.reader, ["c.1"]) == {}
    await asyncio.to_thread(journal.close)
