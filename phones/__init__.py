"""Trial telephones: real SIP and RTP over UDP, for the demo, the tests and the benches.

Rules of the house: what the protocol says is pure and takes time as an argument (`transaction`, `dialog`, `digest`,
`sdp`, `rtp`, `dtmf`, `tone`, `speech`, `ear`, `mouth`); sockets and timers are thin edges (`line`, `media`, `pacer`);
a person uses `Phone` and the calls that it gives, or a `Switchboard` that answers for many numbers (`duty` says how).
Nothing here knows emergency calls, and nothing but trials uses it.

    async with Phone(("127.0.0.1", 5060), "1001", "secret", policy=ring_then_answer(0.2)) as seat:
        await seat.register()
        async with Phone(("127.0.0.1", 5060), "trunk", local=("127.0.0.2", 0)) as city:
            call = await city.dial("119", caller="13800138000", tone=tone_of(12))
            answer = await seat.incoming()
            answer.play_tone(tone_of(0))
            await call.answered()
            await call.hears(tone_of(0))
            await call.hang_up()
            print(await call.ended(), *call.history, sep="\\n")
            assert not city.unexpected and not seat.unexpected
"""

from phones.call import Call, Stage
from phones.duty import Behaviour, engaged, hangs_up, not_there, picks_up, presses
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
from phones.speech import pieces_heard, share_heard
from phones.switchboard import Switchboard
from phones.tone import Heard, recognise, tone_of
from phones.transaction import Timers

__all__ = [
    "BY_HAND",
    "Behaviour",
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
    "Switchboard",
    "Timers",
    "What",
    "WrongMoment",
    "answer_at_once",
    "engaged",
    "hangs_up",
    "ignore",
    "not_there",
    "picks_up",
    "pieces_heard",
    "presses",
    "recognise",
    "reject",
    "ring_then_answer",
    "share_heard",
    "silent",
    "tone_of",
]
