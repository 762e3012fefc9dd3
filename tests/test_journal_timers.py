"""Durable timers and their auditor, on both databases, on a clock that the tests wind."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import Engine

from journal import (
    BadFact,
    BadTimer,
    Committed,
    Draft,
    Fact,
    Journal,
    Neglect,
    Places,
    Refusal,
    Timer,
    Unit,
    audit,
    read_engine,
)
from journal.auditor import OVERDUE
from journal.timer import HAND_AGAIN
from journal.unit import T, Work
from tests.journal_places import REGISTRY, START, WAIT_S, Clock

pytest_plugins = ["tests.journal_fixtures"]


class Centre:
    """A journal with short words for what these tests do."""

    def __init__(self, journal: Journal, clock: Clock) -> None:
        self.journal = journal
        self.clock = clock
        self.reader: Engine = journal.reader

    def do(self, work: Work[T]) -> T:
        submitted = self.journal.submit(work)
        assert not isinstance(submitted, Refusal)
        done: Committed[T] = submitted.result(WAIT_S)
        return done.value

    def record(self, type: str, **subjects: str) -> Fact:
        (fact,) = self.do(lambda unit: unit.record(Draft.of(type, self.clock(), subjects=subjects)))
        return fact

    def arm(self, id: str, after_s: float, subject: str = "n1") -> None:
        due = self.clock() + timedelta(seconds=after_s)

        def work(unit: Unit) -> None:
            (fact,) = unit.record(Draft.of("AttemptFailed", self.clock(), subjects={"notification": subject}))
            unit.timers.arm(Timer(id, "next-attempt", "notification", subject, due, {"ladder": [1, 2]}), fact)

        self.do(work)

    def handed(self) -> list[tuple[str, int]]:
        out = self.do(lambda unit: unit.timers.hand_out(self.clock()))
        return [(each.timer.id, each.attempt) for each in out]

    def settle(self, id: str) -> bool:
        def work(unit: Unit) -> bool:
            (fact,) = unit.record(Draft.of("Counted", self.clock()))
            return unit.timers.settle(id, fact)

        return self.do(work)


@pytest.fixture
def centre(each_places: Places, clock: Clock) -> Iterator[Centre]:
    journal = Journal.open(each_places, REGISTRY, clock=clock)
    yield Centre(journal, clock)
    journal.close()


def test_a_timer_is_handed_out_when_it_is_due_the_longest_due_first(centre: Centre) -> None:
    centre.arm("late", 20)
    centre.arm("early", 10)
    centre.arm("never", 3600)
    assert centre.handed() == []
    centre.clock.wind(30)
    assert centre.handed() == [("early", 1), ("late", 1)]


async def test_a_timer_comes_with_everything_that_it_was_armed_with(centre: Centre) -> None:
    centre.arm("t", 0, "n7")
    (handed,) = await centre.journal.due(centre.clock())
    assert handed.timer == Timer("t", "next-attempt", "notification", "n7", START, {"ladder": [1, 2]})


def test_a_timer_that_nobody_ended_comes_again_and_says_so(centre: Centre) -> None:
    centre.arm("t", 0)
    assert centre.handed() == [("t", 1)]
    assert centre.handed() == []
    centre.clock.wind(HAND_AGAIN.total_seconds())
    assert centre.handed() == [("t", 2)]


def test_a_timer_is_settled_once_and_never_comes_again(centre: Centre) -> None:
    centre.arm("t", 0)
    centre.handed()
    assert centre.settle("t")
    assert not centre.settle("t")
    centre.clock.wind(3600)
    assert centre.handed() == []


def test_a_timer_that_was_settled_in_a_work_that_failed_is_still_live(centre: Centre) -> None:
    centre.arm("t", 0)

    def work(unit: Unit) -> None:
        (fact,) = unit.record(Draft.of("Counted", centre.clock()))
        assert unit.timers.settle("t", fact)
        raise RuntimeError("the line is dead")

    with pytest.raises(RuntimeError):
        centre.do(work)
    assert centre.handed() == [("t", 1)]


def test_timers_fall_due_while_no_process_runs_and_come_after_the_start(each_places: Places, clock: Clock) -> None:
    first = Centre(Journal.open(each_places, REGISTRY, clock=clock), clock)
    first.arm("due", 10)
    first.arm("handed", 0)
    assert first.handed() == [("handed", 1)]
    first.journal.close()
    clock.wind(11)
    second = Centre(Journal.open(each_places, REGISTRY, clock=clock), clock)
    assert second.handed() == [("handed", 2), ("due", 1)]
    second.journal.close()


def test_a_cancelled_timer_does_not_come_and_all_of_a_subject_go_at_once(centre: Centre) -> None:
    for id in ("a", "b", "c"):
        centre.arm(id, 0)
    centre.arm("other", 0, "n2")
    fact = centre.record("Counted")
    assert centre.do(lambda unit: unit.timers.cancel("a", fact))
    assert not centre.do(lambda unit: unit.timers.cancel("a", fact))
    assert centre.do(lambda unit: unit.timers.cancel_all("notification", "n1", fact)) == 2
    assert centre.handed() == [("other", 1)]


def test_an_id_is_used_once(centre: Centre) -> None:
    centre.arm("t", 0)
    with pytest.raises(BadTimer) as caught:
        centre.arm("t", 10)
    assert caught.value.code == "journal_bad_timer"
    with pytest.raises(BadFact):
        centre.arm("two words", 10)


def test_the_next_hand_out_is_known(centre: Centre) -> None:
    def next_due() -> object:
        return centre.do(lambda unit: unit.timers.next_due())

    assert next_due() is None
    centre.arm("late", 100)
    centre.arm("early", 10)
    assert next_due() == START + timedelta(seconds=10)
    now = centre.clock.wind(10)
    centre.handed()
    assert next_due() == now + HAND_AGAIN
    centre.settle("early")
    assert next_due() == START + timedelta(seconds=100)


def test_a_clock_that_steps_back_brings_what_was_handed_out_again_at_once(centre: Centre) -> None:
    centre.arm("t", 0)
    centre.clock.wind(3600)
    assert centre.handed() == [("t", 1)]
    centre.clock.wind(-3500)
    assert centre.handed() == [("t", 2)]


def test_most_are_handed_out_and_the_rest_comes_next(centre: Centre) -> None:
    for number in range(5):
        centre.arm(f"t{number}", number)
    centre.clock.wind(10)
    assert len(centre.do(lambda unit: unit.timers.hand_out(centre.clock(), 3))) == 3
    assert centre.handed() == [("t3", 1), ("t4", 1)]


# --- the auditor ------------------------------------------------------------------------------------------------------


def neglected(centre: Centre) -> list[tuple[str, Neglect]]:
    return [(each.subject_id, each.neglect) for each in audit(centre.reader, centre.clock())]


def test_an_open_promise_without_a_deadline_is_found_and_names_the_fact_that_made_it(centre: Centre) -> None:
    centre.record("Counted")
    centre.record("NotificationStarted", notification="n1")
    (found,) = audit(centre.reader, centre.clock())
    assert (found.subject_kind, found.subject_id, found.opened_by) == ("notification", "n1", 2)
    assert (found.neglect, found.due) == (Neglect.NO_DEADLINE, None)


def test_a_promise_with_a_deadline_ahead_is_kept_until_nobody_comes_back_to_it(centre: Centre) -> None:
    centre.record("NotificationStarted", notification="n1")
    centre.arm("t", 30)
    assert neglected(centre) == []
    centre.clock.wind(30 + OVERDUE.total_seconds())
    assert neglected(centre) == []
    centre.clock.wind(1)
    assert neglected(centre) == [("n1", Neglect.OVERDUE)]
    centre.settle("t")
    assert neglected(centre) == [("n1", Neglect.NO_DEADLINE)]


def test_a_promise_that_was_closed_needs_no_deadline_until_it_is_opened_again(centre: Centre) -> None:
    centre.record("NotificationStarted", notification="n1")
    centre.record("NotificationStarted", notification="n2")
    centre.record("NotificationAcknowledged", notification="n1")
    assert neglected(centre) == [("n2", Neglect.NO_DEADLINE)]
    centre.record("NotificationStarted", notification="n1")
    assert neglected(centre) == [("n2", Neglect.NO_DEADLINE), ("n1", Neglect.NO_DEADLINE)]


def test_another_subject_s_deadline_is_no_excuse(centre: Centre) -> None:
    centre.record("NotificationStarted", notification="n1")
    centre.arm("t", 30, "n2")
    assert neglected(centre) == [("n1", Neglect.NO_DEADLINE)]


def test_the_auditor_reads_on_an_engine_that_can_not_write(each_places: Places, centre: Centre) -> None:
    centre.record("NotificationStarted", notification="n1")
    engine = read_engine(each_places.url)
    assert len(audit(engine, centre.clock())) == 1
    engine.dispose()
