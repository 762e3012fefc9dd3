"""A centre with fifty departments, and plans that order all of them, or some at a time."""

from __future__ import annotations

import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

MANY = 50
TOGETHER = 20
"""Departments whose telephones ring together, besides."""
PHONES = 4
"""Telephones of each of those."""
GROUP = 3
"""Departments that an ordinary plan orders."""
GROUPS = MANY // GROUP
ALL = "bench-all"
"""The type whose plan orders all of the fifty."""
NONE = "bench-none"
"""The type that no plan is for."""
_TEXT = {"zh": "{department}，{place}发生{type}，请立即处置。{summary}", "en": "{type} at {place}. {summary}"}
_WORDS = (
    "五层起火",
    "浓烟很大",
    "两人被困",
    "消防通道堵塞",
    "电梯停运",
    "燃气味重",
    "路口拥堵",
    "老人行动不便",
    "有人受伤",
    "请带破拆工具",
    "水压不足",
    "现场人多",
    "需要救护车",
    "天黑看不清",
    "车辆请走北门",
    "保安在门口等候",
)


def department(place: int) -> str:
    """The id of one of the fifty."""
    return f"bench-{place:02d}"


def number(place: int, rung: int) -> str:
    """What is dialled for its lines, from 0."""
    return f"870{rung}{place:04d}"


def together(place: int) -> str:
    """The id of a department whose telephones ring together."""
    return f"bench-together-{place:02d}"


def together_numbers(place: int) -> tuple[str, ...]:
    """What is dialled for them."""
    return tuple(f"871{phone}{place:04d}" for phone in range(PHONES))


def group(place: int) -> str:
    """The type whose plan orders a group of departments."""
    return f"bench-group-{place % GROUPS:02d}"


def group_of(place: int) -> tuple[int, ...]:
    """Which of the fifty that are."""
    first = place % GROUPS * GROUP
    return tuple(range(first, first + GROUP))


def fresh(words: random.Random) -> str:
    """Words that nobody has spoken before."""
    said = "，".join(words.sample(_WORDS, 4))
    return f"{said}，第{words.randrange(1_000_000)}号。"


def write(folder: Path, contact: str, *, calling: Mapping[str, object] = {}, line: Mapping[str, object] = {}) -> None:
    """Put them into a centre's folder; the trunk leads to `contact`."""
    one = {"trunk": "city", "ring_s": 30, **line}
    departments = [
        {
            "id": department(place),
            "name": {"zh": f"第{place}联动单位", "en": f"Department {place}"},
            "ladder": {"lines": [{"number": number(place, rung), **one} for rung in (0, 1)]},
        }
        for place in range(MANY)
    ]
    departments += [
        {
            "id": together(place),
            "name": {"zh": f"第{place}联合值班", "en": f"Joint watch {place}"},
            "ladder": {"ring": "any-one", "lines": [{"number": each, **one} for each in together_numbers(place)]},
        }
        for place in range(TOGETHER)
    ]
    _dump(folder / "departments.yaml", {"departments": departments, "calling": dict(calling)})
    for plan in (folder / "plans").iterdir():
        plan.unlink()
    _plan(folder, ALL, range(MANY))
    for place in range(GROUPS):
        _plan(folder, group(place), group_of(place))
    lists = yaml.safe_load((folder / "incident_types.yaml").read_text("utf-8"))
    lists["types"] += [
        {"id": type, "name": {"zh": "演练", "en": "Exercise"}, "event_class": "everyday"}
        for type in (ALL, NONE, *map(group, range(GROUPS)))
    ]
    _dump(folder / "incident_types.yaml", lists)
    telephony = yaml.safe_load((folder / "telephony.yaml").read_text("utf-8"))
    telephony["trunks"][0]["contact"] = contact
    telephony["neighbours"] = []
    _dump(folder / "telephony.yaml", telephony)


def _plan(folder: Path, type: str, places: tuple[int, ...] | range) -> None:
    plan = {
        "id": type,
        "version": 1,
        "name": {"zh": type, "en": type},
        "priority": 8,
        "when": [{"types": [type]}],
        "orders": [{"department": department(place), "text": dict(_TEXT)} for place in places],
    }
    _dump(folder / "plans" / f"{type}.yaml", plan)


def _dump(file: Path, content: Any) -> None:
    file.write_text(yaml.safe_dump(content, allow_unicode=True), "utf-8")
