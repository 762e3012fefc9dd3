"""CPU time and memory of processes and of the machine, read from /proc (proc(5))."""

from __future__ import annotations

import os
import time
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

_TICK_S = 1 / os.sysconf("SC_CLK_TCK")
_IDLE = (3, 4)  # fields of the cpu line of /proc/stat: idle, iowait


@dataclass(frozen=True)
class Usage:
    """What was used up to one moment; two of them make a share."""

    at: float
    """Seconds of a clock that only goes forward."""
    cpu_s: dict[str, float]
    """CPU seconds of each watched program since it began."""
    machine_s: float
    """CPU seconds in which any core was busy, since the machine began."""

    def since(self, earlier: Usage) -> Usage:
        """What was used between the two."""
        spent = {name: used - earlier.cpu_s.get(name, 0.0) for name, used in self.cpu_s.items()}
        return Usage(self.at - earlier.at, spent, self.machine_s - earlier.machine_s)

    def __add__(self, other: Usage) -> Usage:
        """The sum of two spans as `since` makes them."""
        names = self.cpu_s | other.cpu_s
        cpu_s = {name: self.cpu_s.get(name, 0.0) + other.cpu_s.get(name, 0.0) for name in names}
        return Usage(self.at + other.at, cpu_s, self.machine_s + other.machine_s)


def usage(programs: dict[str, int]) -> Usage:
    """Look now. `programs` gives each program's process id; its children count with it if they are no program here."""
    spent = {name: sum(map(_cpu_s, family(process, programs.values()))) for name, process in programs.items()}
    fields = [int(field) for field in Path("/proc/stat").read_text().splitlines()[0].split()[1:9]]
    busy = sum(ticks for index, ticks in enumerate(fields) if index not in _IDLE)
    return Usage(time.monotonic(), spent, busy * _TICK_S)


def resident_mb(programs: dict[str, int]) -> dict[str, float]:
    """Memory in RAM now, in MB, children counted as in `usage`; pages that processes share count more than once."""
    return {
        name: round(sum(map(_resident_kb, family(process, programs.values()))) / 1024, 1)
        for name, process in programs.items()
    }


def family(process: int, others: Collection[int]) -> list[int]:
    """A process and all that descends from it, without the `others` and what descends from those."""
    found = [process]
    for pid in found:
        try:
            tasks = list(Path(f"/proc/{pid}/task").iterdir())
        except OSError:
            continue
        for task in tasks:
            try:
                children = map(int, (task / "children").read_text().split())
                found += [child for child in children if child not in others]
            except OSError:
                continue
    return found


def _cpu_s(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return sum(map(int, fields[11:13])) * _TICK_S  # utime, stime


def _resident_kb(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("VmRSS:")), 0)
