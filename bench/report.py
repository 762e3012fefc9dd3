"""What every bench says at its end: a table to read, and exactly one last line of JSON.

A bench is judged against targets only here, never in the tests: a figure in time is true on one machine at one time.
"""

from __future__ import annotations

import json
import math
import os
import platform
from collections.abc import Mapping, Sequence
from pathlib import Path


def percentile(values: Sequence[float], share: float) -> float | None:
    """The smallest value that is not exceeded by `share` (0 to 1) of all values; None of none. Nearest rank."""
    if not values:
        return None
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


Spread = dict[str, float | int | None]
"""How values are spread: `count`, and `p50_ms`, `p90_ms`, `p99_ms`, `max_ms`; None of none."""


def spread(values: Sequence[float]) -> Spread:
    """How values in ms are spread, for the JSON line."""
    shares = {f"p{share}_ms": percentile(values, share / 100) for share in (50, 90, 99)}
    rounded = {name: None if value is None else round(value, 2) for name, value in shares.items()}
    return {"count": len(values), **rounded, "max_ms": round(max(values), 2) if values else None}


def table(heads: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Columns under their heads, the first to the left, all others to the right; None is a dash, floats are short."""
    texts = [list(heads), *([_cell(value) for value in row] for row in rows)]
    widths = [max(len(row[column]) for row in texts) for column in range(len(heads))]
    lines = [
        "  ".join(cell.rjust(width) if column else cell.ljust(width) for column, (cell, width) in enumerate(pairs))
        for pairs in (list(zip(row, widths, strict=True)) for row in texts)
    ]
    return "\n".join([lines[0], "-" * len(lines[0]), *lines[1:]])


def machine() -> dict[str, object]:
    """Facts about the machine that the figures depend on."""
    return {
        "cores": os.cpu_count(),
        "processor": _processor(),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "load_before": round(os.getloadavg()[0], 2),
    }


def conclude(
    bench: str,
    *,
    quick: bool,
    figures: Mapping[str, object],
    beside: Mapping[str, object],
    facts: Mapping[str, object],
    targets: Mapping[str, bool],
) -> int:
    """Print the last line, and return the exit code: 0 when every target is met, otherwise 1.

    `figures` is what was measured, `beside` what it was measured against in the same run, `facts` the machine and the
    conditions, `targets` each target in words and whether it is met.
    """
    ok = all(targets.values())
    line = {
        "bench": bench,
        "quick": quick,
        "ok": ok,
        "targets": targets,
        "figures": figures,
        "beside": beside,
        "facts": facts,
    }
    print(json.dumps(line, ensure_ascii=False), flush=True)
    return 0 if ok else 1


def _cell(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:.1f}" if abs(value) < 1000 else f"{value:.0f}"
    return str(value)


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.machine()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())
