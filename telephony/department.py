"""A call to a department's duty line, as the dialplan makes it: what it is told, and where it stands. Pure.

The dialplan speaks the order, hears the keys and notes the one that decides in Asterisk's own database before it tells
anybody; so a key that was pressed counts, whoever was dead at that moment. Nobody but this file and the dialplan knows
the names of its variables and contexts.
"""

from __future__ import annotations

import re
from pathlib import Path

from config.field import Language
from telephony.manager.channel import ChannelState
from telephony.manager.error import BadAction
from telephony.manager.event import DialOutcome, Pressed, Step
from telephony.manager.exchange import Origination, Place
from telephony.manager.snapshot import Present

PATH = "department"
"""`Channel.path` of such a call."""
NOTED = "attempt"
"""The folder of what the dialplan notes, in this centre's part of Asterisk's own database."""

_PLACE = Place("department", "s")
_CLOSING = "department-closing"
_LAST_WORDS = "department-words"
_ATTEMPT = re.compile(r"[0-9A-Za-z-][0-9A-Za-z.-]{0,127}")
_LISTENING = "WaitExten"


def department_call(
    attempt: str,
    fence: int,
    dial: str,
    *,
    ring_s: float,
    language: Language,
    text: Path | None,
    code: Path | None,
    repeats: bool,
    spoken: int,
    key_s: float,
    caller_number: str = "",
    caller_name: str = "",
) -> Origination:
    """The call of one attempt, for `Exchange.originate`.

    `attempt` becomes the channel's unique id and the call's id of its recording; `dial` is `PJSIP/NUMBER@TRUNK` or
    `PJSIP/ENDPOINT`; `text` and `code` are what `telephony.prompt.order.Speaker.spoken` gave, None: it could not be
    spoken. `repeats`: it says first that it repeats. `spoken`: how often to somebody who presses nothing; `key_s`:
    how long a key is waited for each time. Raises BadAction for an attempt that cannot be an id of a recording.
    """
    if not _ATTEMPT.fullmatch(attempt):
        raise BadAction(f"{attempt!r} is no id of an attempt")
    return Origination(
        channel_id=attempt,
        dial=dial,
        place=_PLACE,
        ring_s=ring_s,
        caller_number=caller_number,
        caller_name=caller_name,
        variables={
            "__LD_CALL": attempt,
            "__LD_PATH": PATH,
            "LD_FENCE": str(fence),
            "LD_LANGUAGE": language.value,
            "LD_TEXT": "" if text is None else str(text),
            "LD_CODE": "" if code is None else str(code),
            "LD_REPEATS": "1" if repeats else "",
            "LD_SPOKEN": str(spoken),
            "LD_KEY_S": f"{key_s:g}",
        },
    )


def step_of(present: Present) -> Step | None:
    """Where an attempt that is up stands, as a snapshot shows it; None: its telephone has not accepted yet."""
    if present.channel.state is not ChannelState.UP:
        return None
    if present.channel.context == _CLOSING:
        return Step.CLOSING
    if present.channel.context == _PLACE.context and present.application == _LISTENING:
        return Step.LISTENING
    return Step.SPEAKING  # also in the moment before and between


def takes_back(pressed: Pressed) -> bool:
    """Whether somebody presses 9 while he is thanked: nothing in the dialplan listens to keys then."""
    return pressed.key == "9" and pressed.channel.context == _LAST_WORDS


_CAUSES = {
    17: DialOutcome.BUSY,  # SIP's 486 and 600
    21: DialOutcome.REJECTED,  # 603, 401, 403
    19: DialOutcome.REJECTED,  # 480: who could be rung does not want to be
}


def came_to(originated: DialOutcome, cause: int) -> DialOutcome:
    """What a call that never was accepted came to, from its `Originated` and the cause of its `Ended`.

    Either may be told first, and there is no `Ended` (cause 0) when there was no way to dial. As measured:

    | the duty line                                       | Originated | cause    |
    |---|---|---|
    | accepts, also an answering machine                  | ACCEPTED   | any      |
    | rings, or says nothing at all, until `ring_s`       | NO_ANSWER  | 19       |
    | is busy (486, 600)                                  | FAILED     | 17       |
    | rejects (603)                                       | FAILED     | 21       |
    | rejects, or cannot be had just now (480)            | FAILED     | 19       |
    | does not exist (404), the trunk can't (503)         | FAILED     | 1, 34    |
    | is not registered; its trunk is known to be dead    | FAILED     | no Ended |
    | the trunk is dead, and Asterisk does not know yet   | NO_ANSWER  | 19       |

    A `Ringing` between `Dialled` and the end tells one that rang from one that said nothing.
    """
    return _CAUSES.get(cause, originated) if originated is DialOutcome.FAILED else originated


def key_noted(attempt: str) -> str:
    """Where the key that decides (1 or 9) is noted, for `Snapshot.database` and `Exchange.kept`."""
    return f"{NOTED}/{attempt}/key"


def back_noted(attempt: str) -> str:
    """Where it is noted that 9 was pressed after a key that decides, and before the last words."""
    return f"{NOTED}/{attempt}/back"


def end_noted(attempt: str) -> str:
    """Where it is noted that an attempt that had been accepted is over (`hung-up`)."""
    return f"{NOTED}/{attempt}/end"
