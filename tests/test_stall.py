"""This process stood still for a while: what has come meanwhile is heard before it is taken for missing."""

import asyncio
import socket
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

from dispatch.edge import notifier
from dispatch.outcome import Outcome
from telephony.department import came_to
from telephony.manager import event as told
from telephony.manager.channel import ChannelState
from telephony.manager.connection import Connection
from telephony.manager.event import DialOutcome
from telephony.manager.outcome import Answered
from tests.edge_room import until
from tests.notifier_room import notifier_room

BUSY = 17  # Q.850


def answers_at_once(listening: socket.socket) -> None:
    """Plays an Asterisk that has one connection, and is never the one who is slow."""
    connection, _ = listening.accept()
    with connection, connection.makefile("rb") as lines:
        for line in lines:
            if line.startswith(b"ActionID:"):
                connection.sendall(b"Response: Success\r\n" + line + b"\r\n")


async def test_asterisk_has_answered_though_nobody_could_hear_it_in_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        playing = threading.Thread(target=answers_at_once, args=(listening,), daemon=True)
        playing.start()
        connection = await Connection.open("127.0.0.1", listening.getsockname()[1], 10.0)
        try:
            hearing = asyncio.create_task(anext(connection.hear()))
            _, answer = connection.ask("Ping", (), within=1.0)
            await asyncio.sleep(0)
            time.sleep(1.5)  # noqa: ASYNC251 - the stall
            assert isinstance(await answer, Answered)
            await hearing
        finally:
            connection.close()
        await asyncio.to_thread(playing.join, 10.0)


async def test_a_line_is_busy_though_its_end_was_heard_late(tmp_path: Path) -> None:
    assert came_to(DialOutcome.FAILED, BUSY) is DialOutcome.BUSY
    async with notifier_room(tmp_path) as room:
        order = await room.issue()
        (attempt, *_) = await room.dialled()
        room.hear(told.Originated(datetime.now(UTC), attempt, DialOutcome.FAILED))
        time.sleep(notifier.NO_CHANNEL_S + 0.1)  # noqa: ASYNC251 - the stall
        await room.settled()
        room.hear(told.Ended(datetime.now(UTC), room.channel(attempt, ChannelState.DOWN), BUSY))
        assert (await room.attempt(order, 1, lambda each: each.ended)).outcome is Outcome.BUSY
        await until(lambda: len(room.exchange.dials) == 2)
