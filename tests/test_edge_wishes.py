"""What a person wants counts when it is written down, not before: a journal that refuses, fails, or does not know."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from intake import wish
from intake.edge.desk import COMMIT_TRIES, NotGranted
from journal import Committed, CommitUnknown, Fact, NotCommitted, Refusal, Unit, new_id
from telephony.agi.answer import Net, Offer
from tests.edge_room import PEOPLE, WITHIN_S, Room, desk_room, until

SEAT, WHO = "seat-01", "zhang-wei"


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[Room]:
    """Three seats, and nobody at work."""
    async with desk_room(tmp_path) as room:
        yield room


def sign_in(seat: str = SEAT, person: str = WHO) -> wish.SignIn:
    return wish.SignIn(new_id(), seat, person, "test")


Work = Callable[[Unit], Any]
Decide = Callable[[Work], Any]


def journal_says(room: Room, *answers: Callable[[Decide, Work], Any]) -> list[str]:
    """The journal's next decisions come out like this, and after them as they do; what it was asked."""
    decide, left, asked = room.journal.decide, list(answers), list[str]()

    async def answered(work: Work) -> Any:
        asked.append("decide")
        return await (left.pop(0)(decide, work) if left else decide(work))

    room.journal.decide = answered  # type: ignore[method-assign]
    return asked


def raises(error: Exception) -> Callable[[Decide, Work], Any]:
    async def broken(decide: Decide, work: Work) -> Any:
        raise error

    return broken


def refuses(why: Refusal) -> Callable[[Decide, Work], Any]:
    async def refused(decide: Decide, work: Work) -> Any:
        return why

    return refused


async def commits_and_does_not_know(decide: Decide, work: Work) -> Any:
    """It is on disk, and the connection is lost before anybody hears of it."""
    done = await decide(work)
    assert isinstance(done, Committed)
    raise CommitUnknown("the connection was lost")


async def refused(room: Room, wanted: wish.Wish) -> str:
    """The wish is not granted, and nothing has changed; the code of why."""
    before = room.desk.seats()
    with pytest.raises(NotGranted) as why:
        await room.desk.wish(wanted)
    assert str(why.value)
    assert [seat.view for seat in room.desk.seats()] == [seat.view for seat in before]
    return why.value.code


def told(facts: list[Fact]) -> list[tuple[str, dict[str, str]]]:
    return [(each.body["what"], dict(each.subjects)) for each in facts]


# --- granted ---------------------------------------------------------------------------------------------------------


async def test_a_day_of_wishes_is_written_down_mirrored_and_shown(room: Room) -> None:
    await room.desk.wish(sign_in())
    seat = room.seat(SEAT)
    assert seat.person is not None
    assert (seat.person.name.zh, seat.view.presence.value, seat.view.free) == ("张伟", "ready", True)
    assert seat.free_since is not None
    await room.desk.wish(wish.Pause(new_id(), SEAT, "meal", "test"))
    assert (room.seat(SEAT).view.presence.value, room.seat(SEAT).view.reason) == ("paused", "meal")
    assert room.seat(SEAT).free_since is None
    await room.desk.wish(wish.Ready(new_id(), SEAT, "test"))
    await room.desk.wish(wish.SignOut(new_id(), SEAT, "test"))
    assert room.seat(SEAT).person is None
    facts = await room.facts()
    whom = {"seat": SEAT, "person": WHO}
    assert told(facts) == [("SignedIn", whom), ("Paused", whom), ("Resumed", whom), ("SignedOut", whom)]
    assert (facts[1].body["reason"], {each.body["by"] for each in facts}) == ("meal", {"test"})
    assert len(await room.acts("keep", 3)) == 3
    await room.act("drop")


async def test_until_a_sign_in_is_on_disk_nobody_is_offered_a_call_for_it(room: Room) -> None:
    written = asyncio.Event()

    async def slow(decide: Decide, work: Work) -> Any:
        await written.wait()
        return await decide(work)

    journal_says(room, slow)
    asked = asyncio.create_task(room.desk.wish(sign_in()))
    call = room.telephones.comes()
    assert await room.ask(call) == Net(1)
    assert room.tells() == [("nobody-works", None)]
    assert not asked.done()
    assert room.seat(SEAT).person is None
    written.set()
    await asked
    await room.act("keep")
    room.telephones.goes(call, "asking", fence=1)
    assert isinstance(await room.ask(call), Offer)


async def test_a_sign_out_lets_who_rings_finish_and_nobody_new_is_offered(room: Room) -> None:
    await room.sign_in(WHO)
    call = room.telephones.comes()
    answer = await room.ask(call)
    assert isinstance(answer, Offer)
    leg = room.telephones.dials(call, SEAT, answer.fence)
    room.telephones.rings(leg)
    await room.desk.wish(wish.SignOut(new_id(), SEAT, "test"))
    await room.act("drop")
    room.telephones.answers(leg)
    await room.settled()
    assert room.stage(call) == "joined"
    assert await room.ask(room.telephones.comes("13800000002")) == Net(2)
    assert room.tells() == [("nobody-works", None)]


# --- refused ---------------------------------------------------------------------------------------------------------


async def test_what_cannot_be_is_refused_with_a_code_and_nothing_is_written(room: Room) -> None:
    await room.sign_in(WHO)
    await room.facts()
    assert await refused(room, sign_in("seat-99", "li-na")) == "no_such_seat"
    assert await refused(room, sign_in("seat-02", "nobody")) == "no_such_person"
    assert await refused(room, sign_in("seat-02", WHO)) == "signed_in_elsewhere"
    assert await refused(room, sign_in(SEAT, WHO)) == "signed_in_already"
    assert await refused(room, sign_in(SEAT, "li-na")) == "seat_taken"
    assert await refused(room, wish.SignOut(new_id(), "seat-02", "test")) == "not_signed_in"
    assert await refused(room, wish.Ready(new_id(), "seat-02", "test")) == "not_signed_in"
    assert await refused(room, wish.Pause(new_id(), "seat-02", "meal", "test")) == "not_signed_in"
    assert await refused(room, wish.Pause(new_id(), SEAT, "fishing", "test")) == "no_such_reason"
    assert await room.facts() == []


async def test_of_two_wishes_about_one_seat_or_one_person_at_once_the_second_is_refused(room: Room) -> None:
    written = asyncio.Event()

    async def slow(decide: Decide, work: Work) -> Any:
        await written.wait()
        return await decide(work)

    journal_says(room, slow)
    first = asyncio.create_task(room.desk.wish(sign_in()))
    await room.settled()
    assert await refused(room, sign_in(SEAT, "li-na")) == "under_way"
    assert await refused(room, sign_in("seat-02", WHO)) == "under_way"
    written.set()
    await first
    await room.act("keep")
    assert told(await room.facts()) == [("SignedIn", {"seat": SEAT, "person": WHO})]


@pytest.mark.parametrize(
    "answer", [refuses(Refusal.FULL), refuses(Refusal.CLOSED), raises(NotCommitted("the disk is full"))]
)
async def test_what_the_journal_does_not_take_is_not_granted_and_can_be_wished_again(
    room: Room, answer: Callable[[Decide, Work], Any]
) -> None:
    asked = journal_says(room, answer)
    assert await refused(room, sign_in()) == "not_written_down"
    assert asked == ["decide"]
    assert await room.facts() == []
    await room.desk.wish(sign_in())
    await room.act("keep")
    assert told(await room.facts()) == [("SignedIn", {"seat": SEAT, "person": WHO})]


async def test_a_commit_of_which_nobody_knows_is_tried_again_and_written_once(room: Room) -> None:
    asked = journal_says(room, commits_and_does_not_know)
    await room.desk.wish(sign_in())
    await room.act("keep")
    assert asked == ["decide", "decide"]
    assert told(await room.facts()) == [("SignedIn", {"seat": SEAT, "person": WHO})]


async def test_a_commit_of_which_nobody_knows_and_that_did_not_happen_is_tried_again(room: Room) -> None:
    journal_says(room, raises(CommitUnknown("lost")), raises(CommitUnknown("lost")))
    await room.desk.wish(sign_in())
    await room.act("keep")
    assert told(await room.facts()) == [("SignedIn", {"seat": SEAT, "person": WHO})]


async def test_a_commit_of_which_nobody_ever_knows_is_given_up_and_the_wish_not_granted(room: Room) -> None:
    asked = journal_says(room, *[raises(CommitUnknown("lost"))] * COMMIT_TRIES)
    assert await refused(room, sign_in()) == "not_written_down"
    assert len(asked) == COMMIT_TRIES


async def test_a_bug_in_the_journal_ends_the_desk(room: Room) -> None:
    journal_says(room, raises(ZeroDivisionError()))
    asked = asyncio.create_task(room.desk.wish(sign_in()))
    await asyncio.wait([room.running], timeout=WITHIN_S)
    assert room.running.done()
    asked.cancel()
    room.exchange.acts.clear()


async def test_who_does_not_wait_for_his_wish_has_it_all_the_same(room: Room) -> None:
    asked = asyncio.create_task(room.desk.wish(sign_in()))
    await room.settled()
    asked.cancel()
    await until(lambda: room.seat(SEAT).person is not None)
    await room.act("keep")
    assert told(await room.facts()) == [("SignedIn", {"seat": SEAT, "person": WHO})]


async def test_all_sign_in_at_once_and_each_gets_his_own_seat(room: Room) -> None:
    people = [person.id for person in PEOPLE]
    await asyncio.gather(*(room.desk.wish(sign_in(f"seat-0{n}", person)) for n, person in enumerate(people, 1)))
    assert [seat.view.person for seat in room.desk.seats()] == people
    assert len(await room.acts("keep", 3)) == 3
    assert len(await room.facts()) == 3
