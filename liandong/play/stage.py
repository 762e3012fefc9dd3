"""The centre in which the demo plays: a copy of the example's folder, with what must be otherwise.

The city's telephones stand where a socket is free; and nobody wants to watch for minutes how a duty line is waited
for, so telephones ring shorter, the order is spoken once, and deadlines are near. Everything else is the example.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from liandong.centre import EXAMPLE

DEADLINE_S = 30
RING_S = 8
_CALLING = {"deadline_s: 120": f"deadline_s: {DEADLINE_S}", "spoken: 2": "spoken: 1", "key_s: 8": "key_s: 3"}
_LINE = re.compile(r"trunk: city(, ring_s: \d+)?(, wait_s: \d+)?")
_ORDER = re.compile(r"deadline_s: \d+")


def set_stage(folder: Path, trunk: str) -> Path:
    """Copy the example; `trunk` is host:port of the city's telephones."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(EXAMPLE, folder, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    _change(folder / "telephony.yaml", "contact: 127.0.0.2:5060", f"contact: {trunk}")
    departments = folder / "departments.yaml"
    for before, after in _CALLING.items():
        _change(departments, before, after)
    text = departments.read_text("utf-8")
    departments.write_text(_LINE.sub(f"trunk: city, ring_s: {RING_S}, wait_s: 2", text), "utf-8")
    for plan in (folder / "plans").iterdir():
        plan.write_text(_ORDER.sub(f"deadline_s: {DEADLINE_S}", plan.read_text("utf-8")), "utf-8")
    return folder


def _change(file: Path, before: str, after: str) -> None:
    text = file.read_text("utf-8")
    if before not in text:
        raise AssertionError(f"{file.name} of the example says nothing of {before!r}")
    file.write_text(text.replace(before, after), "utf-8")
