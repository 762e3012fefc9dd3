"""Session descriptions: read, printed and answered."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phones.errors import DamagedMessage
from phones.g711 import Codec
from phones.sdp import Description, Direction

ASTERISK = (
    b"v=0\r\no=- 1934 3 IN IP4 127.0.0.1\r\ns=Asterisk\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
    b"m=audio 27512 RTP/AVP 0 8 96\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\n"
    b"a=rtpmap:96 telephone-event/8000\r\na=fmtp:96 0-16\r\na=ptime:20\r\na=maxptime:140\r\na=sendonly\r\n"
    b"m=video 27600 RTP/AVP 31\r\na=inactive\r\n"
)
OWN = Description("127.0.0.2", 4000, session=9, version=2)


def test_an_offer_of_asterisk_is_read() -> None:
    offer = Description.parse(ASTERISK)
    assert (offer.host, offer.port, offer.keys_type) == ("127.0.0.1", 27512, 96)
    assert offer.codecs == (Codec.PCMU, Codec.PCMA)
    assert offer.direction is Direction.SENDONLY
    assert (offer.session, offer.version) == (1934, 3)


def test_an_answer_keeps_the_offerers_order_its_key_type_and_refuses_video() -> None:
    answer = OWN.answer(Description.parse(ASTERISK))
    assert answer is not None
    assert answer.codecs == (Codec.PCMU, Codec.PCMA)
    assert answer.keys_type == 96
    assert answer.direction is Direction.RECVONLY
    assert str(answer).endswith("a=recvonly\r\nm=video 0 RTP/AVP 31\r\n")


@pytest.mark.parametrize(
    ("own", "offered", "answered"),
    [
        (Direction.SENDRECV, Direction.SENDRECV, Direction.SENDRECV),
        (Direction.SENDRECV, Direction.INACTIVE, Direction.INACTIVE),
        (Direction.SENDRECV, Direction.RECVONLY, Direction.SENDONLY),
        (Direction.SENDONLY, Direction.SENDRECV, Direction.SENDONLY),
        (Direction.SENDONLY, Direction.SENDONLY, Direction.INACTIVE),
    ],
)
def test_a_direction_is_narrowed_never_widened(own: Direction, offered: Direction, answered: Direction) -> None:
    answer = replace(OWN, direction=own).answer(replace(OWN, direction=offered))
    assert answer is not None and answer.direction is answered


def test_no_common_codec_or_a_refused_stream_has_no_answer() -> None:
    assert replace(OWN, codecs=(Codec.PCMA,)).answer(replace(OWN, codecs=(Codec.PCMU,))) is None
    assert OWN.answer(replace(OWN, port=0)) is None


@pytest.mark.parametrize(
    ("good", "bad"),
    [
        (b"m=audio", b"m=image"),
        (b"audio 27512", b"audio 99999"),
        (b"IN IP4 127.0.0.1\r\nt", b"IN IP4 a-name.example\r\nt"),
        (b"AVP 0 8 96", b"AVP 0 8 960"),
        (b"a=rtpmap:96 ", b"a=rtpmap:x "),
        (b"31\r\n", b"\xff\xfe\r\n"),
        (b"m=video 27600 RTP/AVP 31", b"m=video"),
    ],
)
def test_damage_is_named_and_not_guessed_at(good: bytes, bad: bytes) -> None:
    assert good in ASTERISK
    with pytest.raises(DamagedMessage):
        Description.parse(ASTERISK.replace(good, bad))


@given(
    st.builds(
        Description,
        host=st.just("127.0.0.1"),
        port=st.integers(0, 65535),
        codecs=st.permutations(list(Codec)).map(tuple),
        keys_type=st.none() | st.integers(96, 127),
        direction=st.sampled_from(Direction),
        session=st.integers(0, 2**62),
        version=st.integers(0, 2**62),
    )
)
def test_what_is_printed_is_read_back(description: Description) -> None:
    assert Description.parse(bytes(description)) == description


@given(st.binary(max_size=300), st.integers(0, len(ASTERISK)), st.integers(0, 20))
def test_no_bytes_raise_anything_but_damaged_message(garbage: bytes, at: int, cut: int) -> None:
    for body in (garbage, ASTERISK[:at] + garbage + ASTERISK[at + cut :]):
        try:
            description = Description.parse(body)
        except DamagedMessage:
            continue
        answer = OWN.answer(description)
        assert answer is None or Description.parse(bytes(answer)).port == OWN.port
