"""An attempt of which nobody knows for a moment what became of it: what is noted meanwhile counts, and once."""

import pytest

from dispatch import command, event, fact, wish
from dispatch.attempt import AttemptState
from dispatch.event import Sight
from dispatch.ladder import Ring
from dispatch.notification import NotificationState
from dispatch.outcome import Outcome
from tests.dispatch_room import Room, order

ATTEMPT = "i1.fire.1-1"


def unheard(room: Room, line: str, *keys: str) -> None:
    """Keys that nobody hears of."""
    for key in keys:
        room.asterisk.presses(line, key)
    room.asterisk.reports.clear()


def asked(room: Room) -> list[event.Found]:
    """Asterisk is asked, at once; its answers are on the way."""
    room.hear(event.Missed())
    asks = [each for each in room.commands if isinstance(each, command.Ask)]
    room.commands.clear()
    return [room.asterisk.ask(each) for each in asks]


# Hung up before the answer.


def test_a_key_that_nobody_heard_counts_though_the_hang_up_is_told_before_it_is_found() -> None:
    room = Room(order())
    room.picks_up("1")
    unheard(room, "1", "1")
    room.hear(event.Missed())
    room.asterisk.hangs_up("1")
    room.hear(room.asterisk.reports.popleft())
    room.run()
    assert room.of().acknowledged_by == ATTEMPT
    assert room.dialled == ["1"]


def test_so_does_it_in_a_new_life() -> None:
    room = Room(order())
    room.picks_up("1")
    unheard(room, "1", "1")
    room.restart()
    room.asterisk.hangs_up("1")
    room.hear(room.asterisk.reports.popleft())
    room.run()
    assert room.of().acknowledged_by == ATTEMPT
    assert room.dialled == ["1"]


def test_what_was_seen_before_the_hang_up_tells_nothing() -> None:
    room = Room(order())
    room.picks_up("1")
    (seen,) = asked(room)
    room.asterisk.hangs_up("1")
    room.hear(room.asterisk.reports.popleft())
    room.hear(seen)
    assert room.of().attempts[0].state is AttemptState.UNKNOWN
    room.run()
    assert room.outcomes() == ["hung-up"]
    assert room.dialled == ["1", "2"]


def test_what_was_seen_before_asterisk_died_tells_nothing() -> None:
    room = Room(order("fire", "1"))
    room.picks_up("1")
    (seen,) = asked(room)
    room.asterisk.remembers = False
    room.hangs_up_silently("1")
    (now,) = asked(room)
    room.hear(seen)
    assert room.of().attempts[0].state is AttemptState.UNKNOWN
    room.hear(now)
    room.run()
    room.wind(5)
    assert room.dialled == ["1", "1r"]


def test_who_hung_up_and_left_no_note_may_have_heard_it() -> None:
    room = Room(order("fire", "1"))
    room.picks_up("1")
    room.asterisk.remembers = False
    room.hear(event.Missed())
    room.asterisk.hangs_up("1")
    room.run()
    room.wind(5)
    assert room.dialled == ["1", "1r"]


@pytest.mark.parametrize("outcome", [Outcome.BUSY, Outcome.NO_ANSWER, Outcome.REJECTED, Outcome.FAILED])
def test_what_nobody_picked_up_has_no_key_and_the_next_line_rings_at_once(outcome: Outcome) -> None:
    room = Room(order())
    room.rings("1")
    room.hear(event.Missed())
    room.commands.clear()  # the answer takes its time
    room.asterisk.comes_to("1", outcome)
    room.run()
    assert room.outcomes() == [outcome.value]
    assert room.dialled == ["1", "2"]


def test_key_2_does_not_prove_that_nothing_else_was_pressed_before() -> None:
    room = Room(order())
    room.picks_up("1")
    unheard(room, "1", "1")
    room.hear(event.Missed())
    room.asterisk.presses("1", "2")  # he waits for an answer
    room.hear(room.asterisk.reports.popleft())
    room.run()
    assert room.said("1") == ["thanks"]


# Which key counts.


def test_who_takes_it_while_his_call_is_being_cut_has_taken_it() -> None:
    room = Room(order("fire", "1", deadline_s=3600))
    room.picks_up("1")
    attempt = room.of().attempts[0]
    while attempt.verdict is None:
        room.run()
        room.wind(1, run=False)
    room.commands.clear()  # the link breaks before it is hung up
    assert attempt.verdict is Outcome.NO_KEY
    unheard(room, "1", "1")
    room.hear(event.Missed())
    room.run()
    assert room.of().acknowledged_by == ATTEMPT
    assert room.said("1")[-1] == "thanks"


def test_a_key_1_that_came_too_late_for_one_round_acknowledges_no_later_one() -> None:
    room = Room(order("fire", "1", "2", ring=Ring.ANY_ONE))
    room.picks_up("1")
    room.picks_up("2")
    room.presses("1", "1")
    room.presses("2", "1")
    room.presses("1", "9")
    assert room.said("2") == ["taken"]
    room.hear(wish.Again("w", "i1.fire.1", "zhang-wei"))
    room.run()
    room.kill()
    room.asterisk.hangs_up("1")
    room.asterisk.hangs_up("2")
    room.asterisk.reports.clear()
    room.begin()
    room.run()
    assert room.of().state is NotificationState.CALLING
    assert [each.round for each in room.facts(fact.Acknowledged)] == [1]
    assert room.dialled == ["1", "2", "1r", "2r"]


def test_a_key_9_of_an_earlier_round_declines_nothing_in_the_next() -> None:
    room = Room(order("fire", "1", "2", ring=Ring.ANY_ONE))
    room.picks_up("1")
    room.picks_up("2")
    room.presses("1", "1")
    unheard(room, "2", "9")
    room.hear(wish.Again("w", "i1.fire.1", "zhang-wei"))
    room.run()
    room.restart()
    room.run()
    assert room.facts(fact.Declined) == []


@pytest.mark.parametrize("hangs_up", [False, True])
def test_who_took_it_and_took_it_back_while_nobody_listened_has_taken_it_and_the_dispatcher_is_told(
    hangs_up: bool,
) -> None:
    room = Room(order())
    room.picks_up("1")
    unheard(room, "1", "1", "9")
    if hangs_up:
        room.hangs_up_silently("1")
    room.restart()
    room.run()
    assert room.of().acknowledged_by == ATTEMPT
    assert room.told_of() == ["taken-back"]
    assert room.dialled == ["1"]


def test_who_takes_it_back_while_the_link_is_broken_is_heard_when_it_works_again_and_once() -> None:
    room = Room(order())
    room.picks_up("1")
    room.asterisk.reachable = False  # nobody thanks him
    room.presses("1", "1")
    unheard(room, "1", "9")
    room.asterisk.reachable = True
    for _ in range(3):
        room.hear(event.Missed())
        room.run()
    assert room.told_of() == ["taken-back"]


def test_who_presses_9_twice_has_taken_nothing_that_he_could_take_back() -> None:
    room = Room(order())
    room.picks_up("1")
    unheard(room, "1", "9", "9")
    room.restart()
    room.run()
    assert room.calling_now == ["1", "2"]
    assert room.told == []


def test_what_was_taken_back_in_one_round_is_not_told_in_the_next() -> None:
    room = Room(order())
    room.picks_up("1")
    room.asterisk.reachable = False
    room.presses("1", "1")
    room.wish(wish.Again, order="i1.fire.1")
    unheard(room, "1", "9")
    room.asterisk.reachable = True
    room.hear(event.Missed())
    room.run()
    assert room.told == []
    assert room.said("1") == ["next"]


# Whether it was heard.


def test_who_may_have_heard_an_order_that_was_stopped_meanwhile_is_told_that_it_repeats() -> None:
    room = Room(order("fire", "1", "2", ring=Ring.ANY_ONE))
    room.rings("1")
    room.asterisk.remembers = False
    room.asterisk.picks_up("1")
    room.asterisk.hangs_up("1")
    room.asterisk.reports.clear()
    room.hear(event.Missed())
    room.commands.clear()
    room.answers("2", "1")
    room.wind(10)
    room.hangs_up("2")
    room.wish(wish.Again, order="i1.fire.1")
    assert room.dialled == ["1", "2", "1r", "2r"]


def test_who_hung_up_without_being_heard_to_pick_up_is_told_that_it_repeats() -> None:
    room = Room(order("fire", "1", "2", ring=Ring.ANY_ONE))
    room.rings("1")
    room.asterisk.picks_up("1")
    room.asterisk.reports.clear()  # nobody hears that
    room.answers("2", "1")
    room.hangs_up("2")
    room.wish(wish.Again, order="i1.fire.1")
    assert room.dialled == ["1", "2", "1r", "2r"]


# Since when it is doubted.


def test_what_is_doubted_anew_has_its_whole_time_to_appear() -> None:
    room = Room(order())
    room.asterisk.remembers = False
    room.asterisk.calls.clear()  # what was sent is still on its way
    room.asterisk.reports.clear()
    room.hear(event.Missed())
    room.asterisk.reachable = False
    room.wind(10)
    room.hear(event.LostSight(ATTEMPT, 1))  # nobody has answered it
    room.asterisk.reachable = True
    room.run()
    assert room.outcomes() == []
    room.wind(room.calling.settle_s + 0.1)
    assert room.outcomes() == ["unknown"]


def test_that_it_was_not_there_yet_is_not_believed_later_either() -> None:
    room = Room(order())
    room.restart()
    asks = [each for each in room.commands if isinstance(each, command.Ask)]
    room.commands.clear()
    (ask,) = asks
    room.wind(room.board.calling.settle_s + 1, run=False)  # the answer lies there, and nobody takes it
    room.commands.clear()
    room.hear(event.Found(ATTEMPT, ask.turn, ask.at, Sight.ABSENT))
    assert room.of().attempts[0].state is AttemptState.UNKNOWN
    room.run()
    assert room.of().attempts[0].state is AttemptState.RINGING
    assert room.dialled == ["1"]


def test_what_was_seen_before_an_end_of_which_nothing_is_known_tells_nothing() -> None:
    room = Room(order())
    room.rings("1")
    (seen,) = asked(room)
    room.asterisk.comes_to("1", Outcome.BUSY)
    room.asterisk.reports.clear()
    room.hear(event.Ended(ATTEMPT, 1, Outcome.UNKNOWN))
    room.hear(seen)
    assert room.of().attempts[0].state is AttemptState.UNKNOWN
    room.run()
    assert room.outcomes() == ["busy"]
    assert room.dialled == ["1", "2"]
