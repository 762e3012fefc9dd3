"""People at work: signing in and out, pausing, the wrap-up; under the rules of `tests.intake_room`."""

import pytest

from intake import command, event, fact, wish
from intake.person import Presence
from intake.stage import Stage
from tests.intake_room import Room


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
