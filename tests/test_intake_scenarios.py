"""Scenes of the field, on a clock that the tests wind; after every step the rules of `tests.intake_room` hold."""

import pytest

from intake import command, event, fact, wish
from intake.line import Line
from intake.outcome import Outcome
from intake.person import Presence
from intake.snapshot import Device, SeatSeen
from intake.stage import Stage
from tests.intake_room import Room, person

# Who gets the call.


def test_the_seat_that_has_been_free_for_longest_gets_the_call() -> None:
    room = Room("abc")
    assert room.ask("1") == command.Offer("q1", "1", 1, ("a",), 6)
    assert room.seat("a").line is Line.RESERVED


def test_a_seat_that_has_just_talked_is_the_last_to_be_chosen() -> None:
    room = Room("ab")
    assert room.talk("1") == "a"
    room.hang_up("1")
    assert [room.talk("2"), room.talk("3")] == ["b", "a"]


def test_a_seat_whose_caller_gave_up_has_lost_nothing_of_its_time_free() -> None:
    room = Room("ab")
    room.ask("1")
    room.ring("1")
    room.wind(3)
    room.hear(event.CallerGone("1"))
    assert room.ask("2").seats == ("a",)  # type: ignore[union-attr]


def test_twenty_callers_on_three_seats_are_served_in_the_order_in_which_they_came() -> None:
    room = Room("abc")
    for number in range(20):
        room.ask(f"{number}")
        room.wind(0.01)
    served: list[str] = []
    while room.hall.calls:
        for call in [name for name in room.hall.calls if room.stage(name) is Stage.RESERVED]:
            room.ring(call)
            room.answer(call)
            served.append(call)
        room.hang_up(next(call for call in served if call in room.hall.calls))
    assert served == [f"{number}" for number in range(20)]


def test_a_more_urgent_caller_goes_before_all_who_came_earlier() -> None:
    room = Room("a", services={"fire": {"priority": 8}})
    talking = "0"
    room.talk(talking)
    room.ask("1", service="police")
    room.ask("2", service="fire")
    room.ask("3", service="fire", priority=2)  # a nuisance caller is lowered, and still served
    room.hang_up(talking)
    order = []
    for _ in range(3):
        order.append(next(name for name in room.hall.calls if room.stage(name) is Stage.RESERVED))
        room.ring(order[-1])
        room.answer(order[-1])
        room.hang_up(order[-1])
    assert order == ["2", "1", "3"]


def test_a_call_goes_to_who_knows_its_service_and_its_language() -> None:
    staff = [person("p-a", {"police": 5}), person("p-b", {"fire": 1}), person("p-c", {"fire": 9}, ("zh", "en"))]
    room = Room("abc", staff)
    assert room.ask("1", service="fire").seats == ("b",)  # type: ignore[union-attr]
    assert room.ask("2", service="fire", language="en").seats == ("c",)  # type: ignore[union-attr]
    assert isinstance(room.ask("3", service="fire"), command.Wait)


def test_the_best_skilled_is_chosen_first_where_the_centre_wants_it() -> None:
    staff = [person("p-a", {"fire": 2}), person("p-b", {"fire": 9}), person("p-c", {"fire": 5})]
    room = Room("abc", staff, strategy="best-skill")
    chosen = [room.ask(name, service="fire") for name in "123"]
    assert [each.seats for each in chosen] == [("b",), ("c",), ("a",)]  # type: ignore[union-attr]


def test_a_caller_who_has_waited_too_long_for_a_skill_is_taken_by_anybody() -> None:
    room = Room("ab", [person("p-a", {"fire": 5}), person("p-b", {"police": 5})])
    room.talk("1", service="fire")
    assert isinstance(room.ask("2", service="fire"), command.Wait)
    room.wind(9.9)
    assert room.stage("2") is Stage.WAITING
    steps = room.wind(0.2)
    assert room.commands(command.Fetch, steps) == [command.Fetch("2", 3, ("b",), 6)]


def test_a_skill_that_nobody_at_work_has_is_not_waited_for() -> None:
    room = Room("a", [person("p-a", {"police": 5})])
    assert isinstance(room.ask("1", service="fire"), command.Offer)


def test_a_waiting_caller_who_presses_the_key_for_fire_is_taken_by_who_knows_fires() -> None:
    room = Room("ab", [person("p-a", {"police": 5}), person("p-b", {"fire": 5})])
    room.talk("1", service="police")
    room.ask("2", service="police")
    step = room.hear(event.Changed("2", service="fire"))
    assert [each.seats for each in room.commands(command.Fetch, [step])] == [("b",)]


def test_a_waiting_caller_is_fetched_in_the_same_step_in_which_a_seat_becomes_free() -> None:
    room = Room("a")
    room.talk("1")
    assert isinstance(room.ask("2"), command.Wait)
    step = room.hear(event.HungUp("a", "1"))
    assert step.commands == (command.Fetch("2", 3, ("a",), 6),)


# Offers that come to nothing.


def test_a_person_who_ignores_a_call_is_paused_and_told_of_and_the_next_offer_rings_two() -> None:
    room = Room("abc")
    room.ask("1")
    room.ring("1")
    room.wind(6)
    step = room.hear(event.OfferOver("1", 1, Outcome.NO_ANSWER))
    assert (room.seat("a").presence, room.seat("a").reason) == (Presence.PAUSED, "no-answer")
    assert room.commands(command.Tell, [step]) == [command.Tell("no-answer", "a", "p-a", "1")]
    assert room.commands(command.Mirror, [step]) == [command.Mirror("a", "p-a", "no-answer")]
    assert room.ask("1", fence=1) == command.Offer("q2", "1", 2, ("b", "c"), 6)


def test_offers_widen_to_one_two_four_and_all_seats() -> None:
    room = Room("abcdefghijklmnop")
    widths = []
    for _ in range(4):
        answer = room.ask("1", fence=room.distributor.fence, outcome=Outcome.NO_ANSWER)
        assert isinstance(answer, command.Offer)
        widths.append(len(answer.seats))
        room.ring("1")
    assert widths == [1, 2, 4, 9]


def test_a_wide_offer_never_takes_the_seat_that_another_waiting_caller_needs() -> None:
    room = Room("abc")
    room.ask("1")
    room.ring("1")
    room.talk("2")
    room.talk("3")
    room.ask("4")
    room.hear(event.OfferOver("1", 1, Outcome.NO_ANSWER))  # a is paused, nobody is free
    room.ask("1", fence=1)
    room.hang_up("2")
    assert [room.stage(name) for name in "14"] == [Stage.RESERVED, Stage.WAITING]
    room.grant(wish.Ready("w", "a", "phone"))
    assert [room.call(name).seats for name in "14"] == [("b",), ("a",)]


def test_a_person_who_rejects_is_paused_while_the_other_seats_of_the_offer_go_on_ringing() -> None:
    room = Room("abc", widen=["all"])
    room.ask("1")
    room.ring("1")
    room.hear(event.SeatOutcome("1", 1, "b", Outcome.REJECTED))
    assert room.seat("b").reason == "rejected"
    assert room.call("1").seats == ("a", "c")
    room.answer("1", "c")
    assert [room.seat(name).line for name in "abc"] == [Line.IDLE, Line.IDLE, Line.TALKING]


def test_a_telephone_that_never_said_that_it_rings_is_at_fault_and_not_its_person() -> None:
    room = Room("ab")
    room.ask("1")
    room.hear(event.Dialled("1", "a", 1))
    room.hear(event.OfferOver("1", 1, Outcome.NO_ANSWER))
    assert (room.seat("a").line, room.seat("a").presence) == (Line.FAULT, Presence.READY)
    assert room.call("1").seats == ("b",)


def test_a_failed_telephone_that_looks_idle_gets_nothing_until_a_question_has_settled_it() -> None:
    room = Room("a")
    room.ask("1")
    room.hear(event.OfferOver("1", 1, Outcome.FAILED))
    room.hear(event.LineSeen("a", Device.IDLE))
    assert room.seat("a").line is Line.FAULT
    assert isinstance(room.ask("1", fence=1), command.UseNet)
    asked = room.commands(command.AskSeat, room.wind(5))
    room.hear(event.SeatFound(asked[0].turn, SeatSeen("a", Device.IDLE)))
    assert room.seat("a").line is Line.IDLE


def test_a_call_whose_offer_failed_has_its_old_place_in_the_order() -> None:
    room = Room("ab")
    room.ask("1")
    room.ring("1")
    room.talk("2")
    room.wind(1)
    room.ask("3")
    room.hear(event.SeatOutcome("1", 1, "a", Outcome.REJECTED))
    room.hear(event.OfferOver("1", 1, Outcome.REJECTED))
    room.ask("1", fence=1)
    room.hang_up("2")
    assert [room.stage(name) for name in "13"] == [Stage.RESERVED, Stage.WAITING]


def test_a_question_that_overtakes_the_report_of_its_offers_end_is_enough() -> None:
    room = Room("ab")
    room.ask("1")
    room.ring("1")
    answer = room.ask("1", fence=1, outcome=Outcome.REJECTED)
    assert isinstance(answer, command.Offer)
    assert answer.seats == ("b",)
    step = room.hear(event.OfferOver("1", 1, Outcome.REJECTED))
    assert not step.commands
    assert not step.witnessed


# Hanging up at the worst moments.


@pytest.mark.parametrize("moment", ["asked", "waiting", "reserved", "dialled", "ringing", "joined", "net", "unknown"])
def test_a_caller_may_hang_up_at_any_moment_and_leaves_nothing_behind(moment: str) -> None:
    room = Room("a")
    if moment == "waiting":
        room.talk("0")
    if moment != "net":
        room.ask("1")
    if moment == "net":
        room.hear(event.Unanswered("1"))
    if moment in ("dialled", "ringing", "joined"):
        room.hear(event.Dialled("1", "a", 1))
    if moment in ("ringing", "joined"):
        room.hear(event.Rings("1", "a", 1))
    if moment == "joined":
        room.answer("1")
        room.hear(event.HungUp("a", "1"))
    if moment == "unknown":
        room.wind(3)
        assert room.stage("1") is Stage.UNKNOWN
    room.hear(event.CallerGone("1"))
    assert "1" not in room.hall.calls
    if moment == "waiting":
        room.hang_up("0")
    assert room.seat("a").free
    assert room.ask("2").seats == ("a",)  # type: ignore[union-attr]


def test_a_caller_who_hangs_up_while_the_seat_answers_leaves_no_ghost() -> None:
    room = Room("a")
    room.ask("1")
    room.ring("1")
    room.hear(event.CallerGone("1"))
    room.hear(event.SeatOutcome("1", 1, "a", Outcome.ANSWERED))
    room.hear(event.Joined("1", "a"))
    room.hear(event.HungUp("a", "1"))
    assert not room.hall.calls
    assert room.seat("a").free


def test_a_seat_that_answers_and_hangs_up_before_the_join_is_not_blamed_and_the_caller_is_offered_again() -> None:
    room = Room("ab")
    room.ask("1")
    room.ring("1")
    room.hear(event.SeatOutcome("1", 1, "a", Outcome.ANSWERED))
    room.hear(event.OfferOver("1", 1, Outcome.ANSWERED))
    assert room.seat("a").presence is Presence.READY
    assert isinstance(room.ask("1", fence=1), command.Offer)


def test_a_seat_that_is_lost_within_two_seconds_brings_the_caller_back_to_the_front() -> None:
    room = Room("ab", wrap_up_s=30)
    room.talk("1")
    room.talk("2")
    room.ask("3")
    room.hear(event.HungUp("a", "1"))
    room.hear(event.OfferOver("1", 1, Outcome.ANSWERED))
    assert room.facts(fact.CallCameBack) == [fact.CallCameBack("1", None)]
    room.ask("1", fence=1)
    room.hear(event.HungUp("b", "2"))
    room.wind(30)
    assert "1" in {room.seat("a").call, room.seat("b").call}


def test_two_seats_that_answer_within_5_ms_leave_one_joined_and_the_other_is_asked_about() -> None:
    room = Room("ab", widen=["all"])
    room.ask("1")
    room.ring("1")
    room.hear(event.Joined("1", "a"))
    room.wind(0.005)
    step = room.hear(event.Joined("1", "b"))
    assert room.call("1").seat == "b"
    (asked,) = room.commands(command.AskSeat, [step])
    room.hear(event.SeatFound(asked.turn, SeatSeen("a", Device.IDLE)))
    assert room.seat("a").free


def test_a_lost_goodbye_is_noticed_when_the_line_looks_idle() -> None:
    room = Room("a")
    room.talk("1")
    (asked,) = room.commands(command.AskSeat, [room.hear(event.LineSeen("a", Device.IDLE))])
    assert room.seat("a").line is Line.TALKING
    room.hear(event.SeatFound(asked.turn, SeatSeen("a", Device.IDLE)))
    assert room.seat("a").line is Line.IDLE
    (about,) = room.commands(command.AskCall, room.wind(2))
    room.hear(event.CallFound("1", about.turn, None))
    assert not room.hall.calls


def test_a_held_line_that_looks_idle_is_offered_nothing() -> None:
    room = Room("a")
    room.talk("1")
    room.hear(event.Held("a"))
    assert not room.hear(event.LineSeen("a", Device.IDLE)).commands
    assert isinstance(room.ask("2"), command.Wait)
    room.hear(event.Resumed("a"))
    assert room.seat("a").line is Line.TALKING


# Telephones that die.


def test_a_seat_that_dies_while_it_is_reserved_is_out_of_the_offer_and_the_next_answer_names_another() -> None:
    room = Room("ab")
    room.ask("1")
    room.hear(event.Unreachable("a"))
    assert room.ask("1").seats == ("b",)  # type: ignore[union-attr]


def test_a_seat_that_dies_while_it_rings_is_hung_up_so_that_the_caller_need_not_wait() -> None:
    room = Room("ab")
    room.ask("1")
    room.ring("1")
    step = room.hear(event.Unreachable("a"))
    assert room.commands(command.Withdraw, [step]) == [command.Withdraw("1", 1, "a")]
    assert room.seat("a").line is Line.FAULT


def test_a_seat_that_dies_while_it_talks_keeps_its_caller_and_gets_no_other_afterwards() -> None:
    room = Room("a")
    room.talk("1")
    assert not room.commands(command.Withdraw, [room.hear(event.Unreachable("a"))])
    assert room.seat("a").line is Line.TALKING
    room.hang_up("1")
    assert room.seat("a").line is Line.FAULT
    room.hear(event.Reachable("a"))
    assert room.seat("a").free


def test_a_seat_that_telephones_by_itself_gets_nothing_until_its_line_is_idle_again() -> None:
    room = Room("a")
    room.hear(event.LineSeen("a", Device.BUSY))
    assert isinstance(room.ask("1"), command.Wait)
    step = room.hear(event.LineSeen("a", Device.IDLE))
    assert [each.call for each in room.commands(command.Fetch, [step])] == ["1"]


def test_a_call_that_shall_ring_at_all_seats_rings_at_forty_of_them_at_once() -> None:
    seats = [f"s{number:02d}" for number in range(60)]
    room = Room(seats, widen=["all"])
    offer = room.ask("1")
    assert isinstance(offer, command.Offer)
    assert offer.seats == tuple(seats[:40])


def test_whose_question_was_slower_is_still_first_if_he_came_first() -> None:
    room = Room("a")
    room.talk("talking")
    room.hear(event.Asked("q-late", "late", waited_s=0.002))
    room.hear(event.Asked("q-early", "early", waited_s=0.005))
    assert list(room.hall.queue) == ["early", "late"]
