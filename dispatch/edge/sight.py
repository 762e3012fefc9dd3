"""Where Asterisk has an attempt, live and in what it has noted: the answer to `command.Ask`. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from dispatch import command, event
from dispatch.event import Sight
from dispatch.outcome import Outcome
from telephony.department import back_noted, end_noted, key_noted, step_of
from telephony.manager.event import Step
from telephony.manager.snapshot import Snapshot

_STEPS = {Step.SPEAKING: Sight.SPEAKING, Step.LISTENING: Sight.LISTENING, Step.CLOSING: Sight.CLOSING}
_KEYS = frozenset({"1", "9"})


def found(asked: command.Ask, seen: Snapshot, ends: Mapping[str, Outcome]) -> event.Found:
    """What a look tells of it; `ends` are those that the channel event log has.

    A key that was noted counts whatever has become of the call since.
    """
    attempt, turn, at = asked.attempt, asked.turn, asked.at
    noted = seen.database.get(key_noted(attempt), "")
    key = noted if noted in _KEYS else ""
    back = back_noted(attempt) in seen.database
    present = next((each for each in seen.channels if each.channel.id == attempt), None)
    if present is not None:
        step = step_of(present)
        return event.Found(attempt, turn, at, Sight.RINGING if step is None else _STEPS[step], key, taken_back=back)
    if key or end_noted(attempt) in seen.database:
        return event.Found(attempt, turn, at, Sight.GONE, key, Outcome.HUNG_UP, back)
    if attempt in ends:
        return event.Found(attempt, turn, at, Sight.GONE, key, ends[attempt])
    return event.Found(attempt, turn, at, Sight.ABSENT)
