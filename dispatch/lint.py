"""What is allowed in plans and yet cannot be meant: `liandong check` tells it with file and line.

`no_match_possible`         a `when` that no incident can ever meet
`department_without_number` a department that nobody can call
`deadline_too_short`        ringing every line of the ladder once and speaking the order takes longer than the deadline
`plans_contradict`          two plans that one incident can start order one department differently, with nothing to
                            decide between them; or plans that stand in for each other in a circle
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations

from config.problem import Refused
from dispatch.department import Departments
from dispatch.ladder import Ladder
from dispatch.overlap import Known, impossible, overlap
from dispatch.plan import Action, Plan

FRAME_S = 12.0
"""Greeting and the three keys around the order's text: some 40 syllables."""

Plans = Mapping[str, Plan]
"""Plans by file, as `config.centre.Centre.parts` gives them."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One complaint of a lint."""

    file: str | None
    """The plan's file; None: `departments.yaml`."""
    refused: Refused
    """What is wrong, with its path in that file."""


def lint(plans: Plans, departments: Departments, known: Known) -> Iterator[Finding]:
    """Everything that the lints find; `known` is what the centre has."""
    yield from _unmatched(plans, known)
    yield from _unreachable(plans, departments)
    yield from _too_short(plans, departments)
    yield from _contradictions(plans, departments, known)
    yield from _circles(plans)


def strangers(plans: Plans, departments: Departments) -> Iterator[Finding]:
    """What is no lint but an error: ids that are used twice or do not exist."""
    first: dict[str, str] = {}
    for file, plan in plans.items():
        if plan.id in first:
            yield Finding(file, Refused("repeated", f"{plan.id} is the id of {first[plan.id]} already", path=("id",)))
        first.setdefault(plan.id, file)
    ids = [each.id for each in departments.departments]
    for file, plan in plans.items():
        yield from (Finding(file, refused) for refused in plan.unknown(ids, tuple(first)))


def ladder_of(action: Action, departments: Departments) -> Ladder:
    """The ladder by which an action reaches its department."""
    department = departments.department(action.department)
    return action.ladder or (department.ladder if department is not None else Ladder())


def deadline_of(action: Action, departments: Departments) -> int:
    """By when an action's order has to be acknowledged, seconds from its issue."""
    return action.deadline_s or departments.calling.deadline_s


def _unmatched(plans: Plans, known: Known) -> Iterator[Finding]:
    for file, plan in plans.items():
        for index, condition in enumerate(plan.when):
            for refused in impossible(condition, known):
                yield Finding(file, refused.under("when", index))


def _unreachable(plans: Plans, departments: Departments) -> Iterator[Finding]:
    for index, department in enumerate(departments.departments):
        if not department.ladder.lines:
            told = f"nobody can call {department.id}: its ladder has no line"
            path = ("departments", index, "ladder")
            yield Finding(None, Refused("department_without_number", told, path=path))
    for file, plan in plans.items():
        for index, action in enumerate(plan.orders):
            if action.ladder is not None and not action.ladder.lines:
                told = f"nobody can call {action.department} by this: the ladder has no line"
                yield Finding(file, Refused("department_without_number", told, path=("orders", index, "ladder")))


def _too_short(plans: Plans, departments: Departments) -> Iterator[Finding]:
    for file, plan in plans.items():
        for index, action in enumerate(plan.orders):
            department = departments.department(action.department)
            ladder = ladder_of(action, departments)
            if department is None or not ladder.lines:
                continue  # told already
            speech_s = FRAME_S + action.text.usual_s(department.language)
            deadline_s = deadline_of(action, departments)
            if ladder.climb_s + speech_s > deadline_s:
                told = (
                    f"ringing every line once takes {ladder.climb_s:g} s and speaking the order some {speech_s:.0f} s, "
                    f"the deadline is after {deadline_s} s"
                )
                yield Finding(file, Refused("deadline_too_short", told, path=("orders", index)))


def _contradictions(plans: Plans, departments: Departments, known: Known) -> Iterator[Finding]:
    for (first_file, first), (file, second) in combinations(plans.items(), 2):
        if first.priority != second.priority or first.id in second.instead_of or second.id in first.instead_of:
            continue
        if not any(overlap(one, other, known) for one in first.when for other in second.when):
            continue
        ordered = {each.department: each for each in first.orders}
        for index, action in enumerate(second.orders):
            other = ordered.get(action.department)
            if other is not None and _differ(other, action, departments):
                told = (
                    f"{first.id} ({first_file}) can start with this plan and orders {action.department} otherwise: "
                    "give one of them a higher priority, or let one stand in for the other"
                )
                yield Finding(file, Refused("plans_contradict", told, path=("orders", index)))


def _differ(one: Action, other: Action, departments: Departments) -> bool:
    return (
        one.text != other.text
        or ladder_of(one, departments) != ladder_of(other, departments)
        or deadline_of(one, departments) != deadline_of(other, departments)
    )


def _circles(plans: Plans) -> Iterator[Finding]:
    by_id = {plan.id: plan for plan in plans.values()}
    for file, plan in plans.items():
        for index, name in enumerate(plan.instead_of):
            if _leads_to(name, plan.id, by_id):
                told = f"{plan.id} and {name} stand in for each other"
                yield Finding(file, Refused("plans_contradict", told, path=("instead_of", index)))


def _leads_to(start: str, end: str, by_id: Mapping[str, Plan]) -> bool:
    seen, edge = {start}, [start]
    while edge:
        name = edge.pop()
        if name == end:
            return True
        below = by_id[name].instead_of if name in by_id else ()
        edge += [each for each in below if each not in seen]
        seen.update(below)
    return False
