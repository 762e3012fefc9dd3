"""What the tests of plans share: departments and plans written as people write them, in YAML."""

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from config.centre import Centre, load
from config.problem import ConfigErrors
from dispatch.department import Departments
from dispatch.lint import lint, strangers
from dispatch.overlap import Known
from dispatch.plan import Plan
from dispatch.situation import Situation
from intake.incident.kind import EventClass, Grade

DEPARTMENTS = """\
departments:
  - {id: fire, name: {zh: 消防, en: Fire}, ladder: {lines: [{number: 87000119, ring_s: 20}, {number: 87001119, ring_s: 20}]}}
  - {id: police, name: {zh: 公安, en: Police}, language: en, ladder: {lines: [{endpoint: duty-police}]}}
"""  # noqa: E501

PLAN = """\
id: {id}
version: 1
name: {{zh: 火灾, en: Fire}}
priority: {priority}
when:
  - {when}
instead_of: [{instead_of}]
orders:
  - department: {department}
    text: {{zh: "{zh}", en: "Fire at {{place}}"}}
    deadline_s: {deadline_s}
"""

KNOWN = Known(
    types={
        "house-fire": EventClass.ACCIDENT,
        "river-flood": EventClass.NATURAL_DISASTER,
        "earthquake": EventClass.NATURAL_DISASTER,
    },
    areas={"north": "district", "south": "district", "old-town": "police"},
    called=("110", "119", "120"),
    flags=("trapped", "hazmat", "casualties"),
)


def plan(id: str = "house-fire", **changes: Any) -> str:
    """A plan's file."""
    values = {
        "id": id,
        "priority": 5,
        "when": "{types: [house-fire]}",
        "instead_of": "",
        "department": "fire",
        "zh": "{place}起火",
        "deadline_s": 120,
    }
    return PLAN.format(**(values | changes))


def centre(folder: Path, *plans: str, departments: str = DEPARTMENTS) -> Centre:
    """A loaded centre of departments and plans: `plans/1.yaml`, `plans/2.yaml` …"""
    (folder / "plans").mkdir(exist_ok=True)
    (folder / "departments.yaml").write_text(departments, encoding="utf-8")
    for number, text in enumerate(plans, 1):
        (folder / "plans" / f"{number}.yaml").write_text(text, encoding="utf-8")
    return load(folder, {"departments": Departments}, {"plans": Plan})


def refused(folder: Path, *plans: str, departments: str = DEPARTMENTS) -> list[str]:
    """What is wrong with these files by themselves."""
    with pytest.raises(ConfigErrors) as caught:
        centre(folder, *plans, departments=departments)
    return [str(each) for each in caught.value.problems]


def found(loaded: Centre, known: Known = KNOWN) -> list[str]:
    """What the lints, and the search for strangers, find."""
    plans, departments = loaded.parts(Plan), loaded.part(Departments)
    findings = [*strangers(plans, departments), *lint(plans, departments, known)]
    return [
        str(
            loaded.problem(Plan, each.refused, each.file)
            if each.file is not None
            else loaded.problem(Departments, each.refused)
        )
        for each in findings
    ]


def situation(type: str = "house-fire", **changes: Any) -> Situation:
    values: dict[str, Any] = {
        "type": type,
        "event_class": EventClass.ACCIDENT,
        "grade": Grade.III,
        "areas": frozenset({"north"}),
        "at": datetime(2026, 11, 25, 23, 15),  # a Wednesday
        "called": "119",
        "flags": frozenset(),
    }
    return Situation(**(values | changes))
