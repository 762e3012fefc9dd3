"""Keeps our own processes alive: starts or adopts each child, watches its process and its beat, starts it again.

What is to be done and when is decided in `life.py`; here it is done. A child has a session of its own and hangs on
nothing of this process: whoever supervises next finds it by the lock that it holds, and goes on watching it.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from liandong.beat import beat_file, read_beat, reserve
from liandong.life import Do, Happens, Life, Patience, Stage, overslept, step
from liandong.lock import CHILDREN, Role
from liandong.process import Process, find, start
from liandong.stacks import write_stacks

TICK_S = 0.25  # between two looks at a beat; an end is told at once
ASLEEP_S = 2.0  # a look that comes this much too late means that we ourselves did not run

ORDER = (Role.WORKER, Role.ENGINE, Role.WEB)
"""In which children end: who hands facts to another before the one who takes them."""

PATIENCE: Mapping[Role, Patience] = {
    Role.ENGINE: Patience(),
    Role.WEB: Patience(end=5.0),
    Role.WORKER: Patience(end=None),  # after a stop it finishes every recording first
}

log = logging.getLogger("serve")


class Supervisor:
    """Watches over the children of one state directory.

    `run` and `logs` are its folders of what runs and of logs; `commands` starts each child that is wanted.
    """

    def __init__(
        self,
        run: Path,
        logs: Path,
        commands: Mapping[Role, Sequence[str]],
        patience: Mapping[Role, Patience] = PATIENCE,
    ) -> None:
        self._children = {
            role: _Child(run, logs, role, commands[role], patience[role]) for role in ORDER if role in commands
        }
        self._unwanted = [role for role in ORDER if role not in commands]
        self._run, self._logs, self._patience = run, logs, patience

    async def run(self, ended: asyncio.Event) -> None:
        """Watch over them until `ended`; then end them, one after the other, and return when none is left.

        Children that live and are not wanted end at once. What is a bug of ours is raised, and ends no child.
        """
        retiring = asyncio.create_task(end_children(self._run, self._logs, self._unwanted, self._patience))
        watching = {role: asyncio.create_task(child.watch()) for role, child in self._children.items()}
        asked = asyncio.create_task(_until(ended))
        tasks = (retiring, asked, *watching.values())
        try:
            # The watch of a wanted child ends by a bug only.
            await _first(asked, *watching.values())
            for role, task in watching.items():
                self._children[role].let_go()
                await task
            await retiring
        finally:
            for task in tasks:
                task.cancel()

    async def beaten(self, role: Role) -> None:
        """Wait until this child has beaten since it was started or found."""
        await self._children[role].beaten.wait()


async def end_children(
    run: Path, logs: Path, roles: Sequence[Role] = ORDER, patience: Mapping[Role, Patience] = PATIENCE
) -> None:
    """End those children that live, one after the other, whoever started them."""
    for role in roles:
        child = _Child(run, logs, role, (), patience[role])
        if child.found():
            child.let_go()
            await child.watch()


def living_children(run: Path) -> dict[Role, int]:
    """The process numbers of the children that live, whoever started them."""
    found: dict[Role, int] = {}
    for role in CHILDREN:
        if (process := find(run, role)) is not None:
            found[role] = process.pid
            process.close()
    return found


async def _until(event: asyncio.Event) -> None:
    await event.wait()


async def _first(*tasks: asyncio.Task[None]) -> None:
    """Wait until one of them is done, and raise what it raised."""
    done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in done:
        task.result()


class _Child:
    """One child: its life, and its process if there is one."""

    def __init__(self, run: Path, logs: Path, role: Role, command: Sequence[str], patience: Patience) -> None:
        self._run, self._logs, self._role, self._command = run, logs, role, tuple(command)
        self._name = role.child
        self._life = Life(patience)
        self._process: Process | None = None
        self._beat_at = 0.0
        """When the last beat was made that was listened to."""
        self._look: asyncio.Future[str] | None = None
        self._news = asyncio.Event()
        self.beaten = asyncio.Event()

    def let_go(self) -> None:
        """It shall end."""
        self._happens(Happens.UNWANTED)
        self._news.set()

    async def watch(self) -> None:
        """Have it live, until it was let go and has ended."""
        with suppress(OSError):
            reserve(beat_file(self._run, self._role))  # as long as there is room
        while not self._life.over:
            now = time.monotonic()
            wake = now + TICK_S if self._life.due is None else min(now + TICK_S, max(self._life.due, now))
            with suppress(TimeoutError):
                async with asyncio.timeout(wake - now):
                    await self._news.wait()
            self._news.clear()
            if (gap := (now := time.monotonic()) - wake) > ASLEEP_S:
                log.warning("this process did not run for %.1f s: no child is blamed for that time", gap)
                self._life = overslept(self._life, gap, now)
            self._see()

    def _see(self) -> None:
        """Take notice of everything that has happened since the last time."""
        if self._process is not None and self._process.has_ended():
            how = self._process.how_it_ended()
            self._forget()
            self._happens(Happens.ENDED, how=how)
        if self._look is not None and self._look.done():
            log.error("%s: %s", self._name, self._look.result())
            self._look = None
            self._happens(Happens.LOOKED)
        self._listen()
        if self._life.due is not None and self._life.due <= time.monotonic():
            self._happens(Happens.LATE)

    def _listen(self) -> None:
        if self._process is None:
            return
        beat = read_beat(beat_file(self._run, self._role))
        # A beat from the future was made before the machine's last start.
        if beat is None or beat.pid != self._process.pid or not self._beat_at < beat.at <= time.monotonic():
            return
        self._beat_at = beat.at
        self._happens(Happens.BEAT, at=beat.at)
        self.beaten.set()

    def _happens(self, happens: Happens, *, at: float = 0.0, how: str = "") -> None:
        before = self._life
        self._life, todo = step(before, happens, time.monotonic(), at=at, how=how)
        for do in todo:
            match do:
                case Do.START:
                    self._start()
                case Do.END:
                    self._send(signal.SIGTERM)
                case Do.KILL:
                    self._send(signal.SIGKILL)
                case Do.LOOK_INTO:
                    self._look_into()
                case _:
                    self._say(do, before, how)

    def _start(self) -> None:
        """Find its process, or start one."""
        if self.found():
            return
        try:
            self._take(start(self._command, self._logs / f"{self._name}.log"))
        except OSError as error:
            self._happens(Happens.ENDED, how=f"it could not be started: {error}")
        else:
            self._beat_at = time.monotonic()
            self._happens(Happens.APPEARED)

    def found(self) -> bool:
        """Whether its process lives, whoever started it; then it is watched from now on."""
        process = find(self._run, self._role)
        if process is None:
            return False
        self._take(process)
        self._beat_at = 0.0
        if self._command and process.words != self._command:
            self._happens(Happens.OUTDATED)
            return True
        if self._command:
            log.info("%s (process %d) is running already: adopted", self._name, process.pid)
        self._happens(Happens.APPEARED)
        return True

    def _take(self, process: Process) -> None:
        self._process = process
        asyncio.get_running_loop().add_reader(process.watched, self._news.set)

    def _forget(self) -> None:
        assert self._process is not None
        asyncio.get_running_loop().remove_reader(self._process.watched)
        self._process.close()
        self._process = None

    def _send(self, number: signal.Signals) -> None:
        if self._process is not None:
            self._process.send(number)

    def _look_into(self) -> None:
        assert self._process is not None
        within = self._life.patience.look
        loop = asyncio.get_running_loop()
        self._look = loop.run_in_executor(None, write_stacks, self._process.pid, self._logs, self._name, within)
        self._look.add_done_callback(lambda _: self._news.set())

    def _say(self, do: Do, before: Life, how: str) -> None:
        pid = self._process.pid if self._process is not None else 0
        match do:
            case Do.SAY_RUNS:
                log.info("%s %s (process %d)", self._name, "is back" if before.failures else "runs", pid)
            case Do.SAY_STEADY:
                log.info("%s (process %d) runs steadily again", self._name, pid)
            case Do.SAY_OUTDATED:
                log.info("%s (process %d) runs with something else than now: it is replaced", self._name, pid)
            case Do.SAY_FROZEN if before.stage is Stage.STARTING:
                log.error("%s (process %d) does not come to life: killed and started again", self._name, pid)
            case Do.SAY_FROZEN:
                log.error("%s (process %d) does not move any more: killed and started again", self._name, pid)
            case Do.SAY_ENDED:
                log.error("%s ended, %s; it is started again. %s.log has more", self._name, how, self._name)
            case Do.SAY_GONE:
                log.info("%s has ended", self._name)
            case Do.SAY_OVERDUE:
                log.error("%s (process %d) does not end: killed", self._name, pid)
