"""Garbage on the ports of a telephone is counted or refused, never raised, and calls go on."""

import asyncio
import random
import socket
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phones import Phone, answer_at_once, tone_of
from phones.errors import DamagedMessage
from phones.message import part_of, read
from phones.sdp import Description

PIECES = 1000

SDP = bytes(Description("127.0.0.1", 4000))
INVITE = (
    b"INVITE sip:1001@127.0.0.1:5060 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:5070;branch=z9hG4bKx;rport\r\n"
    b'Max-Forwards: 70\r\nFrom: "\xe5\xbc\xa0" <sip:138@127.0.0.1>;tag=a\r\nTo: <sip:1001@127.0.0.1>\r\n'
    b"Call-ID: g1\r\nCSeq: 1 INVITE\r\nContact: <sip:138@127.0.0.1:5070;ob>\r\nSupported: timer\r\n"
    b"Session-Expires: 90\r\nRecord-Route: <sip:127.0.0.1;lr>\r\nContent-Type: application/sdp\r\n"
    b"Content-Length: " + str(len(SDP)).encode() + b"\r\n\r\n" + SDP
)
RESPONSE = INVITE.replace(b"INVITE sip:1001@127.0.0.1:5060 SIP/2.0", b"SIP/2.0 200 OK", 1)
BYE = INVITE.replace(b"INVITE", b"BYE").replace(b"\r\nCall-ID", b";tag=b\r\nCall-ID")
MESSAGES = (INVITE, RESPONSE, BYE, INVITE.replace(b"INVITE", b"CANCEL"), INVITE.replace(b"INVITE", b"REGISTER"))


@given(st.binary(max_size=400))
def test_no_datagram_raises_anything_but_damaged_message(data: bytes) -> None:
    for candidate in (data, INVITE[:60] + data, INVITE + data):
        try:
            read(candidate)
        except DamagedMessage as fault:
            assert fault.code == "damaged-message"


@given(st.sampled_from(MESSAGES), st.integers(0, len(INVITE)), st.integers(0, 30), st.binary(max_size=30))
def test_a_damaged_message_is_refused_or_read_whole(message: bytes, at: int, cut: int, garbage: bytes) -> None:
    try:
        received = read(message[:at] + garbage + message[at + cut :])
    except DamagedMessage:
        return
    assert received.envelope.branch
    part_of(received.message, "application/sdp")


@pytest.mark.parametrize(
    "damage",
    [
        (b"CSeq: 1 INVITE", b"CSeq: 1 BYE"),
        (b"Content-Length: ", b"Content-Length: 9"),
        (b";branch=z9hG4bKx", b""),
        (b"Max-Forwards: 70", b"Subject: a\nRoute: <sip:evil>"),
        (b"Call-ID: g1\r\n", b""),
        (b"SIP/2.0\r\n", b"SIP/3.0\r\n"),
    ],
)
def test_each_kind_of_damage_is_refused(damage: tuple[bytes, bytes]) -> None:
    read(INVITE)
    with pytest.raises(DamagedMessage):
        read(INVITE.replace(*damage, 1))


def _free_of_addresses(message: bytearray) -> list[int]:
    """Return the places that may be damaged without sending the telephone's packets out of this machine."""
    taken = {at + step for at in range(len(message)) if message.startswith(b"127.0.0.1", at) for step in range(9)}
    return [at for at in range(len(message)) if at not in taken]


def _pieces(seed: int) -> list[bytes]:
    rng = random.Random(seed)
    pieces = []
    for number in range(PIECES):
        kind = rng.randrange(4)
        message = bytearray(rng.choice(MESSAGES).replace(b"z9hG4bKx", b"z9hG4bK%d" % number))
        if kind == 0:
            pieces.append(rng.randbytes(rng.randrange(1, 600)))
        elif kind == 1:
            pieces.append(bytes(message[: rng.randrange(1, len(message))]))
        elif kind == 2:
            for _ in range(rng.randrange(1, 8)):
                message[rng.choice(_free_of_addresses(message))] = rng.randrange(256)
            pieces.append(bytes(message))
        else:
            pieces.append(bytes(message).replace(b"5060", rng.choice([b"0", b"99999", b"-1", b"x"])))
    return pieces


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_a_thousand_pieces_of_garbage_on_both_ports_do_not_disturb_a_call(seed: int) -> None:
    faults: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: faults.append(context))
    async with (
        Phone(("127.0.0.1", 5060), "1001", policy=answer_at_once()) as seat,
        Phone(seat.address, "trunk") as caller,
    ):
        there = await caller.dial("119", tone=tone_of(0))
        here = await seat.incoming()
        here.play_tone(tone_of(1))
        await here.acknowledged()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as enemy:
            enemy.setblocking(False)
            for piece in _pieces(seed):
                enemy.sendto(piece, seat.address)
                enemy.sendto(piece, ("127.0.0.1", here.rtp_port))
                enemy.sendto(b"\x80\xe5" + piece, ("127.0.0.1", here.rtp_port))
                await asyncio.sleep(0)
        await asyncio.gather(there.hears(tone_of(1)), here.hears_something())
        assert seat.garbage > PIECES // 4
        assert here.packets.foreign > PIECES // 2
        another = await caller.dial("120")
        await another.answered()
        await another.hang_up()
        await another.ended()
        await there.hang_up()
        await there.ended()
        seat.vanish()
    assert faults == []
