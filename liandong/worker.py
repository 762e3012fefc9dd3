"""The worker: everything that may take its time, so that who answers calls never does.

It makes recordings out of what the recorders captured, has written into the journal what no engine saw, and makes
tables out of the operators' files. Recordings hang on Asterisk and on nothing else of ours: each time an Asterisk comes
up, what an earlier one left behind is looked for. Told to end, it leaves the rest for the next worker, unless Asterisk
has ended before it: then the centre is being stopped, and everything that was said is finished first.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine, Iterator
from contextlib import suppress
from typing import NoReturn

from config.state import State
from console.tap import Tap
from gis.settings import GisSettings
from journal import read_engine
from liandong.bookmark import Bookmark
from liandong.catch_up import CatchUp
from liandong.installation import Installation, running_asterisk
from liandong.keeper import Keeper
from liandong.process import end_of
from liandong.sender import Sender
from liandong.shelf import Shelf
from liandong.subscribers import SubscriberImport
from recordings.settings import RecordingSettings
from telephony.asterisk.process import Asterisk

LOOK_S = 0.5  # how often an Asterisk is looked for while there is none
AGAIN_S = 1.0
LOST_EVERY_S = 60.0  # how often calls are looked for whose end nobody told

log = logging.getLogger("worker")


async def run(installation: Installation, ended: asyncio.Event) -> None:
    """Work until ended."""
    state = installation.state
    keeper = Keeper(state.recordings, installation.centre.part(RecordingSettings), installation.channel_events)
    tap = Tap(installation.engine_socket)
    sender = Sender(tap, read_engine(installation.journal_places.url))
    catch_up = _catch_up(installation, sender)
    keeper.kept = lambda recording: catch_up.look()
    keeper.failed = catch_up.failed
    await _until(ended, _keep(state, keeper, catch_up), tap.run(), catch_up.run(), *_imports(installation, sender))
    if await asyncio.to_thread(running_asterisk, state) is None:
        await keeper.sweep(frozenset)
        await keeper.finish_all()


def _catch_up(installation: Installation, sender: Sender) -> CatchUp:
    state = installation.state
    return CatchUp(
        installation.channel_events,
        installation.hangups,
        Shelf(state.recordings),
        Bookmark(state.log / "catch-up.json"),
        sender,
        seats=[seat.id for seat in installation.telephony.seats],
        live=lambda: _live(state),
    )


def _imports(installation: Installation, sender: Sender) -> Iterator[Coroutine[object, object, NoReturn]]:
    """What is made of the operators' files."""
    settings, folder = installation.centre.part(GisSettings), installation.centre.folder
    if settings.subscribers is not None:
        yield SubscriberImport(folder / settings.subscribers, installation.subscribers, settings, sender).run()


def _live(state: State) -> frozenset[str] | None:
    """The channels that are up; None: Asterisk runs and does not say."""
    asterisk = running_asterisk(state)
    try:
        return frozenset() if asterisk is None else asterisk.live_channels()
    except OSError:
        return None


async def _until(ended: asyncio.Event, *works: Coroutine[object, object, None]) -> None:
    """Have all these done until ended; raises when one of them fails."""
    waiting = asyncio.create_task(ended.wait())
    working = [asyncio.ensure_future(work) for work in works]
    await asyncio.wait({waiting, *working}, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    for task in working:
        task.cancel()
    for task in working:
        with suppress(asyncio.CancelledError):
            await task


async def _keep(state: State, keeper: Keeper, catch_up: CatchUp) -> None:
    """Finish recordings for ever: what was left behind at every start of an Asterisk, what ends from then on."""
    pid = await _sweep(state, keeper)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(keeper.run())
        tasks.create_task(_take_lost(state, keeper))
        while True:
            catch_up.another_asterisk()
            await end_of(pid)
            pid = await _sweep(state, keeper)


async def _take_lost(state: State, keeper: Keeper) -> None:
    while True:
        await asyncio.sleep(LOST_EVERY_S)
        await keeper.take_lost(lambda: _live(state))


async def _sweep(state: State, keeper: Keeper) -> int:
    """Wait for an Asterisk, then look for what earlier ones left behind; gives its process number."""
    told = ""
    while True:
        try:
            asterisk, pid = await _one_that_runs(state)
            await asyncio.to_thread(asterisk.await_boot, pid)
            await keeper.sweep(asterisk.live_channels)
        except OSError as error:  # it may end meanwhile; a disk may be mended
            if str(error) != told:
                log.error("%s", error)
            told = str(error)
            await asyncio.sleep(AGAIN_S)
        else:
            return pid


async def _one_that_runs(state: State) -> tuple[Asterisk, int]:
    while True:
        asterisk = await asyncio.to_thread(running_asterisk, state)
        running = await asyncio.to_thread(asterisk.find) if asterisk is not None else None
        if asterisk is not None and running is not None:
            return asterisk, running.pid
        await asyncio.sleep(LOOK_S)
