"""Where Asterisk has an attempt, of what a look shows and of what is noted: the answer to the core's question."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dispatch import command, event
from dispatch.edge.sight import found
from dispatch.event import Sight
from dispatch.outcome import Outcome
from telephony.department import PATH, back_noted, end_noted, key_noted
from telephony.manager.channel import ChannelState
from telephony.manager.snapshot import Present, Snapshot
from tests.edge_telephones import channel

ATTEMPT = "i1.fire.1-1"
ASKED = command.Ask(ATTEMPT, 7, 3, 5.0)


def seen(
    *,
    state: ChannelState | None = None,
    context: str = "department",
    application: str = "BackGround",
    key: str | None = None,
    back: bool = False,
    end: bool = False,
) -> Snapshot:
    """What a look shows: the attempt's channel if it has a state, and what is noted of it."""
    database = {key_noted("i9.fire.1-1"): "9", end_noted("i9.fire.1-1"): "hung-up"}
    database |= {key_noted(ATTEMPT): key} if key is not None else {}
    database |= {back_noted(ATTEMPT): "9"} if back else {}
    database |= {end_noted(ATTEMPT): "hung-up"} if end else {}
    other = channel("i9.fire.1-1", context="department-closing", path=PATH, fence=9, state=ChannelState.UP)
    up = [Present(other, 3, "", "Wait")]
    if state is not None:
        mine = replace(other, id=ATTEMPT, context=context, fence=7, state=state)
        up.append(Present(mine, 3, "", application))
    return Snapshot(tuple(up), (), {}, {}, database)


def of(snapshot: Snapshot, log: Outcome | None = None) -> event.Found:
    return found(ASKED, snapshot, {} if log is None else {ATTEMPT: log})


@pytest.mark.parametrize("state", [ChannelState.DOWN, ChannelState.CALLING, ChannelState.RINGING])
def test_a_telephone_that_has_not_accepted_rings(state: ChannelState) -> None:
    assert of(seen(state=state)) == event.Found(ATTEMPT, 3, 5.0, Sight.RINGING)


@pytest.mark.parametrize(
    ("context", "application", "sight"),
    [
        ("department", "BackGround", Sight.SPEAKING),
        ("department", "", Sight.SPEAKING),
        ("department", "WaitExten", Sight.LISTENING),
        ("department-closing", "WaitExten", Sight.CLOSING),
        ("department-closing", "Playback", Sight.CLOSING),
    ],
)
def test_one_that_is_up_is_where_the_dialplan_has_it(context: str, application: str, sight: Sight) -> None:
    assert of(seen(state=ChannelState.UP, context=context, application=application)).sight is sight


@pytest.mark.parametrize("key", ["1", "9"])
def test_a_key_that_was_noted_is_told_whatever_has_become_of_the_call(key: str) -> None:
    assert of(seen(state=ChannelState.UP, key=key)) == event.Found(ATTEMPT, 3, 5.0, Sight.SPEAKING, key)
    assert of(seen(key=key)) == event.Found(ATTEMPT, 3, 5.0, Sight.GONE, key, Outcome.HUNG_UP)
    assert of(seen(key=key, end=True)) == event.Found(ATTEMPT, 3, 5.0, Sight.GONE, key, Outcome.HUNG_UP)
    assert of(seen(key=key), log=Outcome.FAILED) == event.Found(ATTEMPT, 3, 5.0, Sight.GONE, key, Outcome.HUNG_UP)


def test_a_key_9_that_was_noted_after_it_is_told_as_well_whatever_has_become_of_the_call() -> None:
    closing = seen(state=ChannelState.UP, context="department-closing", key="1", back=True)
    assert of(closing) == event.Found(ATTEMPT, 3, 5.0, Sight.CLOSING, "1", taken_back=True)
    assert of(seen(key="1", back=True)) == event.Found(ATTEMPT, 3, 5.0, Sight.GONE, "1", Outcome.HUNG_UP, True)


@pytest.mark.parametrize("key", ["", "2", "11", "1 ", "x", "*"])
def test_what_no_dialplan_notes_as_a_key_is_none(key: str) -> None:
    assert of(seen(state=ChannelState.UP, key=key)).key == ""
    assert of(seen(key=key)) == event.Found(ATTEMPT, 3, 5.0, Sight.ABSENT)


def test_a_call_that_was_accepted_and_is_over_has_hung_up_whatever_the_log_says() -> None:
    assert of(seen(end=True)) == event.Found(ATTEMPT, 3, 5.0, Sight.GONE, "", Outcome.HUNG_UP)
    assert of(seen(end=True), log=Outcome.NO_ANSWER).outcome is Outcome.HUNG_UP


def test_a_call_that_is_up_is_up_though_its_end_is_noted() -> None:
    assert of(seen(state=ChannelState.UP, end=True), log=Outcome.HUNG_UP).sight is Sight.SPEAKING


@pytest.mark.parametrize("outcome", [Outcome.BUSY, Outcome.NO_ANSWER, Outcome.HUNG_UP])
def test_of_a_call_that_left_nothing_else_the_log_tells(outcome: Outcome) -> None:
    assert of(seen(), log=outcome) == event.Found(ATTEMPT, 3, 5.0, Sight.GONE, "", outcome)


def test_what_is_nowhere_is_absent_whatever_is_known_of_others() -> None:
    assert of(seen()) == event.Found(ATTEMPT, 3, 5.0, Sight.ABSENT)
