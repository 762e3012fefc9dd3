"""Every call that has ended becomes a recording with its evidence; nothing that was captured is forgotten.

Three ways lead here: Asterisk's channel events tell that a call is over; a sweep at every start takes what is left from
before (our process was dead, or Asterisk was killed in the middle of calls); and from time to time what fell silent is
taken whose end was never told (a full disk keeps Asterisk from writing its events). The work itself is done in a
process of its own, one call at a time; what fails is told, keeps its raw files and is tried again.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from recordings.archive import RAW, Recording, finish, unfinished
from recordings.error import NothingRecorded, RecordingError, StillGrowing
from recordings.raw import parse_name
from recordings.settings import RecordingSettings
from telephony.cel import ChannelEvent, Reader
from telephony.pool import pool
from telephony.trail import Trail

LOOK_S = 0.3  # how often the channel events are looked at; the caller has hung up, nobody waits
CLOSE_S = 1.0  # the recorders close their files within milliseconds after the call; a loaded disk is slower
AGAIN_S = (2.0, 5.0, 15.0)  # after these the finishing is tried again, from then on every last; a disk gets room
BEHIND = 10  # nobody waits for a recording; a call, or an engine that starts, waits for the processor
LOST_S = 300.0  # a call that is up writes fifty times a second; its end is told within a second
LOOK_BACK_BYTES = 8 << 20  # for the packets of calls that ended unseen: some 1,000 calls, read in 0.2 s

log = logging.getLogger("recordings")


@dataclass(frozen=True)
class _Ended:
    """A call that is over."""

    call: str
    ended_ms: int | None
    """Milliseconds since the epoch; None when nobody saw it end."""
    packets: Mapping[str, int] = field(default_factory=dict)
    """RTP packets received on its channels, by unique id, as far as they are known."""
    tries: int = 0


class Keeper:
    """Finishes the recordings of ended calls."""

    def __init__(self, root: Path, settings: RecordingSettings, events: Path) -> None:
        self._root = root
        self._settings = settings
        self._events = events
        self._trail = Trail(events)
        self._packets: dict[str, dict[str, int]] = {}
        """Of calls that haven't ended: the packets received on those of their channels that have."""
        self._due: asyncio.PriorityQueue[tuple[float, int, _Ended]] = asyncio.PriorityQueue()
        self._known: set[str] = set()
        self._given_up: set[str] = set()
        """Calls whose recording can't be finished."""
        self._count = 0
        self._pool: ProcessPoolExecutor | None = None
        self.kept: Callable[[Recording], None] = lambda recording: None
        """Told of each finished recording, once its evidence is on disk."""
        self.failed: Callable[[str, RecordingError], None] = lambda call, error: None
        """Told of each call whose recording can't be finished."""

    async def sweep(self, live: Callable[[], frozenset[str]]) -> None:
        """Take every call with raw files of which no channel is up any more; `live` tells the channels that are.

        The order matters. A call that ends after the events were skipped is told by an event. A call that is up has
        its channel before it has files, so files first: else a call that began in between would be taken for ended.
        """
        self._trail.skip()
        self._packets = {}
        channels = {call: {call, *_channels(self._root / RAW / call)} for call in unfinished(self._root / RAW)}
        up = await asyncio.to_thread(live)
        past = await asyncio.to_thread(_last_rows, self._events) if channels else []
        self._count_packets(event for event in past if event.call in channels)
        for call, its in channels.items():
            if not its & up:
                self._put(_Ended(call, None, self._packets.pop(call, {})), 0)

    async def take_lost(self, live: Callable[[], frozenset[str] | None]) -> None:
        """Take calls of which nothing was written for `LOST_S` and no channel is up: nobody told that they ended.

        `live` as for `sweep`; None: nobody knows.
        """
        raw = self._root / RAW
        silent = {call for call in unfinished(raw) if _silent_s(raw / call) > LOST_S} - self._known - self._given_up
        up = await asyncio.to_thread(live) if silent else None
        if up is None:
            return
        for call in sorted(silent):
            if not {call, *_channels(raw / call)} & up:
                log.warning("call %s: nobody told that it ended", call)
                self._put(_Ended(call, None, self._packets.pop(call, {})), 0)

    async def run(self) -> None:
        """Go on for ever."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._listen())
                tasks.create_task(self._work())
        finally:
            await self._end_worker()

    async def finish_all(self) -> None:
        """Finish what is known and come back; what fails is left for another time."""
        try:
            while not self._due.empty():
                _, _, ended = self._due.get_nowait()
                await self._finish(ended)
        finally:
            await self._end_worker()

    async def _listen(self) -> None:
        while True:
            for row in self._trail.read():
                event = row.event
                self._count_packets([event])
                if event.kind == "LINKEDID_END":
                    packets = self._packets.pop(event.call, {})
                    if event.call in unfinished(self._root / RAW):
                        self._put(_Ended(event.call, round(event.at.timestamp() * 1000), packets), CLOSE_S)
            await asyncio.sleep(LOOK_S if self._trail.ended else 0)

    async def _work(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            due, number, ended = await self._due.get()
            if due > loop.time():
                self._due.put_nowait((due, number, ended))
                await asyncio.sleep(min(LOOK_S, due - loop.time()))
                continue
            if not await self._finish(ended):
                again = AGAIN_S[min(ended.tries, len(AGAIN_S) - 1)]
                self._put(replace(ended, tries=ended.tries + 1), again, known=True)

    def _count_packets(self, events: Iterable[ChannelEvent]) -> None:
        for event in events:
            if event.packets is not None:
                self._packets.setdefault(event.call, {})[event.channel] = event.packets

    async def _end_worker(self) -> None:
        if self._pool is not None:
            pool, self._pool = self._pool, None
            await asyncio.to_thread(pool.shutdown)  # an hour of a call takes it seconds

    def _put(self, ended: _Ended, after: float, *, known: bool = False) -> None:
        if ended.call in self._known and not known:
            return
        self._known.add(ended.call)
        self._count += 1
        self._due.put_nowait((asyncio.get_running_loop().time() + after, self._count, ended))

    async def _finish(self, ended: _Ended) -> bool:
        """Finish one call; False when it has to be tried again."""
        if self._pool is None:
            self._pool = pool(1, BEHIND)
        work = asyncio.get_running_loop().run_in_executor(self._pool, _finish, self._root, self._settings, ended)
        try:
            recording = await work
        except NothingRecorded:
            recording = None
        except (StillGrowing, OSError) as error:  # time or somebody may mend it
            log.error("call %s: not finished yet: %s", ended.call, error)
            return False
        except RecordingError as error:  # trying again changes nothing; the next start looks at it once more
            log.error("call %s: not finished, its raw files stay where they are: %s", ended.call, error)
            self._given_up.add(ended.call)
            self.failed(ended.call, error)
            recording = None
        except BrokenProcessPool:
            log.error("call %s: the worker died while finishing it", ended.call)
            self._pool = None
            return False
        except asyncio.CancelledError:
            self._known.discard(ended.call)  # the next sweep finds it again
            raise
        except Exception:  # one call's trouble is not the others'
            log.exception("call %s: not finished yet: a bug, or a disk that fails", ended.call)
            return False
        self._known.discard(ended.call)
        if recording is not None:
            log.info("call %s: %s", ended.call, _told(recording))
            self.kept(recording)
        return True


def _channels(raw: Path) -> set[str]:
    """The channels that a call's raw files come from."""
    return {name.channel for file in raw.iterdir() if (name := parse_name(file.name))}


def _silent_s(raw: Path) -> float:
    """For how many seconds nothing was written of a call."""
    with suppress(FileNotFoundError):  # it was finished just now
        return time.time() - max(each.stat().st_mtime for each in (raw, *raw.iterdir()))
    return 0.0


def _last_rows(events: Path) -> list[ChannelEvent]:
    """The newest channel events, bounded."""
    reader = Reader(events)
    reader.skip_to_last(LOOK_BACK_BYTES)
    return reader.read()


def _finish(root: Path, settings: RecordingSettings, ended: _Ended) -> Recording:
    """In the worker."""
    return finish(root, ended.call, settings, ended_ms=ended.ended_ms, packets=ended.packets)


def _told(recording: Recording) -> str:
    evidence = recording.evidence
    if evidence.audio is None:
        return "ended, no audio to keep"
    roles = " + ".join(leg.role for leg in evidence.legs if leg.said)
    findings = ", ".join(sorted({finding.kind for finding in evidence.findings}))
    return f"recorded, {evidence.audio.duration_ms / 1000:.1f} s, {roles}{'; ' + findings if findings else ''}"
