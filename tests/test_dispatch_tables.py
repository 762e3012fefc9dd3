"""Every event in every state: the tables of orders, notifications and attempts are whole and say what the docs say."""

from enum import StrEnum
from pathlib import Path
from typing import Any

import pytest

from dispatch.attempt import ATTEMPT, IN_FLIGHT, AttemptEvent, AttemptState
from dispatch.diagram import main, pages
from dispatch.notification import NOTIFICATION, OPEN, NotificationEvent, NotificationState
from dispatch.order import ORDER, OrderEvent, OrderState
from intake.table import Bug, Goes, Ignored, Ours, Table, Theirs

TABLES: tuple[Table[Any, Any], ...] = (ATTEMPT, NOTIFICATION, ORDER)
BEGIN = {"attempt": AttemptState.DECIDED, "notification": NotificationState.CALLING, "order": OrderState.ISSUED}
DOCS = Path(__file__).parent.parent / "docs" / "states"
PAIRS = [(table, state, event) for table in TABLES for event in table.events for state in table.states]


@pytest.mark.parametrize(("table", "state", "event"), PAIRS, ids=lambda value: str(getattr(value, "name", value)))
def test_every_event_in_every_state_moves_is_ignored_with_a_reason_or_is_an_error(
    table: Table[Any, Any], state: StrEnum, event: StrEnum
) -> None:
    rule = table.rule(state, event)
    match rule:
        case Goes(to):
            assert to is not state
            assert table.after(state, event) is to
        case Ignored(because):
            assert because
            assert table.after(state, event) is state
        case Theirs(code, because):
            assert because
            assert code.isidentifier()
            assert table.after(state, event) == rule
        case Ours():
            with pytest.raises(Bug, match=str(event)):
                table.after(state, event)


def reached(table: Table[Any, Any], start: StrEnum) -> set[StrEnum]:
    found, edge = {start}, [start]
    while edge:
        state = edge.pop()
        for event in table.events:
            rule = table.rule(state, event)
            if isinstance(rule, Goes) and rule.to not in found:
                found.add(rule.to)
                edge.append(rule.to)
    return found


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_from_the_beginning_every_state_can_be_reached(table: Table[Any, Any]) -> None:
    assert reached(table, BEGIN[table.name]) == set(table.states)


def test_every_attempt_can_end_and_none_begins_again() -> None:
    for state in AttemptState:
        assert AttemptState.ENDED in reached(ATTEMPT, state)
    assert reached(ATTEMPT, AttemptState.ENDED) == {AttemptState.ENDED}
    assert all(AttemptState.DECIDED not in reached(ATTEMPT, state) - {state} for state in AttemptState)


def test_only_a_commit_dials() -> None:
    for event in AttemptEvent:
        rule = ATTEMPT.rule(AttemptState.DECIDED, event)
        moves = event in (AttemptEvent.COMMITTED, AttemptEvent.STOP)
        assert isinstance(rule, Goes) == moves, event


def test_what_is_found_moves_only_what_is_unknown() -> None:
    found = [event for event in AttemptEvent if event.name.startswith("FOUND")]
    for event in found:
        moved = [state for state in AttemptState if isinstance(ATTEMPT.rule(state, event), Goes)]
        assert moved == [AttemptState.UNKNOWN]


def test_only_an_acknowledgement_or_a_cancelling_closes_a_notification() -> None:
    for state in OPEN:
        for event in NotificationEvent:
            rule = NOTIFICATION.rule(state, event)
            closes = isinstance(rule, Goes) and rule.to not in OPEN
            assert closes == (event in (NotificationEvent.ACKNOWLEDGE, NotificationEvent.CANCEL)), (state, event)


def test_only_again_opens_what_is_closed() -> None:
    opens = {
        (state, event)
        for state in NotificationState
        for event in NotificationEvent
        if state not in OPEN and isinstance(rule := NOTIFICATION.rule(state, event), Goes) and rule.to in OPEN
    }
    assert opens == {(NotificationState.ACKNOWLEDGED, NotificationEvent.AGAIN)}


def test_a_cancelled_order_stays_cancelled_and_a_done_one_done() -> None:
    for state in (OrderState.CANCELLED, OrderState.DONE):
        assert not any(isinstance(ORDER.rule(state, event), Goes) for event in OrderEvent)


def test_an_attempt_that_is_closing_or_stopping_no_longer_holds_up_the_ladder() -> None:
    assert {AttemptState.CLOSING, AttemptState.STOPPING, AttemptState.ENDED} == set(AttemptState) - IN_FLIGHT


def test_the_docs_show_the_tables_that_run() -> None:
    written = {name: (DOCS / name).read_text(encoding="utf-8") for name in pages()}
    assert written == pages(), "run: python -m dispatch.diagram docs/states"


def test_the_diagrams_are_written_where_one_wants_them(tmp_path: Path) -> None:
    assert main([str(tmp_path / "states")]) == 0
    assert {path.name for path in (tmp_path / "states").iterdir()} == {"order.md", "notification.md", "attempt.md"}
    assert main([]) == 2
