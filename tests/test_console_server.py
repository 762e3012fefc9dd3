"""The HTTP port towards whoever connects: garbage, half requests, silence and crowds, while the service goes on."""

import asyncio
import random
from contextlib import suppress

import pytest

from config.ports import PortSettings, choose_ports
from console.api import server
from console.api.server import HEAD_MAX, PortTaken, listen
from tests.console_room import CALL_TAKER, WITHIN_S, Room, draft, open_room, read_answer, seat_state

ANYWHERE = PortSettings(http=0, sip_udp=0, sip_tcp=0, sip_ws=0, agi=0, ami=0, rtp_start=0, rtp_count=100)
SEAT = "/api/v1/seats/seat-01"
GOOD = (
    f"POST {SEAT}/pause HTTP/1.1\r\nHost: centre\r\nAuthorization: Bearer {CALL_TAKER}\r\n"
    'Content-Type: application/json\r\nContent-Length: 16\r\n\r\n{"reason": "me"}'
).encode()
UPGRADE = (
    f"GET /api/v1/feed HTTP/1.1\r\nHost: centre\r\nAuthorization: Bearer {CALL_TAKER}\r\nConnection: Upgrade\r\n"
    "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
).encode()


async def say(room: Room, data: bytes, *, leave: bool) -> bytes:
    """Say this; leave in the middle of it, or hear what comes soon."""
    reader, writer = await asyncio.open_connection("127.0.0.1", room.port)
    writer.write(data)
    heard = b""
    if not leave:
        with suppress(OSError, TimeoutError):
            heard = await asyncio.wait_for(reader.read(65_536), 0.05)
    writer.transport.abort()
    return heard


def garbage(chance: random.Random) -> bytes:
    """A request that is spoiled, cut, repeated, or never was one."""
    base = chance.choice(
        (GOOD, UPGRADE, UPGRADE + b"\x81\x85abcdefghi", b"\x16\x03\x01\x02\x00", bytes(range(256)), b"")
    )
    piece = bytearray(base[: chance.randrange(len(base) + 1)] if chance.random() < 0.3 else base)
    for _ in range(chance.randrange(8)):
        match chance.randrange(4):
            case 0:
                piece.insert(chance.randrange(len(piece) + 1), chance.randrange(256))
            case 1 if piece:
                del piece[chance.randrange(len(piece))]
            case 2 if piece:
                piece[chance.randrange(len(piece))] = chance.randrange(256)
            case _:
                word = chance.choice(
                    (b"\r\n", b"\r\n\r\n", b"Content-Length: 9\r\n", b"Transfer-Encoding: x\r\n", b"%00")
                )
                place = chance.randrange(len(piece) + 1)
                piece[place:place] = word
    return bytes(piece) * chance.choice((1, 1, 1, 2, 50))


async def test_three_hundred_pieces_of_garbage_change_nothing_and_the_service_goes_on() -> None:
    chance = random.Random(17)
    faults: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: faults.append(context))
    async with open_room() as room, room.listening() as ear:
        await ear.until("snapshot")

        async def grant(*_: object) -> dict[str, object]:
            room.engine.live(seat_state(reason="me"))
            return {}

        room.engine.handle = grant
        heard: list[bytes] = []
        for _ in range(30):
            pieces = [(garbage(chance), chance.random() < 0.3) for _ in range(10)]
            heard += await asyncio.gather(*(say(room, piece, leave=leave) for piece, leave in pieces))
            assert (await room.ask("/healthz")).status == 200
        statuses = {read_answer(each).status for each in heard if each}
        assert {400} <= statuses <= {101, 200, 400, 401, 404, 405, 413, 422, 426}
        assert {want for want, _ in room.engine.asked} == {"pause"}
        await room.engine.record(draft(1))
        assert await ear.sequences(1) == [1]
        assert faults == []


async def test_what_is_no_http_is_told_so_as_a_problem() -> None:
    async with open_room() as room:
        for data in (b"hello\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n", b"GET /\xff HTTP/1.1\r\nHost: x\r\n\r\n"):
            answer = read_answer(await room.raw(data))
            assert (answer.status, answer.code) == (400, "bad_request")


async def test_a_head_that_does_not_end_is_given_up() -> None:
    async with open_room() as room:
        data = b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"x" * (HEAD_MAX + 1)
        assert read_answer(await room.raw(data)).status == 400


async def test_who_does_not_finish_a_request_is_left_after_a_while() -> None:
    async with open_room(limits=server.Limits(request_s=0.1)) as room:
        for begun in (b"", b"GET /healthz HTT", GOOD[:-1], GOOD[:-16], UPGRADE[:-2]):
            reader, writer = await asyncio.open_connection("127.0.0.1", room.port)
            writer.write(begun)
            with suppress(ConnectionError):
                assert await asyncio.wait_for(reader.read(), WITHIN_S) == b""
            writer.close()


async def test_who_goes_on_slowly_has_no_more_time_than_others() -> None:
    async with open_room(limits=server.Limits(request_s=0.3, keep_alive_s=20)) as room:
        reader, writer = await asyncio.open_connection("127.0.0.1", room.port)
        began = asyncio.get_running_loop().time()
        writer.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        head = await asyncio.wait_for(reader.readuntil(b"}"), WITHIN_S)
        assert b" 200 " in head
        with suppress(ConnectionError):
            for byte in b"GET /healthz HTTP/1.1\r\n" + b"X: y\r\n" * 1_000:
                writer.write(bytes([byte]))
                with suppress(TimeoutError):
                    await asyncio.wait_for(reader.read(1), 0.02)
                    break
        assert asyncio.get_running_loop().time() - began < WITHIN_S
        writer.close()


async def test_a_connection_serves_one_request_after_the_other_and_ends_when_it_is_idle() -> None:
    async with open_room(limits=server.Limits(request_s=0.2, keep_alive_s=6)) as room:
        reader, writer = await asyncio.open_connection("127.0.0.1", room.port)
        for _ in range(5):
            writer.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            assert b" 200 " in await asyncio.wait_for(reader.readuntil(b"}"), WITHIN_S)
            await asyncio.sleep(0.1)
        assert await asyncio.wait_for(reader.read(), WITHIN_S) == b""
        writer.close()


async def test_two_requests_in_one_packet_are_both_answered() -> None:
    async with open_room() as room:
        one = b"GET /healthz HTTP/1.1\r\nHost: x\r\n"
        data = await room.raw(one + b"\r\n" + one + b"Connection: close\r\n\r\n")
        assert data.count(b'{"status":"alive"}') == 2


async def test_a_crowd_is_turned_away_and_no_listener_is() -> None:
    async with open_room(limits=server.Limits(connections=5)) as room:
        async with room.listening() as ear, room.listening() as other:
            crowd = [await asyncio.open_connection("127.0.0.1", room.port) for _ in range(5)]
            reader, writer = await asyncio.open_connection("127.0.0.1", room.port)
            with suppress(ConnectionError):
                assert await asyncio.wait_for(reader.read(), WITHIN_S) == b""
            writer.close()
            await room.engine.record(draft(1))
            assert await ear.sequences(1) == await other.sequences(1) == [1]
            for _, each in crowd:
                each.close()
                await each.wait_closed()
        async with asyncio.timeout(WITHIN_S):
            while True:
                with suppress(OSError, IndexError):
                    assert (await room.ask("/healthz")).status == 200
                    break


async def test_the_end_does_not_wait_for_who_is_only_connected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "ENDING_S", 600)
    async with open_room(limits=server.Limits(request_s=600, keep_alive_s=600)) as room:
        idle = [await asyncio.open_connection("127.0.0.1", room.port) for _ in range(3)]
        idle[0][1].write(GOOD[:40])
        room.ended.set()
        await asyncio.wait_for(room.serving, WITHIN_S)
        for _, writer in idle:
            writer.close()


def test_a_port_that_is_taken_is_named() -> None:
    port = choose_ports(ANYWHERE).http
    with listen("127.0.0.1", port), pytest.raises(PortTaken, match=f"127.0.0.1:{port}"):
        listen("127.0.0.1", port)
    listen("127.0.0.1", port).close()
