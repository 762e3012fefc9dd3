"""What the dispatcher and the departments want of orders, and what they are answered."""

from dataclasses import replace

import pytest

from dispatch import event, fact, wish
from dispatch.ladder import Ring
from dispatch.notification import NotificationState
from dispatch.order import OrderState
from dispatch.outcome import Outcome
from dispatch.rehearsal import Micro
from tests.dispatch_room import DEADLINE_S, Room, order

# Cancel.


def test_an_order_cancelled_while_it_rings_stops_ringing_and_nobody_is_dialled_any_more() -> None:
    room = Room(order("fire", "1", "2", ring=Ring.ANY_ONE))
    room.rings("1")
    assert room.cancel().refused is None
    assert room.calling_now == []
    assert room.facts(fact.OrderCancelled)[0].by == "zhang-wei"
    room.wind(3600)
    assert room.dialled == ["1", "2"]
    assert room.told == []


def test_who_is_hearing_an_order_that_is_cancelled_is_told_so() -> None:
    room = Room(order())
    room.hears_all("1")
    room.cancel()
    assert room.said("1") == ["cancelled"]
    room.hangs_up("1")
    assert room.outcomes() == ["stopped"]


def test_a_key_that_comes_after_the_cancelling_acknowledges_nothing() -> None:
    room = Room(order())
    room.picks_up("1")
    room.hear(wish.Cancel("w", "i1.fire.1", "zhang-wei"))
    room.asterisk.presses("1", "1")
    room.run()
    assert room.facts(fact.Acknowledged) == []
    assert room.said("1") == ["cancelled"]


def test_an_order_cancelled_between_the_decision_and_its_commit_is_never_dialled() -> None:
    room = Room()
    room.issue(order())
    room.hear(wish.Cancel("w", "i1.fire.1", "zhang-wei"))
    room.run()
    assert room.dialled == []
    assert room.outcomes() == ["stopped"]


def test_a_cancelling_is_answered_when_it_is_on_disk_and_not_before() -> None:
    room = Room(order())
    room.hear(wish.Cancel("w", "i1.fire.1", "zhang-wei"))
    assert not room.commands
    room.make(Micro.COMMIT)
    assert not room.commands
    room.run()
    assert [each.wish for each in room.replies] == ["w"]


def test_an_acknowledged_order_that_is_cancelled_has_to_be_taken_back_by_word() -> None:
    room = Room(order())
    room.answers("1", "1")
    room.cancel()
    assert room.told_of() == ["tell-them"]
    room.hangs_up("1")
    assert room.cancel().refused == "no_such_order"  # it is over and has left the board


def test_an_order_cancelled_in_the_pause_between_two_tries_is_not_rung_again() -> None:
    room = Room(order("fire", "1"))
    room.picks_up("1")
    room.hangs_up("1")
    room.cancel()
    room.wind(60)
    assert room.dialled == ["1"]


def test_an_order_taken_by_word_in_the_pause_between_two_tries_is_not_rung_again() -> None:
    room = Room(order("fire", "1"))
    room.comes_to("1", Outcome.BUSY)
    room.wish(wish.TakeWord, order="i1.fire.1")
    room.wind(60)
    assert room.dialled == ["1"]


def test_cancelling_twice_is_cancelling_once() -> None:
    room = Room(order())
    room.picks_up("1")
    room.cancel()
    assert room.cancel().refused is None
    assert len(room.facts(fact.OrderCancelled)) == 1


def test_an_order_acknowledged_by_word_between_the_decision_and_its_commit_is_never_dialled() -> None:
    room = Room()
    room.issue(order())
    room.hear(wish.TakeWord("w", "i1.fire.1", "zhang-wei"))
    room.run()
    assert room.dialled == []
    assert room.of().state is NotificationState.ACKNOWLEDGED


# Again.


def test_an_order_that_reached_nobody_is_climbed_again_from_the_beginning_and_has_its_whole_time() -> None:
    room = Room(order(tries=1, deadline_s=60))
    room.comes_to("1", Outcome.BUSY)
    room.comes_to("2", Outcome.BUSY)
    room.wind(100)
    told = len(room.told)
    assert room.wish(wish.Again, order="i1.fire.1").refused is None
    assert room.calling_now == ["1"]
    room.wind(40)
    room.answers("1", "1")
    room.wind(3600)
    assert len(room.told) == told
    assert room.of().progress is OrderState.ACKNOWLEDGED
    (told,) = room.facts(fact.Acknowledged)
    assert (told.round, told.after_s) == (2, 40.0)


def test_an_acknowledged_order_can_be_ordered_again_and_says_that_it_repeats() -> None:
    room = Room(order())
    room.answers("1", "1")
    room.hangs_up("1")
    room.wish(wish.Again, order="i1.fire.1")
    assert room.dialled == ["1", "1r"]
    assert room.of().progress is OrderState.ISSUED
    room.wind(DEADLINE_S)
    assert room.told_of() == ["deadline"]


def test_an_order_again_while_the_first_thanks_are_being_said_waits_for_the_line() -> None:
    room = Room(order("fire", "1"))
    room.answers("1", "1")
    room.wish(wish.Again, order="i1.fire.1")
    assert room.dialled == ["1"]
    room.presses("1", "1")  # he is still there, and takes it once more
    assert [told.round for told in room.facts(fact.Acknowledged)] == [1, 2]
    room.hangs_up("1")
    assert room.dialled == ["1"]


@pytest.mark.parametrize("overdue", [False, True])
def test_an_order_whose_lines_are_being_rung_is_not_ordered_again(overdue: bool) -> None:
    room = Room(order(deadline_s=30))
    room.hears_all("1")
    room.wind(31 if overdue else 1)
    assert room.wish(wish.Again, order="i1.fire.1").refused == "still_calling"


def test_who_declined_is_asked_again_in_a_new_round() -> None:
    room = Room(order("fire", "1"))
    room.answers("1", "9")
    room.hangs_up("1")
    room.wish(wish.Again, order="i1.fire.1")
    assert room.dialled == ["1", "1r"]


# The department's word.


def test_a_word_given_to_the_dispatcher_acknowledges_and_stops_the_ringing() -> None:
    room = Room(order())
    room.rings("1")
    assert room.wish(wish.TakeWord, order="i1.fire.1").refused is None
    (told,) = room.facts(fact.Acknowledged)
    assert (told.how, told.by, told.attempt) == (fact.How.WORD, "zhang-wei", None)
    assert room.calling_now == []


def test_a_word_for_an_order_that_is_acknowledged_is_refused() -> None:
    room = Room(order())
    room.answers("1", "1")
    assert room.wish(wish.TakeWord, order="i1.fire.1").refused == "acknowledged_already"


def test_a_word_ends_the_telling_of_an_unreached_order() -> None:
    room = Room(order(tries=1))
    room.comes_to("1", Outcome.FAILED)
    room.comes_to("2", Outcome.FAILED)
    room.wish(wish.TakeWord, order="i1.fire.1")
    told = len(room.told)
    room.wind(3600)
    assert len(room.told) == told


# Feedback.


def report(room: Room, progress: OrderState | None, words: str = "", feedback: str = "") -> str | None:
    feedback = feedback or f"f{len(room.facts(fact.FeedbackGiven))}"
    told = room.wish(wish.Feedback, order="i1.fire.1", feedback=feedback, progress=progress, words=words)
    return told.refused


def test_a_department_reports_step_by_step_and_may_skip_one() -> None:
    room = Room(order())
    room.answers("1", "1")
    room.hangs_up("1")
    assert report(room, OrderState.EN_ROUTE) is None
    assert report(room, OrderState.ON_SCENE) is None
    assert room.of().progress is OrderState.ON_SCENE
    assert report(room, OrderState.EN_ROUTE) is None  # late
    assert room.of().progress is OrderState.ON_SCENE
    assert report(room, OrderState.DONE) is None
    assert "i1.fire.1" not in room.board.notifications


def test_a_department_that_reports_from_the_road_has_acknowledged_and_its_telephones_stop() -> None:
    room = Room(order())
    room.rings("1")
    assert report(room, OrderState.EN_ROUTE, "两车已出动") is None
    assert [told.how for told in room.facts(fact.Acknowledged)] == [fact.How.REPORT]
    assert room.calling_now == []
    assert room.of().progress is OrderState.EN_ROUTE


def test_a_report_that_is_sent_twice_is_one_report_also_after_a_new_beginning() -> None:
    room = Room(order())
    room.answers("1", "1")
    for _ in range(2):
        assert report(room, OrderState.EN_ROUTE, "出动", feedback="f1") is None
    room.restart()
    assert report(room, OrderState.EN_ROUTE, "出动", feedback="f1") is None
    assert len(room.facts(fact.FeedbackGiven)) == 1


@pytest.mark.parametrize("restarted", [False, True])
def test_a_name_of_a_report_names_no_other_one(restarted: bool) -> None:
    room = Room(order())
    room.answers("1", "1")
    assert report(room, None, "出动", feedback="f1") is None
    if restarted:
        room.restart()
    assert report(room, None, "屋内还有人", feedback="f1") == "key_used"
    assert report(room, OrderState.EN_ROUTE, "出动", feedback="f1") == "key_used"
    assert [each.words for each in room.facts(fact.FeedbackGiven)] == ["出动"]
    assert room.of().progress is OrderState.ACKNOWLEDGED


def test_words_alone_acknowledge_nothing() -> None:
    room = Room(order())
    assert report(room, None, "正在集合") is None
    assert room.of().open
    assert room.facts(fact.FeedbackGiven)[0].words == "正在集合"


@pytest.mark.parametrize("progress", [OrderState.ISSUED, OrderState.CANCELLED, OrderState.ACKNOWLEDGED])
def test_only_what_happens_at_a_department_is_feedback(progress: OrderState) -> None:
    room = Room(order())
    assert report(room, progress) == "no_progress"
    assert room.of().open


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"words": "a" * 2001}, "too_long"),
        ({"words": "\x00"}, "bad_text"),
        ({"words": "\ud800"}, "bad_text"),
        ({"by": "\ud800"}, "bad_id"),
        ({"feedback": "two words"}, "bad_id"),
        ({"feedback": "x" * 200}, "bad_id"),
    ],
)
def test_what_could_never_be_written_is_refused_before_it_stops_the_writing_of_everything(
    changes: dict[str, str], code: str
) -> None:
    room = Room(order())
    room.hear(replace(wish.Feedback("w", "i1.fire.1", "f1", "zhang-wei"), **changes))
    assert [each.refused for each in room.replies or room.commands] == [code]  # type: ignore[union-attr]
    assert not room.writes


def test_an_order_under_way_is_not_ordered_again() -> None:
    room = Room(order())
    room.answers("1", "1")
    report(room, OrderState.EN_ROUTE)
    assert room.wish(wish.Again, order="i1.fire.1").refused == "under_way"


# Closing an incident.


def test_closing_an_incident_takes_back_its_open_orders_and_expects_nothing_of_the_others() -> None:
    room = Room(order("fire", "1"), order("police", "2"), order("gas", "3"), order("gas", "4", incident="i2"))
    room.answers("1", "1")
    room.rings("2")
    assert room.wish(wish.Close, incident="i1").refused is None
    assert [told.order for told in room.facts(fact.OrderCancelled)] == ["i1.police.1", "i1.gas.1"]
    assert [told.order for told in room.facts(fact.OrderClosed)] == ["i1.fire.1"]
    assert room.calling_now == ["1", "4"]
    assert room.of("i2.gas.1").open


def test_closing_an_incident_without_orders_is_answered_at_once() -> None:
    assert Room(order()).wish(wish.Close, incident="i9").refused is None


def test_a_wish_for_an_order_that_nobody_knows_is_refused() -> None:
    room = Room()
    for kind in (wish.Cancel, wish.Again, wish.TakeWord):
        assert room.wish(kind, order="i9.fire.1").refused == "no_such_order"
    assert report(room, OrderState.DONE) == "no_such_order"


def test_an_order_that_is_issued_twice_is_one_order() -> None:
    room = Room(order())
    room.hear(event.Issued((room.of().order,)))
    room.run()
    assert room.dialled == ["1"]
    assert room.of().state is NotificationState.CALLING
