"""The live feed over real HTTP: every fact once and in order, whatever happens to engine, journal and listeners."""

import asyncio
import socket
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Subprotocol

from console import feed as feeds
from console.api import server
from console.history import PAGE_MAX, History
from console.state import Tell
from tests.console_room import (
    CALL_TAKER,
    WITHIN_S,
    Answer,
    Room,
    call_state,
    draft,
    open_room,
    seat_state,
    until,
)

LISTENING = "0A"  # Linux, tcp_states.h
SMALL = server.Limits(send_buffer=16 * 1024)
"""So that a slow listener is felt soon."""


async def refused(room: Room, after: int | str | None = None, **other: Any) -> Answer:
    """What whoever is not let in is told."""
    with pytest.raises(InvalidStatus) as caught:
        async with room.listening(after, **other):
            pass
    response = caught.value.response
    return Answer(
        response.status_code, {name.lower(): value for name, value in response.headers.raw_items()}, response.body
    )


async def closed(connection: Any) -> tuple[int, str]:
    """How a connection ends; what comes before is passed over."""
    with pytest.raises(ConnectionClosed) as caught:
        while True:
            await asyncio.wait_for(connection.recv(), WITHIN_S)
    assert caught.value.rcvd is not None, "no close code came"
    return caught.value.rcvd.code, caught.value.rcvd.reason


async def test_a_listener_hears_where_everything_stands_and_then_what_happens() -> None:
    async with open_room() as room:
        room.engine.live(call_state("a.1"))
        await until(lambda: "a.1" in room.tap.calls)
        async with room.listening() as ear:
            snapshot = await ear.hear()
            assert snapshot == {
                "kind": "snapshot",
                "sequence": 0,
                "calls": [call_state("a.1").model_dump(mode="json")],
                "seats": [seat_state().model_dump(mode="json")],
                "engine": True,
            }
            (fact,) = await room.engine.record(draft(1))
            heard = await ear.hear()
            assert heard == {
                "kind": "fact",
                "sequence": 1,
                "id": fact.id,
                "type": "CallStateChangeLogEvent",
                "time": "2026-11-23T15:00:01.123456Z",
                "subjects": {"call": "call-1", "seat": "seat-01"},
                "body": {"number": 1, "words": "火警 \u2028 \x00 \"'\\"},
                "personal": {"caller": "13800000001"},
            }
            room.engine.live(seat_state(free=False, free_since=None), gone=("a.1",))
            heard = await ear.hear()
            assert (heard["kind"], heard["calls"], heard["gone"]) == ("live", [], ["a.1"])
            assert [(seat["id"], seat["free"]) for seat in heard["seats"]] == [("seat-01", False)]
            room.engine.tell(Tell(about="no-answer", seat="seat-01", person="zhang-wei", call="a.1"))
            nothing = dict.fromkeys(("order", "incident", "department", "times"))
            told = {"about": "no-answer", "seat": "seat-01", "person": "zhang-wei", "call": "a.1"}
            assert await ear.hear() == {"kind": "tell"} | told | nothing
            about = {
                "about": "order-deadline",
                "order": "i1.fire.1",
                "incident": "i1",
                "department": "fire",
                "times": 2,
            }
            room.engine.tell(Tell.model_validate(about))
            assert await ear.hear() == {"kind": "tell", "seat": None, "person": None, "call": None} | about


async def test_fifty_listeners_who_come_at_any_time_hear_every_fact_once_in_order() -> None:
    total = 900
    async with open_room() as room:
        await room.engine.record(*map(draft, range(300)))
        writing = asyncio.Event()

        async def write() -> None:
            for first in range(300, total, 6):
                await room.engine.record(*(draft(number) for number in range(first, first + 6)))
                writing.set()

        async def listen(number: int) -> None:
            await writing.wait()
            after = None if number % 5 == 0 else number * 6
            async with room.listening(after) as ear:
                first = await ear.hear()
                start = first["sequence"] if after is None else after
                assert await ear.sequences(total) == list(range(start + 1, total + 1))

        async with asyncio.TaskGroup() as group:
            group.create_task(write())
            for number in range(50):
                group.create_task(listen(number))
        await until(lambda: room.feed.listeners == 0)
        assert room.feed.cut_off == 0


async def test_who_comes_back_names_the_last_fact_he_saw_and_has_missed_nothing() -> None:
    async with open_room() as room:
        await room.engine.record(*map(draft, range(5)))
        seen: list[int] = []
        for _ in range(4):
            async with room.listening(seen[-1] if seen else 0) as ear:
                seen += await ear.sequences(room.engine.sequence)
            await room.engine.record(*map(draft, range(5)))
        assert seen == list(range(1, 21))


async def test_who_is_up_to_date_hears_nothing_twice() -> None:
    async with open_room() as room:
        await room.engine.record(draft(1), draft(2))
        async with room.listening(2) as ear:
            assert (await ear.hear())["sequence"] == 2
            await room.engine.record(draft(3))
            assert await ear.sequences(3) == [3]


async def test_a_journal_longer_than_many_pages_is_caught_up_with_while_it_grows() -> None:
    async with open_room() as room:
        for _ in range(6):
            await room.engine.record(*map(draft, range(PAGE_MAX)))
        async with room.listening(0) as ear, asyncio.TaskGroup() as group:

            async def grow() -> None:
                for number in range(100):
                    await room.engine.record(draft(number))

            group.create_task(grow())
            assert await ear.sequences(6 * PAGE_MAX + 100) == list(range(1, 6 * PAGE_MAX + 101))


async def test_an_engine_that_goes_is_told_and_one_that_is_back_tells_everything_anew() -> None:
    async with open_room() as room:
        room.engine.live(call_state("a.1"), call_state("b.2"))
        async with room.listening() as ear:
            await ear.until("snapshot")
            await room.engine.stop()
            assert await ear.until("engine") == {"kind": "engine", "up": False}
            async with room.listening() as late:
                snapshot = await late.hear()
                assert snapshot["engine"] is False
                assert [call["id"] for call in snapshot["calls"]] == ["a.1", "b.2"]
            room.engine.calls.pop("a.1")
            await room.engine.start()
            assert await ear.until("engine") == {"kind": "engine", "up": True}
            live = await ear.hear()
            assert (live["kind"], [call["id"] for call in live["calls"]], live["gone"]) == ("live", ["b.2"], ["a.1"])
            await room.engine.record(draft(1))
            assert await ear.sequences(1) == [1]


async def test_facts_that_an_engine_committed_and_could_not_tell_any_more_come_from_the_journal() -> None:
    async with open_room() as room, room.listening() as ear:
        await room.engine.record(draft(1))
        await room.engine.commit(draft(2), draft(3))
        await room.engine.stop()
        assert await ear.sequences(3) == [1, 2, 3]
        await room.engine.commit(draft(4))
        await room.engine.start()
        assert await ear.sequences(4) == [4]
        await room.engine.record(draft(5))
        assert await ear.sequences(5) == [5]


async def test_facts_that_were_told_out_of_reach_are_filled_in_from_the_journal() -> None:
    async with open_room() as room, room.listening() as ear:
        await ear.until("snapshot")
        lost = await room.engine.commit(draft(1), draft(2))
        await room.engine.record(draft(3))
        assert await ear.sequences(3) == [1, 2, 3]
        room.engine.told(lost)  # told late: everybody has them
        await room.engine.record(draft(4))
        assert await ear.sequences(4) == [4]


async def test_with_no_engine_at_all_the_journal_can_be_listened_to() -> None:
    async with open_room(engine_up=False) as room:
        await room.engine.commit(draft(1), draft(2))
        async with room.listening(0) as ear:
            snapshot = await ear.hear()
            assert (snapshot["sequence"], snapshot["engine"], snapshot["calls"]) == (2, False, [])
            assert await ear.sequences(2) == [1, 2]
        async with room.listening() as ear:
            assert (await ear.hear())["sequence"] == 2
            await room.engine.start()
            await ear.until("engine")
            await room.engine.record(draft(3))
            assert await ear.sequences(3) == [3]
            await room.engine.stop()


async def test_who_joins_in_the_moment_in_which_the_engine_is_first_heard_hears_no_old_facts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with open_room(engine_up=False) as room:
        await room.engine.commit(draft(1), draft(2))
        last = History.last

        async def meanwhile(history: History) -> int:
            monkeypatch.setattr(History, "last", last)
            sequence = await last(history)
            await room.engine.start()
            await until(lambda: room.tap.up)
            return sequence

        monkeypatch.setattr(History, "last", meanwhile)
        async with room.listening() as ear:
            assert (await ear.hear())["sequence"] == 2
            await room.engine.record(draft(3))
            assert await ear.sequences(3) == [3]
        await room.engine.stop()


async def test_what_comes_close_together_is_told_in_the_order_in_which_it_came() -> None:
    async with open_room() as room, room.listening() as ear:
        await ear.until("snapshot")
        for number in range(1, 40):
            await room.engine.record(draft(number))
            room.engine.live(call_state(f"call-{number}"))
        heard = [await ear.hear() for _ in range(78)]
        assert [message["kind"] for message in heard] == ["fact", "live"] * 39
        assert [message["calls"][0]["id"] for message in heard[1::2]] == [f"call-{number}" for number in range(1, 40)]


async def test_a_slow_reader_is_cut_off_and_can_come_again_while_others_hear_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("console.api.feed.CLOSING_S", 60)
    async with open_room(limits=SMALL, feed_limits=feeds.Limits(untaken=200_000)) as room:
        # It takes what fits into its own few buffers and then waits for somebody to read.
        async with room.listening(max_queue=1) as slow, room.listening() as other:
            await slow.until("snapshot")
            slow.connection.transport.pause_reading()
            heard: list[int] = []
            async with asyncio.timeout(WITHIN_S):
                while not room.feed.cut_off:
                    await room.engine.record(*(draft(number) for number in range(50)))
                    heard += await other.sequences(room.engine.sequence)
            slow.connection.transport.resume_reading()
            code, reason = await closed(slow.connection)
            assert (code, reason) == (1013, "too_slow")
            await room.engine.record(draft(1))
            heard += await other.sequences(room.engine.sequence)
            assert heard == list(range(1, room.engine.sequence + 1))
            assert room.feed.listeners == 1
        async with room.listening(1) as again:
            assert await again.sequences(room.engine.sequence) == list(range(2, room.engine.sequence + 1))


async def stuck(room: Room) -> socket.socket:
    """A listener whose program has stopped: it takes what the system takes for it, and no more."""
    loop = asyncio.get_running_loop()
    peer = socket.socket()
    peer.setblocking(False)
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    await loop.sock_connect(peer, ("127.0.0.1", room.port))
    lines = (
        "GET /api/v1/feed HTTP/1.1",
        "Host: centre",
        f"Authorization: Bearer {CALL_TAKER}",
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    )
    await loop.sock_sendall(peer, "\r\n".join((*lines, "", "")).encode())
    await until(lambda: room.feed.listeners)
    async with asyncio.timeout(WITHIN_S):
        while room.feed.listeners:  # until we, or the system, have had enough of it
            await room.engine.record(*(draft(number) for number in range(50)))
    return peer


def kept(port: int) -> bool:
    """Whether the system keeps any connection of the server on this port."""
    lines = Path("/proc/net/tcp").read_text().splitlines()[1:]
    return any(line.split()[1].endswith(f":{port:04X}") and line.split()[3] != LISTENING for line in lines)


async def test_a_listener_whose_program_has_stopped_is_dropped_by_the_system() -> None:
    limits = server.Limits(send_buffer=16 * 1024, untaken_s=0.5)
    async with open_room(limits=limits, feed_limits=feeds.Limits(untaken=100_000)) as room:
        with await stuck(room):
            await until(lambda: not kept(room.port))


async def test_a_listener_whose_program_has_stopped_does_not_hold_up_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("console.api.feed.CLOSING_S", 600)
    monkeypatch.setattr(server, "PING_S", 600)
    limits = server.Limits(send_buffer=16 * 1024, untaken_s=600)
    async with open_room(limits=limits, feed_limits=feeds.Limits(untaken=100_000)) as room:
        with await stuck(room):
            room.ended.set()
            await asyncio.wait_for(room.serving, WITHIN_S)


async def test_more_listeners_than_agreed_are_turned_away_and_the_first_ones_stay() -> None:
    async with open_room(feed_limits=feeds.Limits(listeners=2)) as room, room.listening() as ear:
        async with room.listening():
            answer = await refused(room)
            assert (answer.status, answer.code) == (503, "too_many_listeners")
        await until(lambda: room.feed.listeners == 1)
        async with room.listening():
            await room.engine.record(draft(1))
            assert await ear.sequences(1) == [1]


async def test_an_after_that_makes_no_sense_is_told_before_anything_is_heard() -> None:
    invalid = dict.fromkeys(("", "x", "-1", "1.5", "99999999999999999999"), "invalid")
    async with open_room() as room:
        await room.engine.record(draft(1), draft(2))
        for after, code in (invalid | {"3": "after_beyond_end"}).items():
            answer = await refused(room, after)
            assert (answer.status, answer.code) == (422, code)
            # A browser is not told why its WebSocket was refused; over HTTP the same is said.
            assert (await room.ask(f"/api/v1/facts?after={after}")).code == code
        assert room.feed.listeners == 0


async def test_without_a_token_nobody_hears_anything() -> None:
    async with open_room() as room:
        for headers in ({}, {"Authorization": "Bearer x"}, {"Authorization": f"Basic {CALL_TAKER}"}):
            answer = await refused(room, additional_headers=headers)
            assert (answer.status, answer.code) == (401, "unauthorized")
        answer = await refused(room, additional_headers={}, subprotocols=["liandong", "bearer.x"])
        assert (answer.status, answer.code) == (401, "unauthorized")


async def test_a_browser_gives_its_token_as_a_subprotocol() -> None:
    async with open_room() as room:
        offered = [Subprotocol("liandong"), Subprotocol(f"bearer.{CALL_TAKER}")]
        async with room.listening(additional_headers={}, subprotocols=offered) as ear:
            assert ear.connection.subprotocol == "liandong"
            assert (await ear.hear())["kind"] == "snapshot"


async def test_what_a_listener_says_is_passed_over_and_a_speech_ends_it() -> None:
    async with open_room() as room:
        async with room.listening() as ear:
            for word in ("hello", b"\x00\xff", "{}"):
                await ear.connection.send(word)
            await room.engine.record(draft(1))
            assert await ear.sequences(1) == [1]
            await ear.connection.send("x" * 5_000)
            assert (await closed(ear.connection))[0] == 1009
        await until(lambda: room.feed.listeners == 0)


async def test_a_journal_that_cannot_be_read_is_told_and_the_listener_comes_again() -> None:
    async with open_room() as room:
        (fact,) = await room.engine.record(draft(1))
        async with room.listening() as ear:
            await ear.until("snapshot")
            room.engine.told((replace(fact, sequence=9),))
            assert await closed(ear.connection) == (1013, "journal_trouble")
        room.engine.break_journal()
        answer = await refused(room, 0)
        assert (answer.status, answer.code) == (503, "journal_trouble")


async def test_the_end_of_the_web_is_told_to_all_listeners_and_waits_for_nothing_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(server, "ENDING_S", 600)
    async with open_room() as room:
        async with room.listening() as ear, room.listening() as other:
            await ear.until("snapshot")
            await other.until("snapshot")
            room.ended.set()
            assert (await closed(ear.connection))[0] == 1012
            assert (await closed(other.connection))[0] == 1012
            await asyncio.wait_for(room.serving, WITHIN_S)
        assert room.feed.listeners == 0
