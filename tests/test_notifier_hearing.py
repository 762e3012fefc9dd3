"""What Asterisk tells of calls to duty lines, in the core's words: in whatever order, and to whichever life."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from itertools import permutations

import pytest

from dispatch import event
from dispatch.edge.hearing import Hearing, outcome
from dispatch.outcome import REPORTED, Outcome
from telephony.department import PATH
from telephony.manager import event as told
from telephony.manager.channel import Channel, ChannelState
from telephony.manager.event import DepartmentKey, DepartmentStep, DialOutcome, Step
from tests.edge_telephones import channel

AT = datetime(2026, 11, 25, 8, 0, tzinfo=UTC)
ATTEMPT, FENCE = "i1.fire.1-1", 7
RINGS = channel(ATTEMPT, context="department", path=PATH, fence=FENCE, state=ChannelState.RINGING)
UP = replace(RINGS, state=ChannelState.UP)


def hears(hearing: Hearing, *news: told.Event) -> list[event.Report]:
    return [report for each in news for report in hearing.hear(each)]


def dialling() -> Hearing:
    hearing = Hearing()
    hearing.dials(ATTEMPT, FENCE)
    return hearing


def adopting() -> Hearing:
    hearing = Hearing()
    hearing.adopts(ATTEMPT, FENCE)
    return hearing


def dialled() -> told.Dialled:
    return told.Dialled(AT, replace(RINGS, state=ChannelState.DOWN), None)


def ended(cause: int, of: Channel = RINGS) -> told.Ended:
    return told.Ended(AT, of, cause)


def originated(outcome: DialOutcome) -> told.Originated:
    return told.Originated(AT, ATTEMPT, outcome)


def ends(reports: Iterable[event.Report]) -> list[Outcome]:
    return [each.outcome for each in reports if isinstance(each, event.Ended)]


def test_a_call_that_is_taken_is_told_step_by_step() -> None:
    hearing = dialling()
    assert hears(
        hearing,
        dialled(),
        told.Ringing(AT, RINGS),
        told.Accepted(AT, UP),
        DepartmentStep(AT, UP, Step.SPEAKING),
        originated(DialOutcome.ACCEPTED),
        DepartmentStep(AT, UP, Step.LISTENING),
        DepartmentKey(AT, UP, "1"),
        DepartmentStep(AT, UP, Step.CLOSING),
        ended(16, UP),
    ) == [
        event.Dialled(ATTEMPT, FENCE),
        event.Rings(ATTEMPT, FENCE),
        event.Accepted(ATTEMPT, FENCE),
        event.Accepted(ATTEMPT, FENCE),
        event.PromptOver(ATTEMPT, FENCE),
        event.Key(ATTEMPT, FENCE, "1"),
        event.Ended(ATTEMPT, FENCE, Outcome.HUNG_UP),
    ]
    assert len(hearing) == 0


def test_that_nobody_pressed_a_key_is_told_before_the_end() -> None:
    steps = (told.Accepted(AT, UP), DepartmentStep(AT, UP, Step.NO_KEY), ended(16, UP))
    assert hears(dialling(), *steps)[1:] == [
        event.NoKey(ATTEMPT, FENCE),
        event.Ended(ATTEMPT, FENCE, Outcome.HUNG_UP),
    ]


REFUSALS = [
    (DialOutcome.FAILED, 17, Outcome.BUSY),
    (DialOutcome.FAILED, 21, Outcome.REJECTED),
    (DialOutcome.FAILED, 19, Outcome.REJECTED),
    (DialOutcome.FAILED, 1, Outcome.FAILED),
    (DialOutcome.FAILED, 34, Outcome.FAILED),
    (DialOutcome.FAILED, 0, Outcome.FAILED),
    (DialOutcome.NO_ANSWER, 19, Outcome.NO_ANSWER),
    (DialOutcome.NO_ANSWER, 16, Outcome.NO_ANSWER),
    (DialOutcome.UNKNOWN, 16, Outcome.UNKNOWN),
]


@pytest.mark.parametrize("life", [dialling, adopting])
@pytest.mark.parametrize(("came", "cause", "meant"), REFUSALS)
def test_of_a_call_that_nobody_accepts_both_halves_in_any_order_are_one_end(
    life: type[Hearing], came: DialOutcome, cause: int, meant: Outcome
) -> None:
    both: tuple[told.Event, told.Event] = (originated(came), ended(cause))
    for halves in permutations(both):
        hearing = life()
        begun = hears(hearing, dialled())
        assert hears(hearing, halves[0]) == []
        assert hears(hearing, halves[1]) == [event.Ended(ATTEMPT, FENCE, meant)], halves
        assert begun == [event.Dialled(ATTEMPT, FENCE)]
        assert hears(hearing, *halves) == []
        assert len(hearing) == 0


@pytest.mark.parametrize("halves", tuple(permutations((originated(DialOutcome.FAILED), ended(17)))))
def test_of_a_call_that_another_life_dialled_and_of_which_only_the_end_is_told_the_end_is_known(
    halves: tuple[told.Event, told.Event],
) -> None:
    assert hears(adopting(), *halves) == [event.Ended(ATTEMPT, FENCE, Outcome.BUSY)]


def test_what_there_was_no_way_to_dial_ends_without_a_channel_once_one_was_waited_for() -> None:
    hearing = dialling()
    assert hears(hearing, originated(DialOutcome.FAILED)) == []
    assert hearing.doubts(ATTEMPT)
    assert list(hearing.concludes(ATTEMPT)) == [event.Ended(ATTEMPT, FENCE, Outcome.FAILED)]
    assert list(hearing.concludes(ATTEMPT)) == []


def test_a_busy_line_is_busy_also_when_all_of_its_channel_is_told_after_what_became_of_the_dial() -> None:
    hearing = dialling()
    assert hears(hearing, originated(DialOutcome.FAILED), dialled()) == [event.Dialled(ATTEMPT, FENCE)]
    assert not hearing.doubts(ATTEMPT)
    assert list(hearing.concludes(ATTEMPT)) == []
    assert ends(hearing.hear(ended(17))) == [Outcome.BUSY]


ACCEPTED: tuple[told.Event, ...] = (told.Accepted(AT, UP), originated(DialOutcome.ACCEPTED), ended(16, UP))


@pytest.mark.parametrize("life", [dialling, adopting])
@pytest.mark.parametrize("news", tuple(permutations(ACCEPTED)))
def test_a_call_that_was_accepted_has_hung_up_whatever_is_told_first(
    life: type[Hearing], news: tuple[told.Event, ...]
) -> None:
    assert ends(hears(life(), dialled(), *news)) == [Outcome.HUNG_UP]


def test_who_accepted_when_nobody_heard_it_has_hung_up() -> None:
    assert ends(hears(adopting(), ended(16, UP))) == [Outcome.HUNG_UP]
    # Asterisk's channel may be told as it is torn down.
    assert ends(hears(adopting(), originated(DialOutcome.ACCEPTED), ended(16))) == [Outcome.HUNG_UP]
    assert ends(hears(adopting(), DepartmentKey(AT, UP, "5"), ended(16))) == [Outcome.HUNG_UP]


def test_that_a_call_of_another_life_is_picked_up_is_told_though_nothing_was_told_of_it_before() -> None:
    assert hears(adopting(), told.Accepted(AT, UP)) == [event.Accepted(ATTEMPT, FENCE)]


def test_a_call_has_not_ended_because_asterisk_has_dialled_it_and_it_was_accepted() -> None:
    assert ends(hears(dialling(), dialled(), originated(DialOutcome.ACCEPTED))) == []


def test_an_attempt_keeps_the_fence_with_which_it_was_dialled_until_its_channel_has_one() -> None:
    young = replace(RINGS, fence=0)
    assert hears(dialling(), told.Ringing(AT, young)) == [event.Rings(ATTEMPT, FENCE)]
    other = replace(RINGS, fence=FENCE + 1)
    assert hears(dialling(), told.Ringing(AT, other)) == [event.Rings(ATTEMPT, FENCE + 1)]


@pytest.mark.parametrize("path", ["", "engine", "fallback", "seat", "feedback"])
def test_channels_of_callers_and_seats_mean_nothing_even_with_an_id_of_an_attempt(path: str) -> None:
    foreign = replace(UP, path=path)
    news = (told.Accepted(AT, foreign), DepartmentKey(AT, foreign, "1"), told.Ended(AT, foreign, 16))
    assert hears(dialling(), *news) == []


def test_what_no_attempt_is_told_of_by_nobody() -> None:
    hearing = dialling()
    for news in (
        told.DeviceChanged(AT, "city", told.Device.BUSY),
        told.Originated(AT, "somebody-else", DialOutcome.FAILED),
        told.Joined(AT, UP, "b", 1),
        told.DialEnded(AT, RINGS, None, DialOutcome.BUSY),
    ):
        assert hears(hearing, news) == []


def test_a_key_that_comes_when_the_call_is_believed_to_be_over_is_told_all_the_same() -> None:
    hearing = dialling()
    hearing.forget(ATTEMPT)
    assert hears(hearing, DepartmentKey(AT, UP, "1")) == [event.Key(ATTEMPT, FENCE, "1")]
    assert len(hearing) == 0


def test_nothing_is_remembered_of_calls_that_are_over_or_that_nobody_here_knows() -> None:
    hearing = Hearing()
    for number in range(1000):
        mine, foreign = f"i1.fire.1-{number}", f"i2.fire.1-{number}"
        hearing.dials(mine, number)
        for id in (mine, foreign):
            of = replace(RINGS, id=id)
            late = told.Originated(AT, id, DialOutcome.NO_ANSWER)
            hears(hearing, told.Dialled(AT, of, None), late, told.Ended(AT, of, 19), late, told.Ended(AT, of, 19))
    assert len(hearing) == 0


def test_a_channel_is_awaited_from_the_dial_to_the_first_word_about_it() -> None:
    hearing = Hearing()
    assert not hearing.awaits(ATTEMPT)
    hearing.dials(ATTEMPT, FENCE)
    assert hearing.awaits(ATTEMPT)
    hears(hearing, dialled())
    assert not hearing.awaits(ATTEMPT)
    assert not adopting().awaits(ATTEMPT)


@pytest.mark.parametrize("came", DialOutcome)
@pytest.mark.parametrize("cause", [0, 1, 16, 17, 19, 21, 34, 127])
def test_whatever_asterisk_calls_an_end_it_is_one_that_the_core_knows(came: DialOutcome, cause: int) -> None:
    assert outcome(came, cause) in REPORTED


def test_a_call_that_we_took_away_was_not_answered() -> None:
    assert outcome(DialOutcome.CANCELLED, 16) is Outcome.NO_ANSWER
