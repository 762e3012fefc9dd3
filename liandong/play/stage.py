"""The centre in which the demo plays: a copy of the example's folder, with what must be otherwise.

The city's telephones stand where a socket is free; and nobody wants to watch for two minutes how the police's duty line
is waited for: the order is spoken once, and their telephones ring shorter and have a nearer deadline in the plan that
is played. Everything else is the example.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from liandong.centre import EXAMPLE

DEADLINE_S = 35
_RINGS = "trunk: city, ring_s: 20}"
_ORDER = 'Cordon off and evacuate."}'
CHANGES: tuple[tuple[str, str, str], ...] = (
    ("departments.yaml", "spoken: 2", "spoken: 1"),
    ("departments.yaml", "key_s: 8", "key_s: 3"),
    ("departments.yaml", f"87000110, {_RINGS}", "87000110, trunk: city, ring_s: 6, wait_s: 5}"),
    ("departments.yaml", f"87001110, {_RINGS}", "87001110, trunk: city, ring_s: 6, wait_s: 5}"),
    ("plans/major-fire.yaml", _ORDER, f"{_ORDER}\n    deadline_s: {DEADLINE_S}"),
)
"""File, what stands there in the example, and what stands there here."""


def set_stage(folder: Path, trunk: str) -> Path:
    """Copy the example; `trunk` is host:port of the city's telephones."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(EXAMPLE, folder, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    for file, before, after in (("telephony.yaml", "contact: 127.0.0.2:5060", f"contact: {trunk}"), *CHANGES):
        _change(folder / file, before, after)
    return folder


def _change(file: Path, before: str, after: str) -> None:
    text = file.read_text("utf-8")
    if before not in text:
        raise AssertionError(f"{file.name} of the example says nothing of {before!r}")
    file.write_text(text.replace(before, after), "utf-8")
