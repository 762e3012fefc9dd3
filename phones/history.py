"""What happened in a call, and what should not have happened at a telephone: frozen events with monotonic times."""

from dataclasses import dataclass
from enum import StrEnum


class What(StrEnum):
    """The kinds of events in a call's history."""

    DIALLED = "dialled"
    CALLED = "called"  # an INVITE came
    TRYING = "trying"
    RINGING = "ringing"
    EARLY_MEDIA = "early-media"
    CHALLENGED = "challenged"
    ANSWERED = "answered"
    ACKNOWLEDGED = "acknowledged"  # the ACK of an answer was sent, or came
    CANCEL_SENT = "cancel-sent"
    CANCEL_CAME = "cancel-came"
    ANSWER_CROSSED_CANCEL = "answer-crossed-cancel"
    REJECTED = "rejected"
    BYE_SENT = "bye-sent"
    BYE_CAME = "bye-came"
    HELD = "held"
    RESUMED = "resumed"
    HELD_BY_OTHER = "held-by-other"
    RESUMED_BY_OTHER = "resumed-by-other"
    REFRESHED = "refreshed"  # the other side described its media again
    REQUEST_CAME = "request-came"  # INFO, NOTIFY, OPTIONS, MESSAGE, REFER inside the call
    KEYS_SENT = "keys-sent"
    VOICE_HEARD = "voice-heard"  # the first packet
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened; `at` is the event loop's time in seconds."""

    at: float
    what: What
    detail: str = ""

    def __str__(self) -> str:
        return f"{self.at:.3f} {self.what.value} {self.detail}".rstrip()


class Oddity(StrEnum):
    """The kinds of protocol surprises."""

    STRAY_RESPONSE = "stray-response"  # to nothing that we had asked
    STRAY_REQUEST = "stray-request"  # for a call that we do not know
    UNKNOWN_METHOD = "unknown-method"
    NO_ANSWER_TO_REQUEST = "no-answer-to-request"  # retransmitted up to the limit
    NO_ACK = "no-ack"  # a final response to INVITE was never acknowledged
    BAD_OFFER = "bad-offer"
    BAD_RESPONSE = "bad-response"
    REFUSED_REQUEST = "refused-request"


@dataclass(frozen=True, slots=True)
class Surprise:
    """Something that a correct other side would not have done."""

    at: float
    what: Oddity
    detail: str


class Ending(StrEnum):
    """How a call ended."""

    HUNG_UP = "hung-up"  # after an answer
    CANCELLED = "cancelled"  # by the caller, before an answer
    REJECTED = "rejected"  # by the called side, `status` says how
    TIMEOUT = "timeout"  # the other side does not answer SIP any more
    VANISHED = "vanished"  # this device died


class Side(StrEnum):
    """Who did it."""

    ME = "me"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Outcome:
    """A call's end.

    `status` is the final status of its INVITE, None when none came; `reason` is the text of the Reason header or
    of the status; `crossed` tells that an answer had crossed our CANCEL and was hung up at once.
    """

    ending: Ending
    by: Side
    status: int | None = None
    reason: str = ""
    crossed: bool = False
