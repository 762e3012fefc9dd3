"""Scenes of the field, on a clock that the tests wind; after every step the rules of `tests.intake_room` hold."""

import pytest

from intake import command, event, fact, wish
from intake.line import Line
from intake.outcome import Outcome
from intake.person import Presence
from intake.snapshot import CallSeen, Device, Place, SeatSeen
from intake.stage import Stage
from tests.intake_room import Room, person, snapshot

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


# Reports that are late, doubled, lost.


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
    assert isinstance(room.ask("1"), command.Wait)
    assert not room.hall.calls


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


# People.


def test_nobody_is_offered_a_call_before_the_sign_in_is_written_down() -> None:
    room = Room("a", signed_in="")
    step = room.hear(wish.SignIn("w1", "a", "p-a", "phone"))
    assert [each.fact for each in step.decided] == [fact.SignedIn("a", "p-a", "phone")]
    assert isinstance(room.ask("1"), command.UseNet)
    step = room.hear(wish.Committed("w1"))
    assert step.commands == (command.Mirror("a", "p-a", None), command.Reply("w1"))
    assert room.ask("2").seats == ("a",)  # type: ignore[union-attr]


def test_a_wish_that_the_journal_cannot_take_changes_nothing() -> None:
    room = Room("a")
    room.hear(wish.Pause("w1", "a", "rest", "phone"))
    step = room.hear(wish.NotCommitted("w1"))
    assert [each.refused for each in room.commands(command.Reply, [step])] == ["not_written_down"]
    assert room.seat("a").free


def test_a_second_click_is_refused_while_the_first_is_being_written_down() -> None:
    room = Room("a")
    room.hear(wish.Pause("w1", "a", "rest", "api"))
    step = room.hear(wish.Pause("w2", "a", "rest", "api"))
    assert [each.refused for each in room.commands(command.Reply, [step])] == ["under_way"]
    assert not step.decided


@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        (wish.SignIn("w", "b", "p-a", "api"), "signed_in_elsewhere"),
        (wish.SignIn("w", "a", "p-a", "api"), "signed_in_already"),
        (wish.SignIn("w", "a", "p-b", "api"), "seat_taken"),
        (wish.SignIn("w", "b", "nobody", "api"), "no_such_person"),
        (wish.SignIn("w", "z", "p-b", "api"), "no_such_seat"),
        (wish.SignOut("w", "b", "api"), "not_signed_in"),
        (wish.Ready("w", "b", "api"), "not_signed_in"),
        (wish.Pause("w", "b", "rest", "api"), "not_signed_in"),
        (wish.Pause("w", "a", "bored", "api"), "no_such_reason"),
    ],
)
def test_a_wish_that_cannot_be_is_refused_with_a_stable_code(wanted: wish.Wish, code: str) -> None:
    room = Room("ab", signed_in="a")
    step = room.hear(wanted)
    assert [each.refused for each in room.commands(command.Reply, [step])] == [code]
    assert not step.decided


def test_who_signs_out_while_it_rings_may_still_answer_and_is_offered_nothing_more() -> None:
    room = Room("ab")
    room.ask("1")
    room.ring("1")
    room.grant(wish.SignOut("w", "a", "phone"))
    room.answer("1", "a")
    assert room.facts(fact.CallAnswered)[-1].person is None
    room.hang_up("1")
    assert not room.seat("a").free
    assert room.seat("a").presence is Presence.SIGNED_OUT


def test_a_wrap_up_ends_by_itself_and_the_waiting_caller_is_fetched() -> None:
    room = Room("a", wrap_up_s=20)
    room.talk("1")
    room.ask("2")
    room.hang_up("1")
    assert room.stage("2") is Stage.WAITING
    steps = room.wind(20)
    assert [each.call for each in room.commands(command.Fetch, steps)] == ["2"]


def test_who_pauses_while_talking_is_paused_afterwards_without_a_wrap_up() -> None:
    room = Room("a", wrap_up_s=20)
    room.talk("1")
    room.grant(wish.Pause("w", "a", "meal", "phone"))
    room.hang_up("1")
    assert (room.seat("a").presence, room.seat("a").reason) == (Presence.PAUSED, "meal")


def test_waiting_callers_are_left_to_the_net_when_the_last_one_at_work_goes() -> None:
    room = Room("a")
    room.talk("1")
    room.ask("2")
    step = room.grant(wish.SignOut("w", "a", "phone"))
    assert [each.call for each in room.commands(command.Leave, [step])] == ["2"]
    assert [each.about for each in room.commands(command.Tell, [step])] == ["nobody-works"]


def test_a_waiting_caller_is_told_where_he_stands_when_it_has_changed_and_not_too_often() -> None:
    room = Room("a")
    room.talk("0")
    for name in "123":
        room.ask(name)
    steps = room.wind(25)
    assert [(each.call, each.place) for each in room.commands(command.Announce, steps)] == [
        ("1", 1),
        ("2", 2),
        ("3", 3),
    ]
    room.hear(event.CallerGone("1"))
    steps = room.wind(20)
    assert [(each.call, each.place) for each in room.commands(command.Announce, steps)] == [("2", 1), ("3", 2)]
    assert not room.commands(command.Announce, room.wind(60))


# A new life.


def test_before_it_has_seen_reality_it_leaves_every_caller_to_the_net() -> None:
    room = Room("a", synced=False)
    assert isinstance(room.ask("1"), command.UseNet)


def test_after_a_restart_three_talking_two_waiting_and_one_ringing_are_just_that() -> None:
    calls = (
        *(CallSeen(f"t{seat}", Place.JOINED, fence=9, seat=seat, age_s=60) for seat in "abc"),
        CallSeen("r", Place.OFFERED, fence=12, seats=("d",), age_s=4),
        CallSeen("w1", Place.WAITING, age_s=30),
        CallSeen("w2", Place.WAITING, age_s=20),
    )
    busy = (
        *(SeatSeen(seat, Device.BUSY, f"t{seat}", joined=True) for seat in "abc"),
        SeatSeen("d", Device.BUSY, "r"),
    )
    room = Room("abcd", synced=False)
    room.hear(event.Resync(snapshot("abcd", "abcd", calls, busy, fence=15)))
    assert [room.stage(name) for name in ("ta", "tb", "tc", "r", "w1", "w2")] == [
        *(Stage.JOINED,) * 3,
        Stage.OFFERED,
        *(Stage.WAITING,) * 2,
    ]
    room.answer("r")
    step = room.hear(event.HungUp("b", "tb"))
    assert step.commands == (command.Fetch("w1", 16, ("b",), 6),)


def test_a_seat_that_the_fallback_joined_is_adopted_and_gets_nothing_until_it_is_free() -> None:
    calls = (CallSeen("1", Place.JOINED, seat="a", age_s=5),)
    room = Room("a", synced=False)
    room.hear(event.Resync(snapshot("a", "a", calls, (SeatSeen("a", Device.BUSY, "1", joined=True),))))
    assert room.facts(fact.CallAnswered)[0].by_net
    assert isinstance(room.ask("2"), command.Wait)
    room.hang_up("1")
    assert room.call("2").seats == ("a",)


def test_after_a_broken_link_a_fetch_that_was_lost_is_decided_anew_with_a_newer_fence() -> None:
    room = Room("a")
    room.talk("1")
    room.ask("2")
    old = room.commands(command.Fetch, [room.hear(event.HungUp("a", "1"))])[0]
    step = room.hear(event.Resync(snapshot("a", "a", (CallSeen("2", Place.WAITING),))))
    (new,) = room.commands(command.Fetch, [step])
    assert new.seats == old.seats
    assert new.fence > old.fence
    assert fact.Repaired("1", "joined", "gone") in step.witnessed


def test_a_resync_puts_astdb_right_and_leaves_the_people_where_they_are() -> None:
    room = Room("ab")
    room.grant(wish.Pause("w", "b", "rest", "phone"))
    step = room.hear(event.Resync(snapshot("ab", "ab")))
    assert room.commands(command.Mirror, [step]) == [command.Mirror("b", "p-b", "rest")]
    assert room.seat("b").presence is Presence.PAUSED


def test_a_resync_that_tells_nothing_new_changes_nothing() -> None:
    room = Room("ab")
    room.talk("1")
    room.ask("2")
    room.ring("2")
    calls = (CallSeen("1", Place.JOINED, 1, seat="a"), CallSeen("2", Place.OFFERED, 2, ("b",)))
    busy = (SeatSeen("a", Device.BUSY, "1", joined=True), SeatSeen("b", Device.BUSY, "2"))
    step = room.hear(event.Resync(snapshot("ab", "ab", calls, busy)))
    assert step.commands == ()
    assert step.witnessed == ()


def test_the_same_events_at_the_same_times_give_the_same_steps() -> None:
    def life() -> list[object]:
        room = Room("abc")
        for name in "12345":
            room.ask(name)
            room.wind(1.5)
        room.ring("1")
        room.wind(30)
        return list(room.steps)

    assert life() == life()
