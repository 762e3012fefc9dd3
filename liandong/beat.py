"""A child's sign of life: one small file, written over in place twice a second, and how late its event loop is.

A file and not a socket: whoever looks needs nothing of the one it looks at, a new supervisor sees at once how an
adopted child fares, and nobody waits for anybody. Written in place it takes no new room, so a full disk stops no
beat once the file is there. A reader may meet half a beat, one of a dead process or of before the machine's last
start: it takes nothing for a beat that is not whole, and asks whose it is.
"""

from __future__ import annotations

import asyncio
import json
import math
import os
import time
from collections import deque
from dataclasses import dataclass
from pathlib import Path

from liandong.lock import Role

EVERY_S = 0.5
SIZE = 256  # bytes: one disk block holds it whole
LOOK_S = 0.1  # the loop's lateness is looked at this often: a stall of this length is always seen
WORST_S = 60.0  # the worst lag is that of the last minute: metrics are fetched every 15 to 60 s


def beat_file(run: Path, role: Role) -> Path:
    """Where the child with this role beats; `run` is the state directory's run folder."""
    return run / f"{role.child}.beat"


@dataclass(frozen=True, slots=True)
class BeatSeen:
    """One beat as it was read."""

    pid: int
    at: float
    """Seconds of the machine's monotonic clock, which all its processes share."""
    lag_ms: float
    """How late the event loop was at worst since the beat before, in milliseconds."""
    lag_max_ms: float
    """The same for the last minute."""


class Beat:
    """Writes the beats of this process.

    The engine calls `write` itself, after a decision went all the way through, while `measure` runs beside it; who
    has nothing to prove but its event loop runs `go_on`.
    """

    def __init__(self, path: Path) -> None:
        """Open the file, made if it is missing. Raises OSError when that cannot be done."""
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o640)
        self._lag = _Lag()

    @classmethod
    def of(cls, run: Path, role: Role) -> Beat:
        """The beat of the child with this role."""
        return cls(beat_file(run, role))

    def write(self) -> None:
        """Say that this process lives. Never raises: a disk that takes no byte must not end a living process."""
        now = time.monotonic()
        since, worst = self._lag.take(now)
        told = {"pid": os.getpid(), "at": round(now, 3), "lag_ms": round(since, 1), "lag_max_ms": round(worst, 1)}
        line = json.dumps(told).encode().ljust(SIZE - 1) + b"\n"
        try:
            os.pwrite(self._file, line, 0)
        except OSError:
            return  # told by whoever misses the beat

    async def measure(self) -> None:
        """Measure how late the event loop is, for ever."""
        loop = asyncio.get_running_loop()
        due = loop.time() + LOOK_S
        while True:
            await asyncio.sleep(due - loop.time())
            now = loop.time()
            self._lag.add(now, (now - due) * 1000)
            due = now + LOOK_S

    async def go_on(self) -> None:
        """Beat and measure, for ever."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.measure())
            while True:
                self.write()
                await asyncio.sleep(EVERY_S)

    def close(self) -> None:
        """Beat no more."""
        os.close(self._file)


class _Lag:
    """The worst lateness since it was last taken, and of the last minute."""

    def __init__(self) -> None:
        self._since = 0.0
        self._taken: deque[tuple[float, float]] = deque()
        """When, and the worst until then: falling, so that the first is the worst of them all."""

    def add(self, now: float, late_ms: float) -> None:
        self._since = max(self._since, late_ms)
        while self._taken and self._taken[-1][1] <= late_ms:
            self._taken.pop()
        self._taken.append((now, late_ms))

    def take(self, now: float) -> tuple[float, float]:
        while self._taken and self._taken[0][0] < now - WORST_S:
            self._taken.popleft()
        since, self._since = self._since, 0.0
        return since, self._taken[0][1] if self._taken else since


def reserve(path: Path) -> None:
    """Make the file and its room as long as the disk has some. Raises OSError."""
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
    try:
        if os.fstat(file).st_size < SIZE:
            os.pwrite(file, b" " * (SIZE - 1) + b"\n", 0)
    finally:
        os.close(file)


def read_beat(path: Path) -> BeatSeen | None:
    """The last beat in a file; None when there is none, or half of one."""
    try:
        with path.open("rb") as file:
            told = json.loads(file.read(SIZE))
    except (OSError, ValueError, RecursionError):
        return None
    if not isinstance(told, dict):
        return None
    pid = told.get("pid")
    at, lag, worst = (_number(told.get(name)) for name in ("at", "lag_ms", "lag_max_ms"))
    if type(pid) is not int or pid <= 0 or at is None or lag is None or worst is None:
        return None
    return BeatSeen(pid, at, lag, worst)


def _number(value: object) -> float | None:
    """A finite number; JSON knows infinities and Python knows integers beyond any float."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None
