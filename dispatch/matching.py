"""Which plans an incident starts, and why. Pure and deterministic: the order of the files plays no part.

Rules: every plan of which one `when` holds starts, but for those that another one of them stands in for. The more
urgent comes first, among equals the one whose id sorts first.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from dispatch.condition import Reason
from dispatch.plan import Plan
from dispatch.situation import Situation


@dataclass(frozen=True, slots=True)
class Match:
    """A plan that an incident starts."""

    plan: Plan
    """Which one."""
    why: tuple[Reason, ...]
    """The conditions that hold, of the first `when` that does."""

    def because(self) -> str:
        """Why, in one line."""
        return ", ".join(map(str, self.why))


@dataclass(frozen=True, slots=True)
class Replaced:
    """A plan that would start if another one did not stand in for it."""

    plan: Plan
    """Which one."""
    by: str
    """Id of the plan that stands in."""


def match(plans: Iterable[Plan], situation: Situation) -> tuple[Match, ...]:
    """The plans that an incident starts, the most urgent first."""
    return weighed(plans, situation)[0]


def weighed(plans: Iterable[Plan], situation: Situation) -> tuple[tuple[Match, ...], tuple[Replaced, ...]]:
    """The plans that start, and those that would if another one did not stand in for them."""
    holding = sorted(_holding(plans, situation), key=lambda each: (-each.plan.priority, each.plan.id))
    by = _replaced([each.plan for each in holding])
    starts = tuple(each for each in holding if each.plan.id not in by)
    return starts, tuple(Replaced(each.plan, by[each.plan.id]) for each in holding if each.plan.id in by)


def _holding(plans: Iterable[Plan], situation: Situation) -> Iterable[Match]:
    for plan in plans:
        why = next((why for each in plan.when if (why := each.reasons(situation)) is not None), None)
        if why is not None:
            yield Match(plan, why)


def _replaced(holding: Sequence[Plan]) -> dict[str, str]:
    """Who is replaced by whom. Of plans that stand in for each other in a circle at least the first one stays."""
    by: dict[str, str] = {}
    for rank, plan in enumerate(holding):
        below = _below(plan, holding)
        for other, each in enumerate(holding):
            if plan.id in each.instead_of and (each.id not in below or other < rank):
                by.setdefault(plan.id, each.id)
    return by


def _below(plan: Plan, holding: Sequence[Plan]) -> set[str]:
    """Every plan for which this one stands in, directly or by others."""
    names = {each.id: each.instead_of for each in holding}
    found: set[str] = set()
    edge = [plan.id]
    while edge:
        for name in names.get(edge.pop(), ()):
            if name not in found:
                found.add(name)
                edge.append(name)
    return found
