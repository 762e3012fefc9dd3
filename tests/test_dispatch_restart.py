"""The engine dies at every step of an attempt, and what a new life makes of what it finds. Nothing is lost, nothing is
repeated without being called so, and nobody acknowledges twice."""

import pytest

from dispatch import command, event, fact, wish
from dispatch.attempt import AttemptState
from dispatch.event import Sight
from dispatch.ladder import Ring
from dispatch.notification import NotificationState
from dispatch.order import OrderState
from dispatch.outcome import Outcome
from dispatch.rehearsal import Micro
from intake.table import Bug
from tests.dispatch_room import DEADLINE_S, START, Room, order


def settled(room: Room) -> None:
    """Asterisk is asked until it is believed."""
    room.run()
    room.wind(3)


# Killed at each step of an attempt.


def test_killed_after_the_order_is_on_disk_and_before_anything_else() -> None:
    room = Room()
    room.issue(order())
    room.restart()
    room.run()
    assert room.dialled == ["1"]


def test_killed_before_the_decision_is_on_disk_it_is_decided_anew() -> None:
    room = Room()
    room.issue(order())
    room.kill()
    assert room.store.orders["i1.fire.1"].attempts == ()
    room.begin()
    room.run()
    assert room.dialled == ["1"]


def test_killed_after_the_commit_and_before_the_dial_it_is_dialled_again_and_says_that_it_repeats() -> None:
    room = Room()
    room.issue(order())
    room.make(Micro.COMMIT)
    room.restart()
    settled(room)
    assert room.dialled == ["1r"]  # nobody knows whether the first was dialled
    assert room.outcomes() == ["unknown"]


def test_killed_while_it_rings_the_call_is_adopted() -> None:
    room = Room(order())
    room.rings("1")
    room.restart()
    settled(room)
    assert room.dialled == ["1"]
    assert room.of().attempts[0].state is AttemptState.RINGING
    room.answers("1", "1")
    assert room.of().state is NotificationState.ACKNOWLEDGED


def test_killed_during_the_prompt_the_call_is_adopted_and_its_key_counts() -> None:
    room = Room(order())
    room.picks_up("1")
    room.restart()
    settled(room)
    room.asterisk.hears_all("1")
    room.run()
    room.presses("1", "1")
    assert room.said("1") == ["thanks"]
    assert room.dialled == ["1"]


def test_killed_after_the_key_and_before_its_commit_the_key_is_found() -> None:
    room = Room(order())
    room.picks_up("1")
    room.asterisk.presses("1", "1")
    room.make(Micro.NEWS)
    room.restart()
    room.run()
    assert [told.how for told in room.facts(fact.Acknowledged)] == [fact.How.KEY]
    assert room.said("1") == ["thanks"]


def test_killed_after_the_key_whose_line_is_down_since_the_key_is_found_all_the_same() -> None:
    room = Room(order())
    room.picks_up("1")
    room.asterisk.presses("1", "1")
    room.asterisk.hangs_up("1")
    room.restart()
    room.run()
    assert room.of().acknowledged_by == "i1.fire.1-1"
    assert room.dialled == ["1"]


def test_killed_after_the_key_and_nothing_is_noted_the_line_is_rung_again_and_told_that_it_repeats() -> None:
    room = Room(order())
    room.asterisk.remembers = False
    room.picks_up("1")
    room.asterisk.presses("1", "1")
    room.asterisk.hangs_up("1")
    room.restart()
    settled(room)
    assert room.dialled == ["1", "1r"]
    room.answers("1", "1")
    assert len(room.facts(fact.Acknowledged)) == 1


def test_killed_after_the_commit_of_the_key_who_pressed_it_is_thanked() -> None:
    room = Room(order("fire", "1", "2", ring=Ring.ANY_ONE))
    room.rings("2")
    room.picks_up("1")
    room.asterisk.presses("1", "1")
    room.make(Micro.NEWS)
    room.make(Micro.COMMIT)
    room.restart()
    room.run()
    assert room.said("1") == ["thanks"]
    assert room.calling_now == ["1"]  # the other one has stopped
    assert len(room.facts(fact.Acknowledged)) == 1


def test_killed_after_everything_was_said_nothing_is_left_to_do() -> None:
    room = Room(order())
    room.answers("1", "1")
    room.hangs_up("1")
    room.restart()
    room.run()
    room.wind(3600)
    assert room.dialled == ["1"]
    assert room.told == []


def test_killed_after_a_decline_before_its_commit_the_key_9_is_found_and_the_next_number_rings() -> None:
    room = Room(order())
    room.picks_up("1")
    room.asterisk.presses("1", "9")
    room.restart()
    room.run()
    assert room.calling_now == ["1", "2"]
    assert room.said("1") == ["next"]


def test_killed_after_the_commit_of_a_decline_the_line_is_not_asked_again() -> None:
    room = Room(order("fire", "1", "2"))
    room.picks_up("1")
    room.asterisk.presses("1", "9")
    room.make(Micro.NEWS)
    room.make(Micro.COMMIT)  # the decline, and the attempt on the second number
    room.restart()
    settled(room)
    assert room.said("1") == ["next"]
    assert room.dialled == ["1", "2r"]
    room.comes_to("2", Outcome.BUSY)
    room.wind(60)
    assert "1r" not in room.dialled


def test_killed_while_it_waits_for_a_line_it_waits_again() -> None:
    room = Room(order("fire", "1"))
    room.issue(order("fire", "1", incident="i2", priority=9))
    room.run()
    room.restart()
    room.run()
    room.answers("1", "1")
    room.hangs_up("1")
    assert room.dialled == ["1", "1"]
    assert room.asterisk.on_line("1").dial.order == "i2.fire.1"  # type: ignore[union-attr]


def test_killed_in_the_pause_between_two_tries_the_pause_goes_on() -> None:
    room = Room(order("fire", "1"))
    room.comes_to("1", Outcome.BUSY)
    room.wind(10)
    room.restart()
    room.run()
    assert room.dialled == ["1"]
    room.wind(5.1)
    assert room.dialled == ["1", "1"]


def test_killed_before_a_cancelling_is_on_disk_the_order_goes_on_and_nobody_was_told_otherwise() -> None:
    room = Room(order())
    room.rings("1")
    room.hear(wish.Cancel("w", "i1.fire.1", "zhang-wei"))
    room.restart()
    room.run()
    assert room.replies == []
    assert room.of().open
    assert room.calling_now == ["1"]


def test_killed_after_a_cancelling_is_on_disk_the_telephone_stops() -> None:
    room = Room(order("fire", "1", "2", ring=Ring.ANY_ONE))
    room.rings("1")
    room.picks_up("2")
    room.hear(wish.Cancel("w", "i1.fire.1", "zhang-wei"))
    room.make(Micro.COMMIT)
    room.restart()
    room.run()
    assert room.calling_now == ["2"]
    assert room.said("2") == ["cancelled"]
    assert room.outcomes() == ["stopped"]


def test_killed_when_the_deadline_has_passed_and_nobody_was_told_the_dispatcher_is_told_at_once() -> None:
    room = Room(order())
    room.hears_all("1")
    room.kill()
    room.now += DEADLINE_S + 300
    room.begin()
    room.run()
    room.wind(0)
    assert room.told_of() == ["deadline"]


def test_killed_after_the_escalation_it_is_not_escalated_twice() -> None:
    room = Room(order(deadline_s=30))
    room.hears_all("1")
    room.wind(31)
    room.restart()
    room.run()
    room.wind(20)
    assert len(room.facts(fact.Escalated)) == 1
    room.wind(40)
    assert [each.times for each in room.told] == [1, 2]


def test_an_order_again_that_is_on_disk_outlives_a_kill_with_its_round_and_its_time() -> None:
    room = Room(order(tries=1))
    room.comes_to("1", Outcome.BUSY)
    room.comes_to("2", Outcome.BUSY)
    room.hear(wish.Again("w", "i1.fire.1", "zhang-wei"))
    room.make(Micro.COMMIT)
    room.restart()
    settled(room)
    assert (room.of().round, room.calling_now) == (2, ["1"])
    assert room.board.shown(room.of().due) == START + DEADLINE_S


def test_three_deaths_in_a_row_cost_no_try() -> None:
    room = Room(order("fire", "1", tries=1))
    for _ in range(3):
        room.asterisk.remembers = False
        room.hangs_up_silently("1")
        room.restart()
        settled(room)
    assert room.dialled == ["1", "1r", "1r", "1r"]
    assert room.told == []
    room.answers("1", "1")
    assert room.of().state is NotificationState.ACKNOWLEDGED


def test_a_line_that_is_lost_again_and_again_is_given_up_at_last() -> None:
    room = Room(order("fire", "1", tries=1, deadline_s=3600))
    room.asterisk.remembers = False
    for _ in range(4):
        room.hangs_up_silently("1")
        room.restart()
        settled(room)
    assert room.told_of() == ["exhausted"]


# Asking Asterisk.


def test_what_is_unknown_is_not_dialled_again_while_asterisk_cannot_be_asked() -> None:
    room = Room(order("fire", "1"))
    room.rings("1")
    room.asterisk.reachable = False
    room.restart()
    room.wind(DEADLINE_S + 1)
    assert room.told_of() == ["deadline"]
    assert room.dialled == ["1"]
    room.asterisk.reachable = True
    room.wind(5)
    room.answers("1", "1")
    assert room.of().state is NotificationState.ACKNOWLEDGED


def test_a_dial_that_asterisk_did_not_answer_is_made_again_only_when_it_is_surely_not_there() -> None:
    room = Room()
    room.asterisk.reachable = False
    room.issue(order())
    room.run()
    room.asterisk.reachable = True
    room.wind(1)
    assert room.dialled == []
    room.wind(5)
    assert room.dialled == ["1r"]


def test_a_call_that_appears_in_asterisk_a_moment_late_is_not_dialled_twice() -> None:
    room = Room()
    room.issue(order())
    room.make(Micro.COMMIT)
    room.make(Micro.CONFIRM)
    dial = room.commands.popleft()
    assert isinstance(dial, command.Dial)
    room.restart()
    room.run()  # asked: not there yet
    room.asterisk.dial(dial)  # what the dead engine had sent arrives
    room.wind(10)
    assert room.dialled == ["1"]
    assert room.of().attempts[0].state is AttemptState.RINGING


def test_everything_is_asked_about_when_something_may_have_been_missed() -> None:
    room = Room(order("fire", "1"), order("gas", "2"), order("water", "3"))
    room.picks_up("1")
    room.rings("2")
    room.asterisk.comes_to("3", Outcome.BUSY)
    room.asterisk.picks_up("2")
    room.asterisk.reports.clear()
    step = room.hear(event.Missed())
    assert {each.attempt for each in step.commands if isinstance(each, command.Ask)} == {
        "i1.fire.1-1",
        "i1.gas.1-1",
        "i1.water.1-1",
    }
    room.run()
    states = {each.order.department: each.attempts[0].state.value for each in room.board.notifications.values()}
    assert states == {"fire": "speaking", "gas": "speaking", "water": "ended"}


def test_an_answer_that_was_overtaken_by_an_event_changes_nothing() -> None:
    room = Room(order())
    room.rings("1")
    room.hear(event.LostSight("i1.fire.1-1", 1))
    (ask,) = room.commands
    assert isinstance(ask, command.Ask)
    room.commands.clear()
    room.asterisk.picks_up("1")
    room.run()
    step = room.hear(event.Found("i1.fire.1-1", ask.turn, ask.at, Sight.ABSENT))
    assert step.write is None
    assert room.of().attempts[0].state is AttemptState.SPEAKING


def test_an_end_of_which_nothing_is_known_is_asked_about() -> None:
    room = Room(order())
    room.picks_up("1")
    room.asterisk.presses("1", "1")
    room.asterisk.reports.clear()  # the key was not heard
    call = room.asterisk.on_line("1")
    assert call is not None
    call.outcome = Outcome.HUNG_UP
    room.hear(event.Ended("i1.fire.1-1", 1, Outcome.UNKNOWN))
    room.run()
    assert room.of().acknowledged_by == "i1.fire.1-1"


def test_last_words_without_a_key_are_listening() -> None:
    room = Room(order())
    room.hears_all("1")
    room.hear(event.LostSight("i1.fire.1-1", 1))
    turn = room.of().attempts[0].turn
    room.commands.clear()
    room.hear(event.Found("i1.fire.1-1", turn, room.now, Sight.CLOSING))
    assert room.of().attempts[0].state is AttemptState.LISTENING


def test_an_answer_to_an_earlier_question_changes_nothing() -> None:
    room = Room(order())
    room.hear(event.LostSight("i1.fire.1-1", 1))
    (ask,) = room.commands
    assert isinstance(ask, command.Ask)
    room.commands.clear()
    room.rings("1")
    room.hear(event.LostSight("i1.fire.1-1", 1))
    room.commands.clear()
    room.now += 2.5
    room.hear(event.Found("i1.fire.1-1", ask.turn, ask.at, Sight.ABSENT))
    assert room.of().attempts[0].state is AttemptState.UNKNOWN


def test_that_asterisk_knows_nothing_is_believed_only_some_time_after_it_was_doubted() -> None:
    room = Room(order())
    room.wind(10)
    room.asterisk.remembers = False
    room.hangs_up_silently("1")
    room.hear(event.LostSight("i1.fire.1-1", 1))
    room.run()
    assert room.outcomes() == []
    room.wind(2.1)
    assert room.outcomes() == ["unknown"]
    assert room.dialled == ["1", "1r"]


def test_a_hang_up_that_did_not_arrive_is_made_again() -> None:
    room = Room(order("fire", "1", "2", ring=Ring.ANY_ONE))
    room.rings("1")
    room.picks_up("2")
    room.asterisk.presses("2", "1")
    room.make(Micro.NEWS)
    room.make(Micro.COMMIT)
    room.asterisk.reachable = False
    room.run()
    room.asterisk.reachable = True
    assert room.calling_now == ["1", "2"]
    room.wind(5)
    assert room.calling_now == ["2"]


def test_a_call_that_was_cut_in_vain_is_cut_again() -> None:
    room = Room(order(deadline_s=3600))
    room.rings("1")
    room.wind(30)  # found ringing once
    room.asterisk.reachable = False
    room.wind(20)
    room.asterisk.reachable = True
    assert room.calling_now == ["1"]
    room.wind(10)
    assert "1" not in room.calling_now


def test_a_line_that_declined_and_cannot_be_asked_about_does_not_hold_up_the_ladder() -> None:
    room = Room(order("fire", "1", "2", "3"))
    room.picks_up("1")
    room.asterisk.presses("1", "9")
    room.make(Micro.NEWS)
    room.make(Micro.COMMIT)
    room.kill()
    room.asterisk.reachable = False
    room.begin()
    room.run()
    turn = room.of().attempts[1].turn
    room.hear(event.Found("i1.fire.1-2", turn, room.now, Sight.GONE, outcome=Outcome.BUSY))
    assert [each.rung for each in room.of().attempts] == [0, 1, 2]


def test_who_heard_an_order_that_another_took_is_told_that_it_repeats_also_by_a_new_life() -> None:
    room = Room(order("fire", "1", "2", ring=Ring.ANY_ONE))
    room.hears_all("1")
    room.answers("2", "1")
    room.hangs_up("1")
    room.hangs_up("2")
    room.restart()
    room.wish(wish.Again, order="i1.fire.1")
    assert room.dialled == ["1", "2", "1r", "2r"]


# Fences, and what comes late or never was.


@pytest.mark.parametrize("fence", [0, 2, 99])
def test_a_report_with_another_fence_changes_nothing(fence: int) -> None:
    room = Room(order())
    attempt = room.of().attempts[0]
    for kind in (event.Dialled, event.Rings, event.Accepted, event.PromptOver, event.NoKey, event.LostSight):
        assert room.hear(kind(attempt.id, fence)) == type(room.steps[0])()
    assert room.hear(event.Key(attempt.id, fence, "1")) == type(room.steps[0])()
    assert room.hear(event.Ended(attempt.id, fence, Outcome.BUSY)) == type(room.steps[0])()
    assert attempt.state is AttemptState.DIALLED


def test_fences_grow_over_lives() -> None:
    room = Room(order("fire", "1"))
    room.restart()
    room.run()
    room.issue(order("gas", "2"))
    room.run()
    assert [told.fence for told in room.facts(fact.AttemptDecided)] == [1, 2]
    room.answers("1", "1")
    room.answers("2", "1")
    room.wish(wish.Close, incident="i1")
    room.hangs_up("1")
    room.hangs_up("2")
    room.restart()
    room.issue(order("water", "3"))
    room.run()
    assert room.facts(fact.AttemptDecided)[-1].fence == 3


def test_an_attempt_that_was_not_dialled_can_not_ring() -> None:
    room = Room()
    room.issue(order())
    step = room.hear(event.Rings("i1.fire.1-1", 1))
    assert [told.code for told in step.witnessed if isinstance(told, fact.Contradiction)] == ["not_dialled"]
    step = room.hear(event.Key("i1.fire.1-1", 1, "1"))
    assert step.write is None
    room.run()
    assert room.dialled == ["1"]


def test_reports_that_come_twice_or_late_change_nothing() -> None:
    room = Room(order())
    room.hears_all("1")
    for late in (event.Dialled, event.Rings, event.Accepted, event.PromptOver):
        room.hear(late("i1.fire.1-1", 1))
    assert room.of().attempts[0].state is AttemptState.LISTENING
    room.presses_nothing("1")
    for late in (event.Dialled, event.Rings, event.Accepted, event.PromptOver, event.NoKey, event.LostSight):
        room.hear(late("i1.fire.1-1", 1))
    room.hear(event.Ended("i1.fire.1-1", 1, Outcome.BUSY))
    assert room.outcomes() == ["no-key"]


def test_a_report_of_an_attempt_that_nobody_knows_changes_nothing() -> None:
    room = Room(order())
    assert room.hear(event.Key("i9.fire.1-1", 1, "1")) == type(room.steps[0])()


def test_a_life_begins_with_what_is_stored_and_only_once() -> None:
    room = Room(order())
    with pytest.raises(Bug):
        room.hear(event.Restored(room.store.restore()))
    room.core = type(room.core)(room.calling)
    with pytest.raises(Bug):
        room.hear(event.Tick())


def test_a_clock_that_steps_back_makes_no_deadline_longer() -> None:
    room = Room(order())
    room.hears_all("1")
    room.wind(60)
    room.hear(event.Tick())
    room.set_clock(-3600)
    room.hear(event.Tick())
    room.wind(60.1)
    assert room.told_of() == ["deadline"]


def test_a_clock_that_was_set_back_between_two_lives_makes_no_deadline_longer() -> None:
    room = Room(order())
    room.hears_all("1")
    room.kill()
    room.set_clock(-3600)
    room.begin()
    room.run()
    room.wind(DEADLINE_S + 0.1)
    assert room.told_of() == ["deadline"]
    assert room.of().progress is OrderState.NOTIFIED
