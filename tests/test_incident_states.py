"""Every deed in every state: the table of incidents is whole, and says what the field wants."""

import pytest

from intake.incident import INCIDENT, OPEN, OVER, IncidentEvent, IncidentState
from intake.table import Goes, Ignored, Theirs

PAIRS = [(state, event) for event in IncidentEvent for state in IncidentState]


@pytest.mark.parametrize(("state", "event"), PAIRS, ids=lambda value: value.name)
def test_every_deed_in_every_state_moves_or_is_allowed_or_is_refused_with_a_code(
    state: IncidentState, event: IncidentEvent
) -> None:
    match rule := INCIDENT.rule(state, event):
        case Goes(to):
            assert to is not state and INCIDENT.after(state, event) is to
        case Ignored(because):
            assert because and INCIDENT.after(state, event) is state
        case Theirs(code, because):
            assert because and code.isidentifier() and INCIDENT.after(state, event) == rule
        case _:
            pytest.fail("what a person does is never a bug of ours")


def test_every_state_is_reached_from_a_draft() -> None:
    reached, edge = {IncidentState.DRAFT}, [IncidentState.DRAFT]
    while edge:
        state = edge.pop()
        for event in IncidentEvent:
            rule = INCIDENT.rule(state, event)
            if isinstance(rule, Goes) and rule.to not in reached:
                reached.add(rule.to)
                edge.append(rule.to)
    assert reached == set(IncidentState)


def test_nothing_but_closing_and_cancelling_ends_an_incident() -> None:
    for event in set(IncidentEvent) - {IncidentEvent.CLOSE, IncidentEvent.CANCEL}:
        for state in set(IncidentState) - OVER:
            assert not isinstance(rule := INCIDENT.rule(state, event), Goes) or rule.to not in OVER


def test_what_is_over_comes_back_only_by_being_reopened() -> None:
    for state in OVER:
        back = [event for event in IncidentEvent if isinstance(INCIDENT.rule(state, event), Goes)]
        assert back == [IncidentEvent.REOPEN]


def test_nothing_becomes_a_draft_again() -> None:
    rules = [INCIDENT.rule(state, event) for state, event in PAIRS]
    assert not [rule for rule in rules if isinstance(rule, Goes) and rule.to is IncidentState.DRAFT]


def test_nobody_is_sent_on_a_draft_or_on_what_is_over() -> None:
    sent = {state for state in IncidentState if not isinstance(INCIDENT.rule(state, IncidentEvent.DISPATCH), Theirs)}
    assert sent == OPEN


def test_a_note_a_link_and_the_undoing_of_a_merge_are_always_possible() -> None:
    for event in (IncidentEvent.NOTE, IncidentEvent.LINK, IncidentEvent.UNMERGE):
        assert all(INCIDENT.after(state, event) is state for state in IncidentState)


def test_only_what_is_open_takes_in_another_so_that_nothing_alive_vanishes() -> None:
    takes = {state for state in IncidentState if not isinstance(INCIDENT.rule(state, IncidentEvent.TAKE_IN), Theirs)}
    assert takes == OPEN
