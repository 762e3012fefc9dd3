"""Garbage on every SIP port while people call: every call is answered, everybody is heard, nothing is left."""

import asyncio
import random
import re
import socket
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path

import pytest

from phones import IncomingCall, Phone, Stage, answer_at_once, tone_of
from phones.sdp import Description
from tests.centre import TRUNK, Centre, running_centre

PIECES = 1000
CALLS = 20  # placed one after the other while the pieces arrive; each is met by 50 of them
STRANGER = "127.0.0.3"
UDP_MOST = 60_000  # bytes in one datagram


class Door(Enum):
    UDP = auto()
    TCP = auto()
    WS = auto()


@dataclass(frozen=True)
class Piece:
    door: Door
    source: str
    data: bytes


SDP = bytes(Description("127.0.0.1", 4000))
NO_CODEC_OF_OURS = re.sub(rb"RTP/AVP [\d ]+", b"RTP/AVP 97 98", SDP)
BAD_SDP = (
    b"", b"v=0", SDP.replace(b"m=audio", b"m=video"), SDP.replace(b"4000", b"99999999"), SDP.replace(b"RTP/AVP", b"X"),
    SDP.replace(b"c=IN IP4 127.0.0.1", b"c=IN IP6 ::::"), SDP * 40, SDP.replace(b"\r\n", b"\x00"), b"\xff" * 900,
    SDP + b"a=fmtp:" + b"9" * 5000 + b"\r\n", NO_CODEC_OF_OURS,
)  # fmt: skip
REFUSED_SDP = (b"v=0", SDP.replace(b"\r\n", b"\x00"), b"\xff" * 900, NO_CODEC_OF_OURS)
"""With these an INVITE of the trunk is no call either."""
MANDATORY = (b"Via", b"From", b"To", b"Call-ID", b"CSeq")
METHODS = (b"INVITE", b"REGISTER", b"OPTIONS", b"ACK", b"BYE", b"CANCEL", b"UPDATE", b"REFER", b"NOTIFY", b"PRACK")


def message(method: bytes, number: int, transport: bytes, body: bytes = SDP) -> bytes:
    """A request without a fault, from a telephone that nobody knows."""
    return (
        b"%b sip:119@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/%b 127.0.0.3:5070;branch=z9hG4bKg%d;rport\r\n"
        b'Max-Forwards: 70\r\nFrom: "\xe5\xbc\xa0" <sip:seat-01@127.0.0.1>;tag=a%d\r\nTo: <sip:119@127.0.0.1>\r\n'
        b"Call-ID: garbage-%d\r\nCSeq: 1 %b\r\nContact: <sip:138@127.0.0.3:5070>\r\nExpires: 300\r\n"
        b"Geolocation: <cid:place@x>\r\nSession-Expires: 90\r\nSupported: timer,100rel\r\n"
        b"Content-Type: application/sdp\r\nContent-Length: %d\r\n\r\n%b"
    ) % (method, transport, number, number, number, method, len(body), body)


def without(data: bytes, header: bytes) -> bytes:
    return re.sub(rb"(?m)^" + header + rb":.*\r\n", b"", data)


Spoil = Callable[[random.Random, bytes], bytes]


def noise(rng: random.Random, data: bytes) -> bytes:
    return rng.randbytes(rng.randrange(1, 1500))


def cut(rng: random.Random, data: bytes) -> bytes:
    return data[: rng.randrange(1, data.index(b"\r\n\r\n"))]


def cut_early(rng: random.Random, data: bytes) -> bytes:
    return data[: rng.randrange(1, data.index(b"CSeq"))]


def incomplete(rng: random.Random, data: bytes) -> bytes:
    return without(data, rng.choice(MANDATORY))


def scratched(rng: random.Random, data: bytes) -> bytes:
    scratches = bytearray(data)
    for _ in range(rng.randrange(1, 12)):
        scratches[rng.randrange(len(scratches))] = rng.choice([0, 10, 13, 34, 60, 128, 255, rng.randrange(256)])
    return bytes(scratches)


def swollen(rng: random.Random, data: bytes) -> bytes:
    header = rng.choice([*MANDATORY, b"Contact", b"Subject", b"Geolocation", b"Expires"])
    value = rng.choice([b"9", b"%00", b"\xff", b"(", b'"', b";x=", b"<sip:"]) * rng.randrange(1, 20_000)
    return without(data, header).replace(b"\r\n\r\n", b"\r\n%b: %b\r\n\r\n" % (header, value), 1)[:UDP_MOST]


def lying(rng: random.Random, data: bytes) -> bytes:
    length = rng.choice([b"-1", b"0", b"99999", b"4294967297", b"x", b"1e9", b" "])
    return re.sub(rb"Content-Length: \d+", b"Content-Length: " + length, data)


def crowded(rng: random.Random, data: bytes) -> bytes:
    header = rng.choice([b"Via: SIP/2.0/UDP h;branch=z9hG4bK%d", b"Route: <sip:r%d;lr>", b"Call-ID: %d", b"X-%d: y"])
    return data.replace(b"\r\n\r\n", b"\r\n" + b"\r\n".join(header % n for n in range(300)) + b"\r\n\r\n", 1)


BY_ANYBODY: tuple[Spoil, ...] = (noise, cut, incomplete, scratched, swollen, lying, crowded)
BY_THE_TRUNK: tuple[Spoil, ...] = (noise, cut_early, incomplete)
"""What cannot become a call: an INVITE that is whole enough would be a caller like any other."""


def sip_piece(rng: random.Random, number: int) -> Piece:
    door, source = rng.choice([Door.UDP, Door.UDP, Door.TCP]), rng.choice([STRANGER, STRANGER, TRUNK])
    if source == TRUNK and rng.random() < 0.3:  # whole but for its description
        return Piece(door, source, message(b"INVITE", number, door.name.encode(), rng.choice(REFUSED_SDP)))
    spoil = rng.choice(BY_THE_TRUNK if source == TRUNK else BY_ANYBODY)
    whole = message(rng.choice(METHODS), number, door.name.encode(), rng.choice([SDP, SDP, *BAD_SDP]))
    return Piece(door, source, spoil(rng, whole))


def http_piece(rng: random.Random, number: int) -> Piece:
    greeting = (
        b"GET /ws HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        b"Sec-WebSocket-Protocol: sip\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    if rng.random() < 0.5:
        return Piece(Door.WS, STRANGER, rng.choice([noise, cut, scratched])(rng, greeting))
    inside = rng.choice(BY_ANYBODY)(rng, message(rng.choice(METHODS), number, b"WS"))[:60_000]
    frame = bytes([rng.choice([0x81, 0x82, 0x01, 0x80, 0x8F, 0xF1]), 0x80 | 126]) + len(inside).to_bytes(2, "big")
    return Piece(Door.WS, STRANGER, greeting + frame + bytes(4) + inside)


def pieces(seed: int) -> list[Piece]:
    rng = random.Random(seed)
    return [(http_piece if rng.random() < 0.2 else sip_piece)(rng, number) for number in range(PIECES)]


class Enemy:
    """Throws pieces at a centre's doors; every stream is closed after its piece."""

    def __init__(self, centre: Centre) -> None:
        self._ports = {
            Door.UDP: centre.port("sip_udp"), Door.TCP: centre.port("sip_tcp"), Door.WS: centre.port("sip_ws"),
        }  # fmt: skip
        self._sockets: dict[str, socket.socket] = {}
        self.thrown = 0

    async def throw(self, piece: Piece) -> None:
        address = ("127.0.0.1", self._ports[piece.door])
        if piece.door is Door.UDP:
            self._datagrams(piece.source).sendto(piece.data[:UDP_MOST], address)
        else:
            _, writer = await asyncio.open_connection(*address, local_addr=(piece.source, 0))
            writer.write(piece.data)
            try:
                await writer.drain()
                writer.close()
                await writer.wait_closed()
            except ConnectionError:
                pass  # thrown out in the middle of it
        self.thrown += 1
        await asyncio.sleep(0)

    def _datagrams(self, source: str) -> socket.socket:
        if source not in self._sockets:
            self._sockets[source] = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            self._sockets[source].bind((source, 0))
        return self._sockets[source]

    def close(self) -> None:
        for each in self._sockets.values():
            each.close()


async def two_seats(centre: Centre) -> list[Phone]:
    # A lower half's sequence: in the upper one Asterisk's recorder loses spares, as the recordings' own tests tell.
    return [await centre.seat(n, answer_at_once(), tone=tone_of(20), first_sequence=10000) for n in (1, 2)]


async def the_one_that_talks(centre: Centre, seats: list[Phone], meant: Callable[[IncomingCall], bool]) -> IncomingCall:
    """Of the calls that are meant, the one at a seat that talks; another that answered, too late, does for a moment."""

    def talking() -> list[IncomingCall]:
        calls = (call for seat in seats for call in seat.calls if isinstance(call, IncomingCall))
        return [call for call in calls if call.stage is Stage.TALKING and meant(call)]

    async def count() -> int:
        return len(talking())

    await centre.until("one seat talks to the caller", count, 1)
    (taken,) = talking()
    return taken


async def taken_from(centre: Centre, caller: Phone, seats: list[Phone]) -> IncomingCall:
    """The call at the seat that answered this caller."""
    return await the_one_that_talks(centre, seats, lambda call: call.caller == caller.user)


@pytest.mark.parametrize("seed", [1])
async def test_a_thousand_pieces_of_garbage_cost_no_caller_a_person(short_path: Path, sounds: Path, seed: int) -> None:
    async with running_centre(short_path, sounds) as centre:
        seats = await two_seats(centre)
        pid = centre.asterisk_pid
        enemy = Enemy(centre)
        lasting = await centre.caller()
        talk = await lasting.dial("119", tone=tone_of(0))
        await talk.answered()
        lasting_at_a_seat = await taken_from(centre, lasting, seats)
        todo = iter(pieces(seed))

        async def one_call(number: int) -> None:
            caller = await centre.caller()
            call = await caller.dial("119", tone=tone_of(1))
            await call.answered()
            taken = await taken_from(centre, caller, seats)
            await asyncio.gather(call.hears(tone_of(20)), taken.hears(tone_of(1)))
            await call.hang_up()
            await taken.ended()

        async def throw_some() -> None:
            for _ in range(PIECES // CALLS):
                await enemy.throw(next(todo))

        for number in range(CALLS):
            await asyncio.gather(one_call(number), throw_some())
        assert enemy.thrown == PIECES
        await asyncio.gather(talk.hears(tone_of(20)), lasting_at_a_seat.hears(tone_of(0)))
        await talk.hang_up()
        await centre.quiet()
        enemy.close()
        assert centre.asterisk_pid == pid
        assert [each["findings"] for each in centre.evidence()] == [[]] * (CALLS + 1)
        assert centre.process is not None
        assert centre.process.poll() is None


POISON = {
    "a forged end of another call": "9%22%0A%221700000000.000000%22,%22LINKEDID_END%22,%22{other}%22,%22{other}",
    "characters of the dialplan": "%24%7BGLOBAL(LD_RAW)%7D%24%5B1%5D%26PJSIP%2Fseat-02",
    "no text at all": "%00%FF%FE%80",
    "a path": "..%2F..%2F..%2Fetc%2Fpasswd",
    "longer than any number": "9" * 3000,
}


async def test_a_caller_with_a_poisonous_number_is_answered_and_forges_nothing(short_path: Path, sounds: Path) -> None:
    async with running_centre(short_path, sounds) as centre:
        seats = await two_seats(centre)
        first = await centre.caller()
        talk = await first.dial("119", tone=tone_of(0))
        await talk.answered()
        lasting = await taken_from(centre, first, seats)
        (other,) = centre.raw()
        for name, number in POISON.items():
            caller = await centre.caller()
            sender = f'"{name} \\"\\\\" <sip:{number.format(other=other)}@127.0.0.1>;tag=poison'
            call = await caller.dial("119", tone=tone_of(1), headers={"From": sender})
            await call.answered()
            await call.hears(tone_of(20))
            taken = await the_one_that_talks(centre, seats, lambda call: call is not lasting)
            await taken.hears(tone_of(1))
            created = [each["Channel"] for each in centre.manager.events if each.get("Event") == "Newchannel"]
            newest = [name for name in created if name.startswith("PJSIP/city-")][-1]
            await centre.manager.command(f"channel request hangup {newest}")
            await taken.ended()
            caller.vanish()
        await asyncio.gather(talk.hears(tone_of(20)), lasting.hears(tone_of(0)))
        assert other in centre.raw()
        await talk.hang_up()
        await centre.quiet()
        assert [each["findings"] for each in centre.evidence()] == [[]] * (len(POISON) + 1)
