"""What happened to callers while no engine saw it stands in the journal afterwards, with Asterisk's own times.

Three sources, each for what the one before lacks: Asterisk's channel event log, what the dialplan's hang-up handler
spooled, the evidence of recordings. And every finished recording becomes a fact. Rules:

- A row is three seconds old before it counts: an engine that lives has seen it itself by then, and better. That comes
  first, however long its database was away.
- Whatever was told and not answered is told again; a fact has an id that is made of the call's, so it is written once.
- The bookmark stands at the first row of the oldest call that has not ended, and moves only when everything before it
  is in the journal. So this task may die between any two steps, and memory holds what is open and nothing else.
- Reading goes piece by piece, in a thread: a week's log holds up nobody, and waits with us for the engine.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import NoReturn

from config.state import StateError
from intake import fact
from intake.edge.history import History, Told
from intake.edge.lookup import came_back, person_at
from intake.edge.traces import of_hang_up
from intake.edge.writing import end_id
from journal import BadFact, Draft
from liandong.bookmark import Bookmark
from liandong.sender import Sender
from liandong.shelf import Shelf, about
from recordings.error import RecordingError
from recordings.telling import failed
from telephony.hangup import read_spool, take_out
from telephony.trail import Place, Trail

log = logging.getLogger("catch-up")

NEW_ASKS = 4  # how often all calls are asked about after an Asterisk came: rows ripen meanwhile, each is asked twice

Live = Callable[[], frozenset[str] | None]
"""Unique ids of the channels that are up; None: it can't be told now. Runs in a thread."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How often, in seconds."""

    ripe_s: float = 3.0
    """A row counts when it is so old."""
    look_s: float = 0.5
    """The log is looked at so often; nobody waits."""
    keep_s: float = 1.0
    """The bookmark is put on disk at most so often."""
    quiet_s: float = 60.0
    """A call without a row for so long is asked about, and so often."""
    shelf_s: float = 60.0
    """Recordings are looked through so often, also when nobody tells of one."""
    again_s: float = 2.0
    """What the disk refused is tried again after this."""


class CatchUp:
    """Reads the sources and has the facts written; `run` it, one at a time."""

    def __init__(
        self,
        events: Path,
        hangups: Path,
        shelf: Shelf,
        bookmark: Bookmark,
        sender: Sender,
        *,
        seats: Collection[str],
        live: Live,
        clock: Callable[[], float] = time.time,
        pace: Pace = Pace(),
    ) -> None:
        """`events` is the channel event log, `hangups` the folder of what was spooled at hang-ups."""
        self._events = events
        self._hangups = hangups
        self._shelf = shelf
        self._bookmark = bookmark
        self._sender = sender
        self._seats = frozenset(seats)
        self._live = live
        self._clock = clock
        self._pace = pace
        self._woken = asyncio.Event()
        self._failed: dict[str, Draft] = {}
        self._shelf_at = self._ask_at = self._kept_at = 0.0
        self._hangups_ns = 0
        self._finished_at: float | None = None
        """When we were told of a recording last, unless it was looked for since."""
        self._complaint = ""
        self._suspects: frozenset[str] = frozenset()
        """Calls that had no channel when Asterisk was asked last."""
        self._all_until = 0.0
        """Until then every open call is asked about, not only the quiet ones; by the loop's clock."""
        self._begin()

    def look(self) -> None:
        """A recording was finished: look now."""
        self._finished_at = self._clock()
        self._woken.set()

    def another_asterisk(self) -> None:
        """An Asterisk has come: what has no channel in it is over, also what will be read in the next seconds."""
        self._all_until, self._ask_at = self._loop_s() + NEW_ASKS * self._pace.ripe_s, 0.0
        self._woken.set()

    def failed(self, call: str, error: RecordingError) -> None:
        """A recording can't be finished: write that down."""
        self._failed[call] = failed(call, error, self._now(), about(call))
        self._woken.set()

    async def run(self) -> NoReturn:
        """Go on for ever."""
        while True:
            try:
                looked = self._clock()
                anything = await self._read_on()
                if self._trail.ended:
                    await self._look_elsewhere(looked)
                if not anything:
                    await self._keep(now=True)
                    await self._pause()
            except OSError as error:  # the disk's: what was fed and not written is read again
                self._complain(error)
                self._trail.close()
                self._begin()
                await asyncio.sleep(self._pace.again_s)

    def _begin(self) -> None:
        """Begin at the bookmark."""
        self._trail = Trail(self._events, self._bookmark.mark.place)
        self._history = History(self._seats)
        self._begun: dict[str, Place] = {}
        """The first row of each call that has not ended, the oldest first."""

    # Asterisk's log.

    async def _read_on(self) -> bool:
        """Take the next piece of the log; False if there is nothing new."""
        rows = await asyncio.to_thread(self._trail.read)
        if not rows:
            return False
        age_s = self._clock() - rows[-1].event.at.timestamp()
        if age_s < self._pace.ripe_s:  # a row of the future is one of a clock that was put back
            await asyncio.sleep(self._pace.ripe_s - max(0.0, age_s))
        told: list[Told] = []
        for row in rows:
            told += self._history.feed(row.event)
            if self._history.is_open(row.event.channel):
                self._begun.setdefault(row.event.channel, row.place)
        await self._tell(told)
        await self._moved()
        return True

    async def _moved(self) -> None:
        """Everything that was read is written."""
        self._begun = {call: place for call, place in self._begun.items() if self._history.is_open(call)}
        self._bookmark.move(next(iter(self._begun.values()), self._trail.place))
        await self._keep()

    async def _find_lost(self) -> None:
        """End the calls that have no channel any more, and no row that says so: Asterisk was killed.

        Twice they must be missing, with the log read to its end in between: a last row may be on its way.
        """
        now = self._clock()
        anew = self._loop_s() < self._all_until
        quiet_s = 0.0 if anew else self._pace.quiet_s
        quiet = {call for call, last in self._history.open.items() if now - last.timestamp() > quiet_s}
        if not quiet or self._loop_s() < self._ask_at:
            self._suspects &= quiet
            return
        up = await asyncio.to_thread(self._live)
        if up is None:
            return
        gone = quiet - up
        lost = gone & self._suspects
        self._suspects = frozenset(gone - lost)
        self._ask_at = self._loop_s() + (self._pace.ripe_s if self._suspects or anew else self._pace.quiet_s)
        if lost:
            await self._tell(self._history.lose(sorted(lost)))
            await self._moved()

    # Everything else.

    async def _look_elsewhere(self, looked: float) -> None:
        """Every row that was there at `looked` is told."""
        await self._find_lost()
        for call, draft in list(self._failed.items()):
            await self._write([draft])
            del self._failed[call]
        await self._tell_hang_ups(looked)
        if self._finished_at is not None or self._loop_s() >= self._shelf_at:
            self._shelf_at = self._loop_s() + self._pace.shelf_s
            await self._tell_recordings(looked)
            if self._finished_at is not None and self._finished_at < looked:
                self._finished_at = None

    async def _tell_hang_ups(self, looked: float) -> None:
        """What was spooled at hang-ups, of calls whose log is gone; the rest is in the journal and can go."""
        changed_ns = await asyncio.to_thread(_changed_ns, self._hangups)
        if changed_ns == self._hangups_ns and self._loop_s() < self._shelf_at:
            return
        for seen in await asyncio.to_thread(read_spool, self._hangups):
            if self._history.is_open(seen.call) or (seen.ended is not None and seen.ended >= looked):
                changed_ns = 0  # its last row is on its way
                continue
            if await self._sender.missing([end_id(seen.call)]):
                await self._tell(of_hang_up(seen, self._seats))
            await asyncio.to_thread(take_out, self._hangups, seen.call)
        self._hangups_ns = changed_ns

    async def _tell_recordings(self, looked: float) -> None:
        """Every recording that was finished since; and calls of which nothing else tells."""
        until_ns = round(looked * 1e9)
        since_ns = self._bookmark.mark.recordings_ns
        if since_ns > until_ns:  # the clock was put back: nothing tells what is new
            since_ns = 0
        for folder in await asyncio.to_thread(self._shelf.folders, since_ns):
            for batch in await asyncio.to_thread(self._shelf.finished, folder, since_ns, until_ns):
                missing = await self._sender.missing(each for found in batch for each in found.ids)
                new = [found for found in batch if not missing.isdisjoint(found.ids)]
                kept = await asyncio.to_thread(self._shelf.read, new, self._seats)
                await self._write([draft for recording in kept for draft in recording.drafts])
                for recording in kept:
                    if end_id(recording.call) in missing and not self._history.is_open(recording.call):
                        await self._tell(recording.told)
        self._bookmark.told_recordings(until_ns)

    # Writing.

    async def _tell(self, told: Sequence[Told]) -> None:
        """Have written down what the journal lacks of this."""
        ids = [each.id for each in told]
        if not await self._sender.missing(ids):
            return
        await self._sender.engines_own()  # the engine's own of it may lie in its spool, under another id
        missing = await self._sender.missing(ids)
        drafts = [await self._draft(each) for each in told if each.id in missing]
        await self._sender.write([draft for draft in drafts if draft is not None])

    async def _write(self, drafts: Sequence[Draft]) -> None:
        missing = await self._sender.missing(draft.id for draft in drafts)
        await self._sender.write([draft for draft in drafts if draft.id in missing])

    async def _draft(self, told: Told) -> Draft | None:
        person: str | None = None
        match told.fact:
            case fact.CallAnswered(seat=seat) if seat:
                person = await self._sender.ask(lambda engine: person_at(engine, seat, told.at))
            case fact.CallCameBack(call=call):
                if await self._sender.ask(lambda engine: came_back(engine, call, told.at)):
                    return None  # the engine's own, which has another id
            case _:
                pass
        try:
            return told.draft(person)
        except BadFact as error:
            log.error("%s is no fact: %s", told.id, error)
            return None

    async def _keep(self, *, now: bool = False) -> None:
        if now or self._loop_s() >= self._kept_at:
            self._kept_at = self._loop_s() + self._pace.keep_s
            try:
                await asyncio.to_thread(self._bookmark.keep)
            except StateError as error:  # who comes after us reads more again than he would have to
                self._complain(error)

    async def _pause(self) -> None:
        try:
            async with asyncio.timeout(self._pace.look_s):
                await self._woken.wait()
        except TimeoutError:
            return
        self._woken.clear()

    def _complain(self, error: OSError) -> None:
        if str(error) != self._complaint:
            log.error("%s", error)
        self._complaint = str(error)

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._clock(), UTC)

    def _loop_s(self) -> float:
        return asyncio.get_running_loop().time()


def _changed_ns(folder: Path) -> int:
    try:
        return folder.stat().st_mtime_ns
    except FileNotFoundError:
        return 0
