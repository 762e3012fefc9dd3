"""Listeners of the live feed in a process of their own that keep all that they hear, each message with its time.

Nothing is read while it is measured: what fifty listeners hear are the same bytes, which are kept once.
"""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

from bench.ear import Ear

WITHIN_S = 60.0


class NotesError(OSError):
    """The listeners do not hear what they should."""

    code = "bench-notes"


@dataclass(frozen=True)
class Noted:
    """What was heard."""

    messages: tuple[Any, ...]
    """Each message once."""
    heard: tuple[tuple[tuple[float, int], ...], ...]
    """Of each listener: when, in seconds since the epoch, and which message."""

    def facts(self, type: str) -> Iterator[tuple[dict[str, Any], list[float]]]:
        """Each fact of a type, and when every listener heard it."""
        wanted = {
            index: message
            for index, message in enumerate(self.messages)
            if message["kind"] == "fact" and message["type"] == type
        }
        times: dict[int, list[float]] = {index: [] for index in wanted}
        for ear in self.heard:
            for at, index in ear:
                if index in times:
                    times[index].append(at)
        for index, message in wanted.items():
            yield message, times[index]


class Notes:
    """Listeners at work."""

    def __init__(self, pipe: Connection, pid: int) -> None:
        self._pipe = pipe
        self.pid = pid
        """Their process."""

    def take(self) -> Noted:
        """All that was heard; they stop listening."""
        self._pipe.send(None)
        return self._reply()

    def _reply(self) -> Noted:
        if not self._pipe.poll(WITHIN_S):
            raise NotesError("the listeners say nothing")
        texts, heard = self._pipe.recv()
        return Noted(tuple(json.loads(text) for text in texts), heard)


@contextmanager
def notes(port: int, token: str, count: int) -> Iterator[Notes]:
    """So many listeners, until the block ends. Raises NotesError."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_listen, args=(port, token, count, theirs), daemon=True)
    process.start()
    theirs.close()
    try:
        if not ours.poll(WITHIN_S) or ours.recv() != count:
            raise NotesError("the listeners did not begin")
        yield Notes(ours, process.pid or 0)
    finally:
        ours.close()
        process.join(2.0)
        if process.is_alive():
            process.kill()
            process.join()


def _listen(port: int, token: str, count: int, pipe: Connection) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's
    asyncio.run(_live(port, token, count, pipe))


async def _live(port: int, token: str, count: int, pipe: Connection) -> None:
    loop, ended = asyncio.get_running_loop(), asyncio.Event()
    texts: dict[bytes, int] = {}
    heard: list[list[tuple[float, int]]] = [[] for _ in range(count)]
    ready = [asyncio.Event() for _ in range(count)]

    def ear(index: int) -> Ear:
        def hear(payload: bytes, at: float) -> None:
            heard[index].append((at, texts.setdefault(payload, len(texts))))
            ready[index].set()

        return Ear(token, time.time, hear, ended.set)

    for index in range(count):
        await loop.create_connection(lambda: ear(index), "127.0.0.1", port)  # noqa: B023
    async with asyncio.timeout(WITHIN_S):
        for each in ready:
            await each.wait()
    pipe.send(count)
    loop.add_reader(pipe.fileno(), ended.set)
    await ended.wait()
    loop.remove_reader(pipe.fileno())
    if pipe.poll() and _asked(pipe):
        pipe.send((list(texts), tuple(map(tuple, heard))))


def _asked(pipe: Connection) -> bool:
    try:
        pipe.recv()
    except (EOFError, ConnectionResetError):
        return False
    return True
