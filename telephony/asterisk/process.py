"""The life of one Asterisk: started in a session of its own, found again, asked, stopped only by command.

Asterisk's life hangs on none of our processes: whoever started it may die, and the next one finds it by its command
line, from its first moment on. (A pid file is written late and outlives its process; the pid in it may be somebody
else's by now.) It runs without any capability and can gain none, whoever started it.
"""

from __future__ import annotations

import os
import re
import select
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

BOOT_S = 60.0  # measured 0.2 to 0.5 s; a loaded machine with a cold disk has been seen to take ten times that
CONSOLE_S = 5.0  # a console command answers in 0.02 s; Asterisk that takes this long is frozen
STOP_S = 10.0  # after "stop now" it needs less than 1 s to close its files
SETTLE_S = 1.0  # Asterisk goes through its endpoints within milliseconds after a reload has returned
RELOADS = 5  # each mends all that registered before it
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
        self._run = run
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
            owner = self._run.stat().st_uid
        except OSError:
            return None  # nothing was ever started from here
        for process in Path("/proc").glob("[0-9]*"):
            try:
                words = (process / "cmdline").read_bytes().split(b"\0")
                # Anybody may choose such words; only the owner's process is ours.
                if process.stat().st_uid != owner:
                    continue
            except OSError:
                continue  # ended meanwhile
            for at in range(1, len(words) - 2):
                if words[at : at + 3] == [b"-C", os.fsencode(self._configuration), b"-f"]:
                    return Running(int(process.name), tuple(map(os.fsdecode, words[:at])))
        return None

    def start(self) -> Running:
        """Start it and wait until it is fully booted.

        Raises AsteriskError when it ends or is not ready in time; then nothing of it is left running.
        """
        logs = (self._log / "messages", self._log / CONSOLE_LOG)
        old = {log: log.stat().st_size if log.exists() else 0 for log in logs}
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
        try:
            self.await_boot(process.pid)
        except AsteriskError as error:
            process.kill()
            ended = process.wait()
            how = "" if ended == -signal.SIGKILL else f" (exit code {ended})"
            raise AsteriskError(f"{error}{how}; {_last_words(old)}") from None
        return Running(process.pid, self._command)

    def await_boot(self, pid: int) -> None:
        """Wait until the process with this pid, just started or found, is fully booted and answers.

        Raises AsteriskError when it ends instead, or does not answer in time.
        """
        try:
            watched = os.pidfd_open(pid)
        except ProcessLookupError:
            raise AsteriskError("Asterisk ended while it started") from None
        deadline = time.monotonic() + BOOT_S
        try:
            while (left := deadline - time.monotonic()) > 0:
                if _ended(watched, 0):
                    raise AsteriskError("Asterisk ended while it started")
                try:
                    self.console("core waitfullybooted", within=max(1.0, left))
                except AsteriskError:
                    _ended(watched, 0.05)  # its control socket is not there yet
                else:
                    return
        finally:
            os.close(watched)
        raise AsteriskError(f"Asterisk (process {pid}) does not answer after {BOOT_S:.0f} s")

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

    def reload(self) -> None:
        """Take over changed configuration files, calls going on.

        A telephone that registers in this very moment may be taken for absent from then on, although its contact is
        there (Asterisk 22.10 makes the state of every endpoint anew, seen in one of three such registrations): that
        is looked for, and mended by another reload.
        """
        self.console("core reload")
        for _ in range(RELOADS):
            time.sleep(SETTLE_S)
            if not self.mend_absent():
                return

    def mend_absent(self) -> bool:
        """Mend what `reload` says of telephones, if it is so now; whether it was. Look again after it."""
        absent = bool(self._taken_for_absent())
        if absent:
            self.console("module reload res_pjsip.so")
        return absent

    def _taken_for_absent(self) -> set[str]:
        """Telephones that answer, and whose endpoint is unavailable all the same."""
        contacts = re.findall(r"^ *Contact: +([^/\s]+)/.* Avail ", self.console("pjsip show contacts"), re.MULTILINE)
        endpoints = self.console("pjsip show endpoints")
        absent = re.findall(r"^ *Endpoint: +([^/\s]+)\S* +Unavailable ", endpoints, re.MULTILINE)
        return set(contacts) & set(absent)

    def live_channels(self) -> frozenset[str]:
        """The unique ids of all channels that are up."""
        rows = self.console("core show channels concise").splitlines()
        return frozenset(row.rpartition("!")[2] for row in rows if row.count("!") >= 13)

    def stop(self, *, now: bool) -> None:
        """Stop it: at once, by force if need be; or as soon as no call is up, and then no call is ever cut.

        Returns when it is gone. Until then new calls are taken; KeyboardInterrupt takes the stop back. Raises
        AsteriskError when it goes on.
        """
        running = self.find()
        if running is None:
            return
        try:
            watched = os.pidfd_open(running.pid)
        except ProcessLookupError:
            return
        try:
            self._stop_now(watched) if now else self._stop_gracefully(watched)
        finally:
            os.close(watched)

    def _stop_now(self, watched: int) -> None:
        with suppress(AsteriskError):  # it may end before it has answered
            self.console("core stop now")
            if _ended(watched, STOP_S):
                return
        if not _ended(watched, 1.0):
            signal.pidfd_send_signal(watched, signal.SIGKILL)
            _ended(watched, STOP_S)

    def _stop_gracefully(self, watched: int) -> None:
        # "gracefully" would refuse every new channel, those that bring waiting callers to a seat too.
        words = [*self._command, "-C", str(self._configuration), "-rx", "core stop when convenient"]
        quiet = subprocess.DEVNULL
        asking = None
        try:
            with _uninterrupted():
                asking = subprocess.Popen(words, stdin=quiet, stdout=quiet, stderr=quiet, start_new_session=True)
            while not _ended(watched, 1.0):
                if asking.poll() is not None and not _ended(watched, STOP_S):
                    raise AsteriskError("Asterisk goes on: its console refused the stop, or somebody took it back")
        except KeyboardInterrupt:
            if asking is not None:
                self._take_back(asking)
            raise
        finally:
            if asking is not None:
                asking.wait()

    def _take_back(self, asking: subprocess.Popen[bytes]) -> None:
        """Take back the stop that this console asked for: it ends when Asterisk waits for no such moment any more."""
        deadline = time.monotonic() + STOP_S
        with _uninterrupted():
            try:
                while asking.poll() is None:
                    if time.monotonic() > deadline:
                        raise AsteriskError("Asterisk did not take the stop back: it ends once no call is up")
                    self.console("core abort shutdown")  # again, for it may have overtaken the stop
                    with suppress(subprocess.TimeoutExpired):
                        asking.wait(0.2)
            finally:
                asking.kill()


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Ctrl-C takes effect at the end."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGINT,))
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _last_words(old: Mapping[Path, int]) -> str:
    """The last errors in these logs, for a message; what each had before, in bytes, does not count."""
    for log, size in old.items():
        try:
            lines = log.read_bytes()[size:].decode("utf-8", "replace").splitlines()
        except OSError:
            continue
        if words := ([line for line in lines if "ERROR" in line] or lines)[-3:]:
            return f"its last words, in {log}:\n  " + "\n  ".join(words)
    return f"it said nothing in {', '.join(map(str, old))}"


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
