"""From the plans that start to the orders that are issued. Pure.

Rules: one order a department. Where several plans order the same one, the more urgent plan's order stands, and of two
as urgent the first one's; that they differ is what a lint complains of. What an order says and whom it rings is fixed
now: a plan that is changed later changes no order that was issued.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from config.field import Language
from dispatch.department import Department, Departments
from dispatch.ladder import Ladder
from dispatch.lint import FRAME_S, deadline_of, ladder_of
from dispatch.matching import Match
from dispatch.wording import IncidentWords, OrderText, spoken_s

BY_HAND_PRIORITY = 5
"""Of an order that no plan asked for."""


@dataclass(frozen=True, slots=True)
class OrderDraft:
    """What a department is to be ordered, before it is issued."""

    department: str
    """Who."""
    language: Language
    """In which it is spoken to."""
    text: str
    """What it is told."""
    ladder: Ladder
    """How it is reached."""
    deadline_s: int
    """By when it has to be acknowledged, seconds from the issue."""
    prompt_s: float
    """About how long it takes to speak all of it once, seconds."""
    priority: int
    """10 is most urgent."""
    plan: str | None = None
    """The plan that asks for it; None: a person did."""


def drafts(matches: Iterable[Match], departments: Departments, words: IncidentWords) -> tuple[OrderDraft, ...]:
    """The orders of the plans that start, the most urgent plan's first."""
    made: dict[str, OrderDraft] = {}
    for match in matches:
        for action in match.plan.orders:
            department = departments.department(action.department)
            if department is None or department.id in made:
                continue  # one that does not exist is refused when a plan is read; a plan that started may be older
            values = words.values(department.language, department.name, match.plan.name)
            made[department.id] = _draft(
                department,
                action.text.said(department.language, values),
                ladder_of(action, departments),
                deadline_of(action, departments),
                match.plan.priority,
                match.plan.id,
            )
    return tuple(made.values())


def by_hand(
    department: Department, departments: Departments, text: OrderText, words: IncidentWords, deadline_s: int | None
) -> OrderDraft:
    """An order that a person gives, without a plan."""
    said = text.said(department.language, words.values(department.language, department.name, None))
    by_when = deadline_s or departments.calling.deadline_s
    return _draft(department, said, department.ladder, by_when, BY_HAND_PRIORITY, None)


def _draft(
    department: Department, text: str, ladder: Ladder, deadline_s: int, priority: int, plan: str | None
) -> OrderDraft:
    prompt_s = FRAME_S + spoken_s(text, department.language)
    return OrderDraft(department.id, department.language, text, ladder, deadline_s, prompt_s, priority, plan)
