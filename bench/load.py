"""The load generator: a process of its own that calls, answers and speaks, and tells what it saw.

It needs no program that the project does not bring. SIPp's seats would answer each for itself, since none can know
that another one has the call; here one process plays them all, and the times of arrival are the kernel's.

The parent sends orders and receives replies by a pipe. When the parent has gone, the pipe says so, and it ends.
"""

from __future__ import annotations

import multiprocessing
import random
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import cast

from bench.callers import Call, Callers
from bench.clock import Loop
from bench.seats import Seats
from bench.voice import Voices

CALLER_HZ, SEAT_HZ = 600, 1000
_LOOK_S = 0.05
_SETTLE_S = 3.0  # a way that leaves callers waiting for longer is overloaded, and goes on being so
UNCOUNTED = -1
"""The way of calls that only make the load steady."""
_ANSWER_S = 60.0  # the process begins within 1 s; a run of windows has its own length on top


@dataclass(frozen=True)
class Centre:
    """Where the load goes."""

    server: tuple[str, int]
    """Asterisk's SIP over UDP."""
    trunk: str
    """The address from which the trunk's calls come."""
    seats: str
    """The address of the seats' telephones."""
    hold_s: float
    """How long each call is held."""
    answer_after_s: float
    """How long the first seat rings before it answers."""


@dataclass(frozen=True)
class Window:
    """A time in which all new calls go one way.

    It is led in by calls that go the same way and are not counted, so that neither the callers whom the way before
    has left waiting nor a lower load count for it.
    """

    way: int
    """Whose calls they are; each call carries it."""
    target: str
    """The number that the callers dial."""
    rate: float
    """Calls a second, on average."""
    seconds: float
    seed: int
    """Two windows with the same seed and rate have the same gaps between calls (a Poisson process)."""
    lead_s: float
    """How long it is led in; longer, up to the holding time, after callers had to be waited for."""


@dataclass(frozen=True)
class Seen:
    """What the generator saw besides the calls."""

    rtp_sent: int
    rtp_received: int
    rtp_late: int
    """Left out, because the generator was late."""
    strange: int
    """INVITEs at seats that no caller of ours has caused."""


class Load:
    """The generator, seen from the parent."""

    def __init__(self, process: BaseProcess, pipe: Connection) -> None:
        self._process = process
        self._pipe = pipe

    @property
    def pid(self) -> int:
        """Its process."""
        pid = self._process.pid
        if pid is None:
            raise LoadError("the load generator has not begun")
        return pid

    def sign_on(self, secrets: dict[str, str]) -> None:
        """Register these seats, by name with their secrets, beside those that are there."""
        self._pipe.send(("sign_on", secrets))
        self._reply(_ANSWER_S)

    def run(self, windows: Sequence[Window]) -> Iterator[None]:
        """Work through the windows; yields as each begins to count, and again as it has ended."""
        self._pipe.send(("run", list(windows)))
        for window in windows:
            self._reply(_ANSWER_S)
            yield
            self._reply(_ANSWER_S + window.seconds)
            yield

    def drain(self) -> tuple[list[Call], Seen]:
        """Let who talks hang up, and wait until every call has ended; all that was seen since the process began."""
        self._pipe.send(("drain", None))
        return cast(tuple[list[Call], Seen], self._reply(_ANSWER_S))

    def _reply(self, within: float) -> object:
        if not self._pipe.poll(within):
            raise LoadError(f"the load generator said nothing for {within:.0f} s")
        try:
            return self._pipe.recv()
        except (EOFError, ConnectionResetError):
            raise LoadError("the load generator has ended") from None


class LoadError(OSError):
    """The load generator does not do what it should."""

    code = "bench-load"


@contextmanager
def load(centre: Centre) -> Iterator[Load]:
    """A generator, until the block ends."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_generate, args=(centre, theirs), daemon=True)
    process.start()
    theirs.close()
    try:
        yield Load(process, ours)
    finally:
        ours.close()
        process.join(2.0)
        if process.is_alive():
            process.kill()
            process.join()


def _generate(centre: Centre, pipe: Connection) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's
    _Generator(centre, pipe).run()


class _Generator:
    """What runs in the process."""

    def __init__(self, centre: Centre, pipe: Connection) -> None:
        self._pipe = pipe
        self._hold_s = centre.hold_s
        self._mouths = (Voices(centre.trunk, CALLER_HZ), Voices(centre.seats, SEAT_HZ))
        self._loop = Loop(self._mouths)
        self._callers = Callers(self._loop, self._mouths[0], centre.server, centre.trunk, centre.hold_s)
        self._seats = Seats(
            self._loop, self._mouths[1], centre.server, centre.seats, self._callers.calls, centre.answer_after_s
        )
        self._loop.reader(pipe.fileno(), self._order)

    def run(self) -> None:
        self._loop.run()

    def _order(self) -> None:
        try:
            order, what = self._pipe.recv()
        except (EOFError, ConnectionResetError):
            self._loop.stop()
            return
        if order == "sign_on":
            self._seats.sign_on(what)
            self._when(lambda: self._seats.all_on, lambda: self._pipe.send(None))
        elif order == "run":
            self._window(what, 0)
        else:
            self._callers.finish()
            self._when(lambda: not self._callers.busy, self._tell)

    def _window(self, windows: list[Window], index: int) -> None:
        """Begin a window when all callers of the last one are answered; the longer that took, the longer the lead."""
        if index == len(windows):
            return
        window = windows[index]
        since = time.monotonic()

        def lead() -> None:
            lead_s = min(self._hold_s, window.lead_s + time.monotonic() - since)
            self._dial(window, lead_s, UNCOUNTED, window.seed + 1)
            self._loop.after(lead_s, begin)

        def begin() -> None:
            self._pipe.send(None)
            self._dial(window, window.seconds, window.way, window.seed)
            self._loop.after(window.seconds, end)

        def end() -> None:
            self._pipe.send(None)
            self._window(windows, index + 1)

        self._when(lambda: not self._callers.unanswered or time.monotonic() - since > _SETTLE_S, lead)

    def _dial(self, window: Window, seconds: float, way: int, seed: int) -> None:
        """Let callers dial in the next seconds."""
        gaps = random.Random(seed)
        at = gaps.expovariate(window.rate)
        while at < seconds:
            self._loop.after(at, lambda: self._callers.dial(window.target, way))
            at += gaps.expovariate(window.rate)

    def _tell(self) -> None:
        caller, seat = self._mouths
        seen = Seen(
            rtp_sent=caller.sent + seat.sent,
            rtp_received=caller.received + seat.received,
            rtp_late=caller.late + seat.late,
            strange=self._seats.strange,
        )
        self._pipe.send((list(self._callers.calls.values()), seen))

    def _when(self, fact: Callable[[], bool], do: Callable[[], None]) -> None:
        if fact():
            do()
        else:
            self._loop.after(_LOOK_S, lambda: self._when(fact, do))
