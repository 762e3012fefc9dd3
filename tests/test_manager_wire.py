"""The manager's wire format: what Asterisk wrote, cut anywhere; what nobody should have written; what we may send."""

import random
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telephony.manager.error import BadAction
from telephony.manager.reading import EVENTS
from telephony.manager.snapshot import ROWS
from telephony.manager.wire import LINE_MAX, MESSAGE_MAX, Damage, Decoder, Fault, Message, encode

RECORDED = (Path(__file__).parent / "recorded_manager.txt").read_bytes()
"""Three calls on a real Asterisk 22.10: talking, ringing, waiting; held; a silent caller; and every list."""

GREETING = b"Asterisk Call Manager/11.0.0\r\n"
WANTED = EVENTS | ROWS
HANGUP = (
    b"Event: Hangup\r\nPrivilege: call,all\r\nTimestamp: 1795450341.112295\r\nChannel: PJSIP/city-00000000\r\n"
    b"ChannelState: 6\r\nCallerIDNum: 138\r\nCallerIDName: \xe5\xbc\xa0\xe4\xb8\x89\r\nContext: waiting\r\nExten: s\r\n"
    b"Uniqueid: a.1\r\nLinkedid: a.1\r\nCause: 16\r\n\r\n"
)


def decode(*pieces: bytes) -> list[Message | Damage]:
    decoder = Decoder(WANTED)
    return [item for piece in pieces for item in decoder.feed(piece)]


def test_a_real_stream_cut_at_every_byte_tells_the_same_as_in_one_piece() -> None:
    whole = decode(RECORDED)
    assert decode(*(RECORDED[at : at + 1] for at in range(len(RECORDED)))) == whole
    assert len(whole) > 150
    assert not [item for item in whole if isinstance(item, Damage)]
    names = {item.fields.get("CallerIDName") for item in whole if isinstance(item, Message)}
    assert "静音报警 119" in names


@given(st.lists(st.integers(0, 8000), max_size=40))
def test_a_real_stream_cut_anywhere_tells_the_same(cuts: list[int]) -> None:
    edges = [0, *sorted(cuts), 8000]
    assert decode(*(RECORDED[a:b] for a, b in pairwise(edges))) == decode(RECORDED[:8000])


def test_the_greeting_is_no_message_and_tells_the_version() -> None:
    decoder = Decoder(WANTED)
    assert [decoder.feed(GREETING[:5]), decoder.feed(GREETING[5:])] == [[], []]
    assert decoder.version == "11.0.0"
    (message,) = decoder.feed(HANGUP)
    assert isinstance(message, Message)
    assert (message.event, message.fields["CallerIDName"]) == ("Hangup", "张三")


def test_the_lines_of_a_commands_output_stand_one_a_line() -> None:
    (message,) = decode(GREETING, b"Response: Success\r\nActionID: 1\r\nOutput: a: b\r\nOutput: \r\nOutput: c\r\n\r\n")
    assert isinstance(message, Message)
    assert message.event is None
    assert message.fields["Output"] == "a: b\n\nc"


def test_an_event_that_nobody_wants_is_not_told() -> None:
    assert decode(GREETING, b"Event: VarSet\r\nVariable: x\r\n\r\n", b"Event: Bare\r\n\r\n") == []


def test_an_event_that_a_caller_wrote_into_his_number_is_found_by_the_message_that_it_tore() -> None:
    forged = HANGUP.replace(b"a.1", b"b.2")
    torn = HANGUP.replace(b"CallerIDNum: 138\r\n", b"CallerIDNum: 138\r\n\r\n" + forged[:-4] + b"\r\n")
    first, *rest = decode(GREETING, torn)
    assert isinstance(first, Damage)
    assert first.fault is Fault.TORN
    assert len(rest) == 1  # his event does come, after the damage that says not to believe it


def test_the_same_in_an_event_that_nobody_wants_is_found_too() -> None:
    torn = HANGUP.replace(b"Event: Hangup", b"Event: VarSet").replace(
        b"138\r\n", b"138\r\n\r\nEvent: VarSet\r\nX: \r\n"
    )
    assert [item.fault for item in decode(GREETING, torn) if isinstance(item, Damage)] == [Fault.TORN]


def test_a_torn_second_channel_of_an_event_is_found() -> None:
    dial = HANGUP[:-2] + b"DestCallerIDNum: 8003\r\nDestConnectedLineNum: 138\r\n\r\n"
    assert [item.fault for item in decode(GREETING, dial) if isinstance(item, Damage)] == [Fault.TORN]


def test_a_key_that_a_caller_wrote_into_his_number_stands_twice_and_is_found() -> None:
    twice = HANGUP.replace(b"CallerIDNum: 138\r\n", b"CallerIDNum: 138\r\nUniqueid: b.2\r\n")
    (damage,) = decode(GREETING, twice)
    assert isinstance(damage, Damage)
    assert damage.fault is Fault.REPEATED_KEY


def test_a_single_line_feed_ends_no_line() -> None:
    (message,) = decode(GREETING, HANGUP.replace(b"138", b"138\n\nEvent: Hangup\n\n"))
    assert isinstance(message, Message)
    assert message.fields["CallerIDNum"] == "138\n\nEvent: Hangup\n\n"
    assert message.fields["Uniqueid"] == "a.1"


@pytest.mark.parametrize("piece", [7, 1000, 4 * MESSAGE_MAX])
def test_a_message_without_an_end_is_one_damage_and_costs_no_memory(piece: int) -> None:
    decoder = Decoder(WANTED)
    decoder.feed(GREETING)
    flood = b"Event: Hangup\r\nX: " + b"x" * (4 * MESSAGE_MAX)
    told = [item for at in range(0, len(flood), piece) for item in decoder.feed(flood[at : at + piece])]
    assert [item.fault for item in told if isinstance(item, Damage)] == [Fault.TOO_LONG]
    assert len(decoder._rest) < MESSAGE_MAX
    (message,) = decoder.feed(b"x\r\n\r\n" + HANGUP)
    assert isinstance(message, Message)
    assert message.event == "Hangup"


def test_a_thousand_pieces_of_garbage_raise_nothing_and_the_next_message_is_read() -> None:
    chance = random.Random(3)
    decoder = Decoder(WANTED)
    decoder.feed(GREETING)
    for _ in range(1000):
        garbage = bytearray(RECORDED[(start := chance.randrange(len(RECORDED))) : start + chance.randrange(2000)])
        for _ in range(chance.randrange(20)):
            garbage.insert(chance.randrange(len(garbage) + 1), chance.choice(b"\r\n: \x00\xff\xe5A"))
        decoder.feed(bytes(garbage))
        decoder.feed(b"x\r\n\r\n")  # whatever it was, it is over
        (message,) = decoder.feed(HANGUP)
        assert isinstance(message, Message)
        assert message.fields["Uniqueid"] == "a.1"


@given(st.lists(st.binary(max_size=200), max_size=20))
def test_nothing_that_comes_raises(pieces: list[bytes]) -> None:
    decode(*pieces)


def test_whoever_greets_otherwise_is_no_manager() -> None:
    decoder = Decoder(WANTED)
    decoder.feed(b"SSH-2.0-OpenSSH_9.2p1\r\n")
    assert decoder.version == ""


def test_an_action_is_written_as_asterisk_reads_it() -> None:
    written = encode("Setvar", "7-1", (("Variable", "X"), ("Value", "张三: a")))
    assert written.decode() == "Action: Setvar\r\nActionID: 7-1\r\nVariable: X\r\nValue: 张三: a\r\n\r\n"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("Value", "a\r\nAction: Hangup"),
        ("Value", "a\nb"),
        ("Value", "a\rb"),
        ("Value", "a\0b"),
        ("Value", "张" * (LINE_MAX // 3)),
        ("Value", "\ud800"),
        ("Val ue", "a"),
        ("Value\r\nX", "a"),
        ("", "a"),
    ],
)
def test_what_would_say_more_than_it_should_is_not_sent(key: str, value: str) -> None:
    with pytest.raises(BadAction) as refused:
        encode("Setvar", "1", ((key, value),))
    assert refused.value.code == "manager_bad_action"


@given(st.text(max_size=400), st.text(max_size=20))
def test_whatever_is_sent_is_one_action_with_exactly_its_fields(value: str, key: str) -> None:
    try:
        written = encode("Setvar", "1", ((key, value),))
    except BadAction:
        return
    assert written.endswith(b"\r\n\r\n")
    assert written[:-4].split(b"\r\n") == [b"Action: Setvar", b"ActionID: 1", f"{key}: {value}".encode()]
