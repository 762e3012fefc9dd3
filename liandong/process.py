"""Processes, ours or adopted: started, found, waited for and signalled without mistaking one for another.

A process file descriptor (pidfd) is one process for ever, while a number may be given to another one. It becomes
readable when the process has ended, whoever its parent is.
"""

from __future__ import annotations

import asyncio
import os
import select
import signal
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from liandong.lock import Role, holder

LONGEST_LOG_BYTES = 10 << 20  # a longer one is put aside when its process is started; one is kept
LAST_WORDS_BYTES = 4096


class Process:
    """One process that is watched; `close` it when it is no more."""

    def __init__(self, pid: int, watched: int, started: subprocess.Popen[bytes] | None = None, log: _Log | None = None):
        self.pid = pid
        self.watched = watched
        """Its pidfd."""
        self._started = started
        self._log = log

    @property
    def words(self) -> tuple[str, ...]:
        """Its command line; empty when it has ended."""
        try:
            words = Path(f"/proc/{self.pid}/cmdline").read_bytes().split(b"\0")
        except OSError:
            return ()
        return tuple(os.fsdecode(word) for word in words[:-1])

    def has_ended(self) -> bool:
        """Whether it has; never waits."""
        return bool(select.select([self.watched], [], [], 0)[0])

    def how_it_ended(self) -> str:
        """What is known of its end, as a part of a sentence."""
        if self._started is None:
            return "nobody knows why"  # only a parent is told
        code = self._started.wait()
        if code < 0:
            return f"killed by signal {-code} ({signal.strsignal(-code) or 'unknown'})"
        words = self._log.last_words() if self._log is not None and code else ""
        return f"exit code {code}{': ' + words if words else ''}"

    def send(self, number: signal.Signals) -> None:
        """Signal it; nothing happens when it has ended."""
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(self.watched, number)

    def close(self) -> None:
        """Watch it no more."""
        os.close(self.watched)


class _Log:
    """What one process writes into its log, which others have written into before."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with suppress(OSError):
            if path.stat().st_size > LONGEST_LOG_BYTES:
                path.replace(path.with_name(f"{path.name}.1"))
        self._before = path.stat().st_size if path.exists() else 0

    def open(self) -> int:
        """Open it for the process. Without room for one the process lives all the same, unheard."""
        try:
            return os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o640)
        except OSError:
            return os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC)

    def last_words(self) -> str:
        """Its last line, as far as it wrote one."""
        try:
            with self._path.open("rb") as file:
                file.seek(max(self._before, file.seek(0, os.SEEK_END) - LAST_WORDS_BYTES))
                lines = file.read().decode("utf-8", "replace").split("\n")
        except OSError:
            return ""
        return next((line.strip() for line in reversed(lines) if line.strip()), "")


def start(command: Sequence[str], log: Path) -> Process:
    """Start a process in a session of its own, with nothing to read and all that it says in its log.

    Raises OSError.
    """
    its_log = _Log(log)
    voice = its_log.open()
    try:
        started = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=voice, stderr=voice, start_new_session=True
        )
    finally:
        os.close(voice)
    return Process(started.pid, os.pidfd_open(started.pid), started, its_log)


def find(run: Path, role: Role) -> Process | None:
    """The living process that has this role, whoever started it."""
    pid = holder(run, role)
    if pid is None:
        return None
    try:
        watched = os.pidfd_open(pid)
    except ProcessLookupError:
        return None
    # The number in the lock's file may be older than the lock by a moment: only who has the file open is the one.
    if not _has_open(pid, run / role.value):
        os.close(watched)
        return None
    return Process(pid, watched)


def _has_open(pid: int, path: Path) -> bool:
    try:
        wanted = path.stat()
        for descriptor in Path(f"/proc/{pid}/fd").iterdir():
            with suppress(OSError):
                its = descriptor.stat()
                if (its.st_dev, its.st_ino) == (wanted.st_dev, wanted.st_ino):
                    return True
    except OSError:
        return False
    return False


async def end_of(pid: int) -> None:
    """Wait until a process has ended."""
    try:
        watched = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    loop = asyncio.get_running_loop()
    gone = asyncio.Event()
    loop.add_reader(watched, gone.set)
    try:
        await gone.wait()
    finally:
        loop.remove_reader(watched)
        os.close(watched)
