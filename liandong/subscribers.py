"""The table of subscribers is made anew whenever the operator's file is another one.

The worker looks at the file and has the table made in a process of its own; who looks numbers up takes the new one with
the next question. A file that is still being written is left until it rests, because half of it would be a table with
half of the city. A wrong one changes nothing: its lines are logged without what stands in them, and `liandong check`
shows them whole.
"""

from __future__ import annotations

import asyncio
import logging
import tempfile
import time
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import NamedTuple, NoReturn

from config.centre import Centre
from config.problem import Problem
from gis.fact import IMPORTED, REFUSED
from gis.settings import GisSettings
from gis.subscriber import about
from gis.subscriber_import import Imported, import_subscribers, is_current
from journal import Draft
from journal.canonical import Json
from journal.instant import utc_now
from liandong.sender import Sender
from telephony.pool import pool

BEHIND = 10  # nobody waits for it
SHOWN = 10
"""Wrong lines in the log; a file of another kind altogether is wrong in all of them."""


class Seen(NamedTuple):
    """A file as it is seen from outside."""

    inode: int
    size: int
    changed_ns: int
    """Its inode's time: what copies a file may set the other one."""


log = logging.getLogger("subscribers")


@dataclass(frozen=True, slots=True)
class Pace:
    """How long, in seconds."""

    look_s: float = 2.0
    rest_s: float = 2.0
    """A file that has not changed for so long is whole: who copies one writes many times a second."""
    again_s: float = 30.0
    """Before what the disk refused is tried again."""


class SubscriberImport:
    """Keeps one table like one file; `run` it."""

    def __init__(self, csv: Path, table: Path, settings: GisSettings, sender: Sender, pace: Pace = Pace()) -> None:
        self._csv = csv
        self._table = table
        self._settings = settings
        self._sender = sender
        self._pace = pace

    async def run(self) -> NoReturn:
        """Go on for ever."""
        taken: tuple[Seen | None, Seen | None] | None = None
        """The file and the table as they were last."""
        while True:
            file = _seen(self._csv)
            if (file, _seen(self._table)) != taken and self._rests(file):
                try:
                    await self._take()
                    taken = (file, _seen(self._table))
                except (OSError, BrokenProcessPool) as error:
                    log.error("%s is not imported, the table is what it was: %s", self._csv, error)
                    await asyncio.sleep(self._pace.again_s)
            await asyncio.sleep(self._pace.look_s)

    def _rests(self, file: Seen | None) -> bool:
        """Whether it has not changed for a while; a file of the future never will have."""
        return file is None or abs(time.time() - file.changed_ns / 1e9) > self._pace.rest_s

    async def _take(self) -> None:
        """Make the table if it is of another file, and have it written down. Raises OSError, BrokenProcessPool."""
        self._csv.stat()  # one that is not there is told as such
        plan, datum = self._settings.plan, self._settings.datum
        if not await asyncio.to_thread(is_current, self._csv, self._table, plan, datum):
            workers = pool(1, BEHIND)
            try:
                imported = await asyncio.get_running_loop().run_in_executor(
                    workers, import_subscribers, self._csv, self._table, utc_now(), plan, datum
                )
            finally:
                workers.shutdown(wait=False, cancel_futures=True)
            if not imported.done:
                await self._refused(imported)
                return
        await self._imported()

    async def _imported(self) -> None:
        said = await asyncio.to_thread(about, self._table)
        log.info("%s: %s numbers", said["file"], said["rows"])
        at = datetime.fromisoformat(said["imported"])
        body: dict[str, Json] = {"file": said["file"], "sha256": said["sha256"], "rows": int(said["rows"])}
        await self._tell(Draft.of(IMPORTED, at, body=body, id=f"subscribers:{at.timestamp():.6f}"))

    async def _refused(self, imported: Imported) -> None:
        for each in imported.problems[:SHOWN]:
            log.error("%s:%d: %s: %s", each.file, each.line, each.path, each.code)
        log.error("%s is not taken: %d wrong rows; `liandong check` shows them", self._csv.name, imported.bad)
        body: dict[str, Json] = {
            "file": self._csv.name,
            "sha256": imported.sha256,
            "rows": imported.rows,
            "bad": imported.bad,
        }
        await self._tell(Draft.of(REFUSED, utc_now(), body=body, id=f"subscribers-refused:{imported.sha256}"))

    async def _tell(self, draft: Draft) -> None:
        if await self._sender.missing([draft.id]):
            await self._sender.write([draft])


def problems_of(centre: Centre) -> tuple[int, tuple[Problem, ...]]:
    """How many subscribers a centre's file has, and what is wrong with it."""
    settings = centre.part(GisSettings)
    if settings.subscribers is None:
        return 0, ()
    csv = centre.folder / settings.subscribers
    with tempfile.TemporaryDirectory() as folder:
        tried = import_subscribers(csv, Path(folder) / "table", utc_now(), settings.plan, settings.datum)
    return tried.rows, tried.problems


def _seen(file: Path) -> Seen | None:
    try:
        stat = file.stat()
    except FileNotFoundError:
        return None
    return Seen(stat.st_ino, stat.st_size, stat.st_ctime_ns)
