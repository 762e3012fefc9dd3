"""Trial telephones: real SIP and RTP over UDP, for the demo, the tests and the benches.

Rules of the house: what the protocol says is pure and takes time as an argument (`transaction`, `dialog`, `digest`,
`sdp`, `rtp`, `dtmf`, `tone`, `ear`, `mouth`); sockets and timers are thin edges (`line`, `media`, `pacer`); a person
uses `Phone` and the calls that it gives. Nothing here knows emergency calls, and nothing but trials uses it.
"""

from phones.call import Call, Stage
from phones.errors import (
    DamagedMessage,
    NeverCame,
    PhoneError,
    RegistrationRefused,
    RequestRefused,
    WrongMoment,
)
from phones.g711 import Codec
from phones.history import Ending, Event, Oddity, Outcome, Side, Surprise, What
from phones.incoming import IncomingCall
from phones.message import Enclosure
from phones.outgoing import OutgoingCall
from phones.phone import Phone
from phones.policy import BY_HAND, Policy, answer_at_once, ignore, reject, ring_then_answer, silent
from phones.tone import Heard, recognise, tone_of
from phones.transaction import Timers

__all__ = [
    "BY_HAND",
    "Call",
    "Codec",
    "DamagedMessage",
    "Enclosure",
    "Ending",
    "Event",
    "Heard",
    "IncomingCall",
    "NeverCame",
    "Oddity",
    "Outcome",
    "OutgoingCall",
    "Phone",
    "PhoneError",
    "Policy",
    "RegistrationRefused",
    "RequestRefused",
    "Side",
    "Stage",
    "Surprise",
    "Timers",
    "What",
    "WrongMoment",
    "answer_at_once",
    "ignore",
    "recognise",
    "reject",
    "ring_then_answer",
    "silent",
    "tone_of",
]
