"""What the engine answers to the dialplan."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from telephony.agi.error import BadAnswer

_SEAT = re.compile(r"[A-Za-z0-9_.-]{1,60}")
ANSWER_MAX = 1_850
"""Characters of an answer: Asterisk reads lines of 2,047 from an AGI server. 100 seats may have names of 17 each."""
SECONDS = range(1, 100)  # the dialplan takes any other number for its own default


@dataclass(frozen=True, slots=True)
class Offer:
    """Ring these seats, all at once, for so many seconds."""

    fence: int
    seats: tuple[str, ...]
    seconds: int


@dataclass(frozen=True, slots=True)
class Wait:
    """Nobody is free: the caller waits until he is woken, and the dialplan asks again."""

    fence: int


@dataclass(frozen=True, slots=True)
class Net:
    """Nobody works: the dialplan does what it does without an engine, and asks again between its rounds."""

    fence: int


@dataclass(frozen=True, slots=True)
class Nothing:
    """No answer: the dialplan does what it does without an engine, at once, and tells so (`Unanswered`)."""


Decision = Offer | Wait | Net
"""What the dialplan is told, and obeys if its fence is newer than that of the last one."""

Answer = Decision | Nothing


class Word(StrEnum):
    """What came of a wish, or of what was asked by telephone; a prompt says it."""

    SIGNED_IN = "signed-in"
    SIGNED_OUT = "signed-out"
    PAUSED = "paused"
    READY = "ready"
    WRONG_PIN = "wrong-pin"
    """Or no such number: nobody learns which."""
    LOCKED = "locked"
    """Too many wrong PINs."""
    SEAT_TAKEN = "seat-taken"
    """Somebody else is signed in here."""
    ELSEWHERE = "elsewhere"
    """This person is signed in at another seat."""
    NOT_SIGNED_IN = "not-signed-in"
    NO_SUCH_REASON = "no-such-reason"
    REFUSED = "refused"
    """For any other reason."""
    AWAY = "away"
    """Nobody is there to ask; the dialplan says it by itself when no word comes."""

    CODE_KNOWN = "code-known"
    """An order of today has this code."""
    CODE_UNKNOWN = "code-unknown"
    FEEDBACK_NOTED = "feedback-noted"
    """What a department reported is written down."""
    FEEDBACK_REFUSED = "feedback-refused"
    """The order doesn't take it: it is over."""
    REPORT_NONE = "report-none"
    """Of what this number reported before, nothing is known, or everything is long over."""
    REPORT_RECEIVED = "report-received"
    REPORT_DISPATCHED = "report-dispatched"
    REPORT_IN_PROGRESS = "report-in-progress"
    REPORT_DONE = "report-done"


CODE_WORDS = (Word.CODE_KNOWN, Word.CODE_UNKNOWN, Word.AWAY)
"""The answers to a code."""
FEEDBACK_WORDS = (Word.FEEDBACK_NOTED, Word.FEEDBACK_REFUSED, Word.AWAY)
"""The answers to a feedback."""
REPORT_WORDS = (
    Word.REPORT_NONE,
    Word.REPORT_RECEIVED,
    Word.REPORT_DISPATCHED,
    Word.REPORT_IN_PROGRESS,
    Word.REPORT_DONE,
    Word.AWAY,
)
"""The answers to who asks what became of his report."""
WISH_WORDS = tuple(
    word for word in Word if word is Word.AWAY or word not in (*CODE_WORDS, *FEEDBACK_WORDS, *REPORT_WORDS)
)
"""The answers to a wish; the telephone speaks the prompt `wish-WORD`."""


def write_answer(answer: Decision) -> str:
    """As the dialplan reads it: `offer+FENCE+SEAT&SEAT+SECONDS`, `wait+FENCE` or `net+FENCE`. Raises BadAnswer."""
    if answer.fence < 1:
        raise BadAnswer(f"fence {answer.fence}: the dialplan takes 1 and more")
    match answer:
        case Wait(fence):
            return f"wait+{fence}"
        case Net(fence):
            return f"net+{fence}"
        case Offer(fence, seats, seconds):
            if not seats or not all(_SEAT.fullmatch(seat) for seat in seats):
                raise BadAnswer(f"no seats: {seats!r}")
            if seconds not in SECONDS:
                raise BadAnswer(f"{seconds} s: the dialplan takes 1 to 99")
            if len(text := f"offer+{fence}+{'&'.join(seats)}+{seconds}") > ANSWER_MAX:
                raise BadAnswer(f"{len(seats)} seats: their names are longer than {ANSWER_MAX} characters together")
            return text


def write_word(word: str) -> str:
    """As the dialplan reads it. Raises BadAnswer for a word that no prompt is there for."""
    try:
        return Word(word).value
    except ValueError:
        raise BadAnswer(f"{word!r}: no telephone can say that") from None
