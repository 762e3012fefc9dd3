"""What an incident orders: which plans it starts, and the orders that they or a person make of it.

Rules: everything is written in the transaction of the deed that is its cause, so that no incident is submitted whose
orders are not on disk. What was started is not started again, and who is ordered already gets no second order from a
plan; a person may order as often as he will. An incident that is taken up again (reopened, unmerged) orders anew whom
it had ordered in vain: a department whose orders were all taken back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import ValidationError
from sqlalchemy import Connection, select

from dispatch import store
from dispatch.department import Departments
from dispatch.drafting import OrderDraft, by_hand, drafts
from dispatch.incident import situation_of, words_of
from dispatch.matching import Match, match
from dispatch.order import Order, OrderState
from dispatch.plan import Plan
from dispatch.tables import orders, started_plans
from dispatch.wording import IncidentWords, OrderText
from intake.incident import DeedRefused, Incident, IncidentTypes, day_of
from intake.incident.error import BadValue
from journal import Unit

Areas = Callable[[Incident], frozenset[str]]
"""Ids of the areas in which an incident lies, or may lie."""

LEAST_DEADLINE_S, MOST_DEADLINE_S = 10, 3600


@dataclass(frozen=True, slots=True)
class Ordered:
    """What a deed has started."""

    plans: tuple[str, ...] = ()
    """Ids of plans."""
    orders: tuple[Order, ...] = ()


@dataclass(frozen=True, slots=True)
class WouldStart:
    """A plan that would start, or order anew."""

    plan: Plan
    """One that has started is as it was then."""
    why: tuple[str, ...]
    """The conditions that hold."""
    orders: tuple[OrderDraft, ...]
    """What it would order whom, those left out who are ordered already."""


class Ordering:
    """The plans and departments of one centre. It keeps nothing, so any thread may use it."""

    def __init__(
        self,
        plans: Iterable[Plan],
        departments: Departments,
        types: IncidentTypes,
        zone: ZoneInfo,
        areas: Areas,
    ) -> None:
        self._plans = tuple(plans)
        self._departments = departments
        self._types = types
        self._zone = zone
        self._areas = areas

    def start(self, unit: Unit, incident: Incident, at: datetime, by: str, *, anew: bool) -> Ordered:
        """Start the plans that it meets by now and issue their orders; `anew`: also those of plans started before."""
        matches = self._matches(incident)
        new = store.start_plans(unit, incident.id, matches, at, by)
        ordering = store.as_started(unit.connection, incident.id, matches) if anew else new
        wanted = drafts(ordering, self._departments, self._words(incident))
        issued = store.issue(unit, incident.id, wanted, at, day_of(at, self._zone), by)
        return Ordered(tuple(each.plan.id for each in new), issued)

    def would_start(self, connection: Connection, incident: Incident) -> tuple[WouldStart, ...]:
        """What `start` would do now, anew if the incident is not open; nothing is written."""
        known = set(connection.scalars(select(started_plans.c.plan).where(started_plans.c.incident == incident.id)))
        of_it = select(orders.c.department).where(
            orders.c.incident == incident.id, orders.c.progress != OrderState.CANCELLED.value
        )
        busy = set(connection.scalars(of_it))
        matches = store.as_started(connection, incident.id, self._matches(incident))
        ordering = [each for each in matches if each.plan.id not in known or not incident.open]
        wanted = drafts(ordering, self._departments, self._words(incident))
        told = (
            WouldStart(
                each.plan,
                tuple(map(str, each.why)),
                tuple(draft for draft in wanted if draft.plan == each.plan.id and draft.department not in busy),
            )
            for each in ordering
        )
        return tuple(each for each in told if each.orders or each.plan.id not in known)

    def by_hand(
        self, unit: Unit, incident: Incident, department: str, text: str, deadline_s: int | None, at: datetime, by: str
    ) -> Order:
        """Issue an order that a person gives. Raises BadValue, DeedRefused."""
        whom = self._departments.department(department)
        if whom is None:
            raise DeedRefused("no_such_department", f"there is no department {department[:60]}")
        if deadline_s is not None and not LEAST_DEADLINE_S <= deadline_s <= MOST_DEADLINE_S:
            raise BadValue("bad_deadline", "deadline_s", f"{LEAST_DEADLINE_S} to {MOST_DEADLINE_S} s")
        draft = by_hand(whom, self._departments, _as_said(text), self._words(incident), deadline_s)
        (order,) = store.issue(unit, incident.id, [draft], at, day_of(at, self._zone), by, once=False)
        return order

    def _matches(self, incident: Incident) -> tuple[Match, ...]:
        content = incident.content
        situation = situation_of(content, content.called, self._reported(incident))
        return match(self._plans, replace(situation, areas=situation.areas | self._areas(incident)))

    def _words(self, incident: Incident) -> IncidentWords:
        return words_of(incident.content, incident.number, self._types, self._reported(incident))

    def _reported(self, incident: Incident) -> datetime:
        return incident.created_at.astimezone(self._zone)


def _as_said(text: str) -> OrderText:
    """What a person wrote, to be spoken as it is. Raises BadValue."""
    if not text.strip():
        raise BadValue("empty", "text", "an order says what is wanted")
    escaped: Any = text.strip().replace("{", "{{").replace("}", "}}")
    try:
        return OrderText(zh=escaped, en=escaped)
    except ValidationError as error:
        because = error.errors(include_url=False, include_context=False, include_input=False)[0]["msg"]
        raise BadValue("bad_text", "text", because) from None
