"""Scenes of notification, on a clock that the tests wind; after every step the rules of `tests.dispatch_room` hold."""

import pytest

from dispatch import fact
from dispatch.attempt import AttemptState
from dispatch.ladder import Ring
from dispatch.notification import NotificationState
from dispatch.order import OrderState
from dispatch.outcome import Outcome
from dispatch.rehearsal import Micro
from tests.dispatch_room import DEADLINE_S, RING_S, WAIT_S, Room, order

# One department, one telephone after the other.


def test_an_order_rings_the_first_line_of_its_ladder() -> None:
    room = Room(order())
    assert room.calling_now == ["1"]


def test_key_1_acknowledges_and_is_thanked() -> None:
    room = Room(order())
    room.wind(5)
    room.answers("1", "1")
    (told,) = room.facts(fact.Acknowledged)
    assert (told.how, told.attempt, told.after_s) == (fact.How.KEY, "i1.fire.1-1", 5.0)
    assert room.said("1") == ["thanks"]
    assert room.of().progress is OrderState.ACKNOWLEDGED
    room.hangs_up("1")
    assert room.outcomes() == ["acknowledged"]
    room.wind(3600)
    assert room.dialled == ["1"]
    assert room.told == []


def test_a_key_during_the_prompt_counts_as_one_after_it() -> None:
    room = Room(order())
    room.picks_up("1")
    room.presses("1", "1")
    assert room.of().state is NotificationState.ACKNOWLEDGED
    assert room.of().progress is OrderState.ACKNOWLEDGED


def test_a_line_that_answers_has_acknowledged_nothing() -> None:
    room = Room(order())
    room.hears_all("1")
    assert room.of().progress is OrderState.NOTIFIED
    assert room.of().open


@pytest.mark.parametrize("outcome", [Outcome.BUSY, Outcome.NO_ANSWER, Outcome.REJECTED, Outcome.FAILED])
def test_a_telephone_that_is_not_answered_is_followed_by_the_second_number_at_once(outcome: Outcome) -> None:
    room = Room(order())
    room.comes_to("1", outcome)
    assert room.calling_now == ["2"]
    room.answers("2", "1")
    assert room.outcomes() == [outcome.value]
    assert room.dialled == ["1", "2"]


def test_a_busy_first_number_is_rung_again_after_its_pause_when_the_second_came_to_nothing() -> None:
    room = Room(order())
    room.comes_to("1", Outcome.BUSY)
    room.wind(2)
    room.comes_to("2", Outcome.NO_ANSWER)
    assert room.calling_now == []
    room.wind(WAIT_S - 2.1)
    assert room.calling_now == []
    room.wind(0.2)
    assert room.calling_now == ["1"]
    assert room.dialled == ["1", "2", "1"]  # nobody has heard it yet, so nothing is repeated


def test_a_line_that_was_never_tried_goes_before_one_that_was_busy() -> None:
    room = Room(order("fire", "1", "2", "3"))
    room.comes_to("1", Outcome.BUSY)
    room.wind(20)
    room.comes_to("2", Outcome.NO_ANSWER)
    assert room.calling_now == ["3"]  # the first is ready again as well


def test_an_answering_machine_that_speaks_for_twenty_seconds_is_taken_for_nobody() -> None:
    room = Room(order())
    room.hears_all("1")
    room.wind(20)
    room.presses_nothing("1")
    assert room.calling_now == ["2"]
    assert room.outcomes() == ["no-key"]


def test_silence_on_the_line_is_taken_for_nobody() -> None:
    room = Room(order())
    room.picks_up("1")
    room.presses_nothing("1")
    assert room.calling_now == ["2"]


def test_who_hangs_up_during_the_prompt_has_acknowledged_nothing_and_the_next_number_rings_at_once() -> None:
    room = Room(order())
    room.picks_up("1")
    room.hangs_up("1")
    assert room.outcomes() == ["hung-up"]
    assert room.calling_now == ["2"]


def test_who_is_rung_again_after_having_heard_the_order_is_told_that_it_repeats() -> None:
    room = Room(order(tries=2))
    room.picks_up("1")
    room.hangs_up("1")
    room.comes_to("2", Outcome.BUSY)
    room.wind(WAIT_S)
    assert room.dialled == ["1", "2", "1r"]


def test_key_9_rings_the_next_number_at_once_while_the_first_is_still_being_told() -> None:
    room = Room(order())
    room.answers("1", "9")
    assert room.calling_now == ["1", "2"]
    assert room.said("1") == ["next"]
    assert len(room.facts(fact.Declined)) == 1


def test_a_line_that_declined_is_not_asked_again() -> None:
    room = Room(order(tries=3))
    room.answers("1", "9")
    room.hangs_up("1")
    for _ in range(3):
        room.comes_to("2", Outcome.BUSY)
        room.wind(WAIT_S)
    assert room.dialled == ["1", "2", "2", "2"]


def test_key_9_pressed_twice_is_one_decline() -> None:
    room = Room(order())
    room.answers("1", "9")
    room.presses("1", "9")
    assert len(room.facts(fact.Declined)) == 1
    assert room.dialled == ["1", "2"]


def test_who_declined_and_changes_his_mind_before_the_line_ends_has_it() -> None:
    room = Room(order())
    room.answers("1", "9")
    room.presses("1", "1")
    assert room.of().acknowledged_by == "i1.fire.1-1"
    assert room.calling_now == ["1"]
    assert room.said("1") == ["next", "thanks"]


def test_key_2_speaks_the_order_again_as_often_as_it_is_wanted() -> None:
    room = Room(order())
    room.picks_up("1")
    for _ in range(5):
        room.asterisk.hears_all("1")
        room.run()
        room.presses("1", "2")
        assert room.of().attempts[0].state is AttemptState.SPEAKING
    room.presses("1", "1")
    assert room.said("1") == ["thanks"]


def test_who_listens_again_and_again_is_not_cut() -> None:
    room = Room(order(deadline_s=3600))
    room.picks_up("1")
    for _ in range(20):
        room.wind(40)
        room.presses("1", "2")
    assert room.calling_now == ["1"]


def test_another_key_is_answered_with_the_keys_that_there_are() -> None:
    room = Room(order())
    room.answers("1", "5")
    room.presses("1", "#")
    assert room.said("1") == ["keys", "keys"]
    assert room.of().open


def test_key_1_pressed_twice_is_one_acknowledgement() -> None:
    room = Room(order())
    room.answers("1", "1")
    room.presses("1", "1")
    assert len(room.facts(fact.Acknowledged)) == 1
    assert room.said("1") == ["thanks"]


def test_two_keys_before_the_first_is_on_disk_are_one_acknowledgement() -> None:
    room = Room(order())
    room.picks_up("1")
    room.asterisk.presses("1", "1")
    room.asterisk.presses("1", "1")
    room.run()
    assert len(room.facts(fact.Acknowledged)) == 1


def test_who_acknowledged_and_presses_9_afterwards_is_told_to_the_dispatcher() -> None:
    room = Room(order())
    room.answers("1", "1")
    room.presses("1", "9")
    room.presses("1", "9")
    assert room.told_of() == ["taken-back"]
    assert room.of().state is NotificationState.ACKNOWLEDGED


def test_an_acknowledgement_that_is_reported_after_the_line_is_down_counts() -> None:
    room = Room(order())
    room.picks_up("1")
    room.asterisk.presses("1", "1")
    room.asterisk.hangs_up("1")
    room.asterisk.reports.reverse()  # two wires: the end overtakes the key
    room.run()
    assert room.of().acknowledged_by == "i1.fire.1-1"
    assert room.calling_now == []


# The end of the ladder, and the deadline.


def test_a_ladder_at_its_end_is_told_to_the_dispatcher_at_once_and_again_every_minute() -> None:
    room = Room(order(tries=1, deadline_s=3600))
    room.comes_to("1", Outcome.NO_ANSWER)
    room.comes_to("2", Outcome.BUSY)
    assert room.told_of() == ["exhausted"]
    assert room.of().state is NotificationState.UNREACHED
    room.wind(180)
    assert room.told_of() == ["exhausted"] * 4
    assert [each.times for each in room.told] == [1, 2, 3, 4]
    assert room.dialled == ["1", "2"]


def test_an_order_that_every_line_declined_is_declined_and_still_waits_for_the_dispatcher() -> None:
    room = Room(order())
    room.answers("1", "9")
    room.hangs_up("1")
    room.answers("2", "9")
    assert room.of().progress is OrderState.DECLINED
    assert room.told_of() == ["declined"]
    assert room.of().open


def test_a_department_without_a_line_is_told_to_the_dispatcher_at_once() -> None:
    room = Room(order("gas", lineless=True))
    assert room.told_of() == ["no-line"]
    assert room.of("i1.gas.1").open


def test_a_deadline_that_passes_tells_the_dispatcher_and_rings_every_line_at_once() -> None:
    room = Room(order(deadline_s=30))
    room.hears_all("1")
    room.wind(29.9)
    assert room.told == []
    room.wind(0.2)
    assert room.told_of() == ["deadline"]
    assert room.calling_now == ["1", "2"]
    assert [told.why.value for told in room.facts(fact.Escalated)] == ["deadline"]


def test_who_acknowledges_after_the_deadline_has_still_acknowledged_and_the_other_stops() -> None:
    room = Room(order(deadline_s=30))
    room.hears_all("1")
    room.wind(31)
    room.presses("1", "1")
    assert room.of().state is NotificationState.ACKNOWLEDGED
    assert room.calling_now == ["1"]
    room.wind(3600)
    assert room.told_of() == ["deadline"]


def test_an_overdue_order_is_told_again_every_minute_until_somebody_acts() -> None:
    room = Room(order(deadline_s=30, tries=10))
    for _ in range(9):
        room.wind(15)
        for line in room.calling_now:
            room.comes_to(line, Outcome.NO_ANSWER)
    assert room.told_of() == ["deadline"] * 2


def test_the_deadline_is_kept_to_the_second_however_the_telephones_behave() -> None:
    room = Room(order())
    room.wind(DEADLINE_S - 0.001)
    assert room.told == []
    room.wind(0.002)
    assert room.told_of() == ["deadline"]


def test_a_telephone_that_rings_for_ever_is_asked_about_and_then_hung_up() -> None:
    room = Room(order())
    room.rings("1")
    room.wind(RING_S + 4.1)
    assert room.calling_now == ["1"]
    room.wind(RING_S + 4.1)
    assert room.calling_now == ["2"]
    assert room.outcomes() == ["no-answer"]


def test_a_dialplan_that_never_ends_a_call_does_not_keep_the_line() -> None:
    room = Room(order(deadline_s=3600))
    room.hears_all("1")
    room.wind(400)
    assert room.outcomes()[0] == "no-key"
    assert room.dialled[1] == "2"


def test_thanks_that_never_end_are_cut() -> None:
    room = Room(order())
    room.answers("1", "1")
    room.wind(15.1)
    assert room.calling_now == []
    assert room.outcomes() == ["acknowledged"]


# Several telephones at once.


def test_an_any_one_ladder_rings_all_its_lines_at_once() -> None:
    room = Room(order("flood", "1", "2", "3", ring=Ring.ANY_ONE))
    assert room.calling_now == ["1", "2", "3"]


def test_the_first_key_wins_and_the_other_telephones_stop_ringing() -> None:
    room = Room(order("fire", "1", "2", "3", ring=Ring.ANY_ONE))
    room.rings("2")
    room.answers("3", "1")
    assert room.calling_now == ["3"]
    assert room.outcomes() == ["stopped", "stopped"]
    assert room.of().acknowledged_by == "i1.fire.1-3"


def test_who_hears_the_order_while_another_takes_it_is_told_so() -> None:
    room = Room(order("fire", "1", "2", ring=Ring.ANY_ONE))
    room.hears_all("1")
    room.answers("2", "1")
    assert room.said("1") == ["taken"]
    assert room.said("2") == ["thanks"]


def test_two_duty_officers_who_press_at_the_same_moment_are_one_acknowledgement_and_the_other_is_told() -> None:
    room = Room(order("fire", "1", "2", ring=Ring.ANY_ONE))
    room.picks_up("1")
    room.picks_up("2")
    room.asterisk.presses("2", "1")
    room.asterisk.presses("1", "1")  # before anything of the first is on disk
    room.run()
    (told,) = room.facts(fact.Acknowledged)
    assert told.attempt == "i1.fire.1-2"
    assert (room.said("2"), room.said("1")) == (["thanks"], ["taken"])


def test_a_decline_on_an_any_one_ladder_leaves_the_others_ringing() -> None:
    room = Room(order("fire", "1", "2", ring=Ring.ANY_ONE))
    room.answers("1", "9")
    assert room.calling_now == ["1", "2"]
    room.answers("2", "1")
    assert room.of().state is NotificationState.ACKNOWLEDGED


def test_who_picks_up_in_the_moment_in_which_it_stops_hears_why() -> None:
    room = Room(order("fire", "1", "2", ring=Ring.ANY_ONE))
    room.rings("1")
    room.picks_up("2")
    room.asterisk.presses("2", "1")
    room.make(Micro.NEWS)  # it is to stop as soon as that is on disk
    room.asterisk.picks_up("1")
    room.make(Micro.NEWS)
    room.run()
    assert room.said("1") == ["taken"]
    room.hangs_up("1")
    assert room.outcomes() == ["stopped"]


def test_who_picks_up_and_presses_while_it_is_to_stop_is_told_that_it_is_taken() -> None:
    room = Room(order("fire", "1", "2", ring=Ring.ANY_ONE))
    room.rings("1")
    room.picks_up("2")
    room.asterisk.presses("2", "1")
    room.make(Micro.NEWS)
    room.asterisk.picks_up("1")
    room.asterisk.reports.clear()  # that he picked up is not reported, his key is
    room.asterisk.presses("1", "1")
    room.make(Micro.NEWS)
    room.run()
    assert room.said("1") == ["taken"]
    assert len(room.facts(fact.Acknowledged)) == 1


def test_each_line_of_an_any_one_ladder_is_tried_again_after_its_own_pause() -> None:
    room = Room(order("fire", "1", "2", ring=Ring.ANY_ONE, deadline_s=600))
    room.comes_to("1", Outcome.BUSY)
    room.wind(10)
    room.comes_to("2", Outcome.NO_ANSWER)
    room.wind(5.1)
    assert room.calling_now == ["1"]
    room.wind(10)
    assert room.calling_now == ["1", "2"]


# Several departments and incidents.


def test_departments_are_called_in_parallel() -> None:
    room = Room(order("fire", "1"), order("police", "2"), order("medical", "3"))
    assert room.calling_now == ["1", "2", "3"]


def test_fifty_departments_ring_at_once() -> None:
    room = Room(*(order(f"d{number}", f"9{number:03d}") for number in range(50)))
    assert len(room.calling_now) == 50


def test_two_incidents_ring_one_duty_line_one_after_the_other() -> None:
    room = Room(order("fire", "1", "2"))
    room.issue(order("fire", "1", "2", incident="i2"))
    room.run()
    assert room.calling_now == ["1"]
    room.answers("1", "1")
    assert room.calling_now == ["1"]  # thanks are being said
    room.hangs_up("1")
    assert room.calling_now == ["1"]
    assert room.asterisk.on_line("1").dial.order == "i2.fire.1"  # type: ignore[union-attr]


def test_of_orders_that_wait_for_one_line_the_more_urgent_goes_first_and_then_the_earlier() -> None:
    room = Room(order("fire", "1", tries=9, deadline_s=3600))
    for number, priority in ((2, 3), (3, 8), (4, 3), (5, 8)):
        room.issue(order("fire", "1", incident=f"i{number}", priority=priority, deadline_s=3600))
        room.wind(1)
    served = []
    for _ in range(5):
        call = room.asterisk.on_line("1")
        assert call is not None
        served.append(call.dial.order.partition(".")[0])
        room.answers("1", "1")
        room.hangs_up("1")
    assert served == ["i1", "i3", "i5", "i2", "i4"]


def test_the_earlier_order_goes_first_whichever_place_the_line_has_in_its_ladder() -> None:
    room = Room(order("fire", "1"))
    room.issue(order("gas", "9", "1", ring=Ring.ANY_ONE))
    room.wind(1)
    room.issue(order("water", "1"))
    room.run()
    room.answers("1", "1")
    room.hangs_up("1")
    assert room.asterisk.on_line("1").dial.department == "gas"  # type: ignore[union-attr]


def test_of_two_orders_of_one_moment_the_more_urgent_gets_the_line() -> None:
    room = Room(order("fire", "1", priority=2), order("gas", "1", priority=9))
    assert room.asterisk.on_line("1").dial.department == "gas"  # type: ignore[union-attr]


def test_two_departments_with_one_telephone_share_it() -> None:
    room = Room(order("quake", "7"), order("air-defence", "7"))
    assert room.calling_now == ["7"]
    room.answers("7", "1")
    room.hangs_up("7")
    room.answers("7", "1")
    assert {told.order for told in room.facts(fact.Acknowledged)} == {"i1.quake.1", "i1.air-defence.1"}


def test_an_order_that_waits_for_a_line_rings_its_other_lines_when_its_deadline_passes() -> None:
    room = Room(order("fire", "1", deadline_s=3600))
    room.hears_all("1")
    room.issue(order("fire", "1", "2", incident="i2", deadline_s=20))
    room.wind(19)
    assert room.calling_now == ["1"]
    room.wind(1.1)
    assert room.calling_now == ["1", "2"]
    assert room.told_of() == ["deadline"]


def test_an_order_cancelled_while_it_waits_for_a_line_leaves_the_line_to_the_next() -> None:
    room = Room(order("fire", "1"), order("gas", "1", priority=4), order("water", "1", priority=3))
    room.cancel("i1.gas.1")
    room.answers("1", "1")
    room.hangs_up("1")
    assert room.asterisk.on_line("1").dial.department == "water"  # type: ignore[union-attr]
