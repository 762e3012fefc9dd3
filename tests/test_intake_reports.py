"""Reports that are late, doubled or lost; on a clock that the tests wind, under the rules of `tests.intake_room`."""

import pytest

from intake import command, event
from intake.line import Line
from intake.outcome import Outcome
from intake.person import Presence
from intake.snapshot import CallSeen, Device, Place, SeatSeen
from intake.stage import Stage
from tests.intake_room import Room, snapshot


def test_a_second_question_for_the_same_decision_gets_the_same_answer() -> None:
    room = Room("ab")
    first, second = room.ask("1"), room.ask("1")
    assert isinstance(second, command.Offer)
    assert isinstance(first, command.Offer)
    assert (first.fence, first.seats) == (second.fence, second.seats)


def test_reports_with_an_old_fence_change_nothing() -> None:
    room = Room("ab")
    room.ask("1")
    room.ring("1")
    room.hear(event.OfferOver("1", 1, Outcome.REJECTED))
    room.ask("1", fence=1)
    before = (room.call("1").stage, room.call("1").seats, room.seat("b").line)
    for stale in (
        event.OfferOver("1", 1, Outcome.NO_ANSWER),
        event.SeatOutcome("1", 1, "b", Outcome.REJECTED),
        event.Dialled("1", "b", 1),
        event.Rings("1", "b", 1),
        event.Undelivered("1", 1),
    ):
        step = room.hear(stale)
        assert (step.commands, step.witnessed) == ((), ())
    assert (room.call("1").stage, room.call("1").seats, room.seat("b").line) == before


def test_a_fence_from_elsewhere_is_never_given_again() -> None:
    room = Room("a")
    room.hear(event.OfferOver("other", 900, Outcome.BUSY))
    assert room.ask("1").fence == 901


def test_rings_and_dials_in_the_wrong_order_come_to_the_same() -> None:
    room = Room("a")
    room.ask("1")
    room.hear(event.Rings("1", "a", 1))
    room.hear(event.Dialled("1", "a", 1))
    assert room.seat("a").line is Line.RINGING


def test_an_offer_of_which_nothing_is_heard_is_asked_about_and_never_dialled_again_blindly() -> None:
    room = Room("ab")
    room.ask("1")
    steps = room.wind(10)
    assert not room.commands(command.Fetch, steps)
    assert len(room.commands(command.AskCall, steps)) == 5
    assert room.seat("a").line is Line.RESERVED
    about = room.commands(command.AskCall, steps)[-1]
    room.hear(event.CallFound("1", about.turn, CallSeen("1", Place.OFFERED, 1, ("a",))))
    room.hear(event.Rings("1", "a", 1))
    room.answer("1")
    assert room.call("1").seat == "a"


def test_an_answer_of_asterisk_that_was_overtaken_by_an_event_does_not_count() -> None:
    room = Room("a")
    room.ask("1")
    about = room.commands(command.AskCall, room.wind(2))[-1]
    room.ring("1")
    room.hear(event.CallFound("1", about.turn, CallSeen("1", Place.WAITING)))
    assert room.stage("1") is Stage.OFFERED


def test_a_slow_answer_about_a_seats_last_conversation_does_not_end_the_next_one() -> None:
    room = Room("a")
    room.talk("1")
    (asked,) = room.commands(command.AskSeat, [room.hear(event.LineSeen("a", Device.IDLE))])
    room.hang_up("1")
    room.talk("2")
    room.hear(event.SeatFound(asked.turn, SeatSeen("a", Device.IDLE)))
    assert (room.seat("a").line, room.call("2").seat) == (Line.TALKING, "a")


def test_an_answer_that_came_too_late_for_the_dialplan_frees_its_seat_for_the_next_caller() -> None:
    room = Room("a")
    room.ask("1")
    (about,) = room.commands(command.AskCall, [room.hear(event.Unanswered("1"))])
    room.hear(event.CallFound("1", about.turn, CallSeen("1", Place.NET)))
    assert room.stage("1") is Stage.NET
    assert room.ask("2").seats == ("a",)  # type: ignore[union-attr]


def test_a_word_about_an_ended_call_does_not_bring_it_back() -> None:
    room = Room("a")
    room.talk("1")
    room.hang_up("1")
    room.hear(event.Unanswered("1"))
    room.hear(event.Joined("1", "a"))
    assert isinstance(room.ask("1"), command.UseNet)
    assert not room.hall.calls


def test_who_was_only_found_to_be_gone_and_asks_after_all_is_a_caller_like_any_other() -> None:
    room = Room("a")
    room.hear(event.Unanswered("1"))
    (about,) = room.commands(command.AskCall)
    room.hear(event.CallFound("1", about.turn, None))
    assert not room.hall.calls
    assert room.talk("1") == "a"


def test_whom_a_snapshot_did_not_show_and_who_asks_after_all_is_a_caller_like_any_other() -> None:
    room = Room("a")
    room.ask("1")
    room.wind(10)
    room.hear(event.Resync(snapshot("a", "a")))
    assert not room.hall.calls
    assert room.talk("1") == "a"


def test_one_who_asked_as_he_hung_up_and_was_found_gone_is_found_gone_again_and_holds_no_seat() -> None:
    room = Room("a")
    room.ask("1")
    (about, *_) = room.commands(command.AskCall, room.wind(2))
    room.hear(event.CallFound("1", about.turn, None))
    assert isinstance(room.ask("1"), command.Offer)
    (about, *_) = room.commands(command.AskCall, room.wind(2))
    room.hear(event.CallFound("1", about.turn, None))
    assert room.seat("a").free


def test_a_clock_that_steps_back_an_hour_moves_no_deadline() -> None:
    room = Room("a", wrap_up_s=10)
    room.talk("1")
    room.hang_up("1")
    assert room.seat("a").presence is Presence.WRAP_UP
    room.wind(4)
    room.hear(event.Tick())
    room.now -= 3600
    room.hear(event.Tick())
    assert room.distributor.next_deadline() == pytest.approx(room.now + 6)
    room.wind(6)
    assert room.seat("a").presence is Presence.READY
