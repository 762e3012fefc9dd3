"""The life of one Asterisk: started in a session of its own, found again, asked, stopped only by command.

Asterisk's life hangs on none of our processes: whoever started it may die, and the next one finds it by the pid
file in its run folder together with its command line (a pid alone may be somebody else's by now). It runs without
any capability and can gain none, whoever started it.
"""

from __future__ import annotations

import os
import select
import shutil
import signal
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

BOOT_S = 60.0  # measured 0.2 to 0.5 s; a loaded machine with a cold disk has been seen to take ten times that
CONSOLE_S = 10.0  # a console command answers in 0.02 s; Asterisk that takes this long is frozen
STOP_S = 10.0  # after "stop now" it needs less than 1 s to close its files
CONSOLE_LOG = "console.log"
"""What it says before its own log is open."""
OPEN_FILES = 65_536  # a call with a seat holds 4 recording files and 8 sockets


class AsteriskError(OSError):
    """Asterisk does not do what it should; the message says what to look at."""

    code = "asterisk-failed"


@dataclass(frozen=True)
class Running:
    """A living Asterisk."""

    pid: int
    command: tuple[str, ...]
    """What its command line begins with."""


class Asterisk:
    """One Asterisk, by its configuration; nothing is remembered here that the machine does not know.

    `command` is what its command line begins with, `etc` its configuration folder, `run` that of its control socket
    and pid file, `log` that of its logs.
    """

    def __init__(self, command: Sequence[str], *, etc: Path, run: Path, log: Path) -> None:
        self._command = tuple(command)
        self._configuration = etc / "asterisk.conf"
        self._pid_file = run / "asterisk.pid"
        self._log = log

    @classmethod
    def found(cls, *, etc: Path, run: Path, log: Path) -> Asterisk | None:
        """The living Asterisk with this configuration, as its own command line tells of it."""
        unknown = cls((), etc=etc, run=run, log=log)
        running = unknown.find()
        return cls(running.command, etc=etc, run=run, log=log) if running else None

    def find(self) -> Running | None:
        """Whether it lives, whoever started it."""
        try:
            pid = int(self._pid_file.read_text())
            words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            end = words.index(b"-C")
        except (OSError, ValueError):
            return None
        if words[end + 1] != os.fsencode(self._configuration) or state[0] == "Z":
            return None
        return Running(pid, tuple(map(os.fsdecode, words[:end])))

    def start(self) -> Running:
        """Start it and wait until it is fully booted.

        Raises AsteriskError when it ends or is not ready in time; then nothing of it is left running.
        """
        with (self._log / CONSOLE_LOG).open("ab") as log:
            process = subprocess.Popen(
                [*_least_rights(), *self._command, "-C", self._configuration, "-f"],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self._log,
                start_new_session=True,
                preexec_fn=_raise_open_files,
            )
        deadline = time.monotonic() + BOOT_S
        while time.monotonic() < deadline:
            if process.poll() is not None:
                raise AsteriskError(f"Asterisk ended while it started ({process.returncode}); {self._last_words()}")
            try:
                self.console("core waitfullybooted", within=max(1.0, deadline - time.monotonic()))
            except AsteriskError:
                select.select([], [], [], 0.05)  # its control socket is not there yet
                continue
            if running := self.find():
                return running
        process.kill()
        process.wait()
        raise AsteriskError(f"Asterisk was not ready after {BOOT_S:.0f} s; {self._last_words()}")

    def console(self, command: str, within: float = CONSOLE_S) -> str:
        """What Asterisk's console answers to a command. Raises AsteriskError when there is nobody to ask."""
        try:
            answer = subprocess.run(
                [*self._command, "-C", self._configuration, "-rx", command],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=within,
            )
        except subprocess.TimeoutExpired:
            raise AsteriskError(f"Asterisk did not answer {command!r} in {within:.0f} s") from None
        if answer.returncode != 0:
            said = (answer.stderr or answer.stdout).strip() or f"exit code {answer.returncode}"
            raise AsteriskError(f"Asterisk's console: {said.splitlines()[-1]}")
        return answer.stdout

    def live_channels(self) -> frozenset[str]:
        """The unique ids of all channels that are up."""
        rows = self.console("core show channels concise").splitlines()
        return frozenset(row.rpartition("!")[2] for row in rows if row.count("!") >= 13)

    def stop(self, *, now: bool) -> None:
        """Stop it: at once, or when its calls have ended (no new ones are taken). Returns when it is gone."""
        running = self.find()
        if running is None:
            return
        try:
            watched = os.pidfd_open(running.pid)
        except ProcessLookupError:
            return
        try:
            self.console("core stop now" if now else "core stop gracefully")
            if not _ended(watched, STOP_S if now else None):
                signal.pidfd_send_signal(watched, signal.SIGKILL)
                _ended(watched, STOP_S)
        except AsteriskError:
            if not _ended(watched, 1.0):  # it may end before it has answered
                signal.pidfd_send_signal(watched, signal.SIGKILL)
                _ended(watched, STOP_S)
        finally:
            os.close(watched)

    def _last_words(self) -> str:
        """The last errors that it logged, for a message."""
        for log in (self._log / "messages", self._log / CONSOLE_LOG):
            try:
                lines = log.read_text("utf-8", "replace").splitlines()
            except OSError:
                continue
            if errors := [line for line in lines[-200:] if "ERROR" in line] or lines[-3:]:
                return f"its last words, in {log}:\n  " + "\n  ".join(errors[-3:])
        return f"it left no log in {self._log}"


def _least_rights() -> list[str]:
    """The command that takes every capability away, for good."""
    setpriv = shutil.which("setpriv")  # util-linux, essential in Debian
    if setpriv is None:
        return []
    drop = ["--bounding-set=-all", "--inh-caps=-all"] if os.geteuid() == 0 else []
    return [setpriv, "--no-new-privs", *drop, "--"]


def _raise_open_files() -> None:
    import resource

    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = OPEN_FILES if hard == resource.RLIM_INFINITY else min(OPEN_FILES, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _ended(watched: int, within: float | None) -> bool:
    """Wait until the process behind a pidfd has ended; False when it has not in time."""
    return bool(select.select([watched], [], [], within)[0])
