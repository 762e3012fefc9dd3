"""Orders as others read them: the API, the console, the [menu] that tells a caller how far his report is.

Everything is read on an engine that cannot write.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, Select, select

from dispatch import rows
from dispatch.notification import OPEN
from dispatch.order import OVER, OrderState
from dispatch.plan import Plan
from dispatch.stored import StoredOrder
from dispatch.tables import attempts, feedback, notifications, orders, started_plans
from journal.instant import from_text

MOST_IDS = 500
"""In one question: databases bound the values of a statement."""


@dataclass(frozen=True, slots=True)
class Report:
    """What a department has reported."""

    at: datetime
    by: str
    progress: OrderState | None
    words: str
    """Empty if there are none, or if they were erased."""


@dataclass(frozen=True, slots=True)
class OrderNow:
    """An order as it stands."""

    stored: StoredOrder
    plan: str | None
    """The plan that asked for it; None: a person did."""
    by: str
    """Who issued it."""
    acknowledged_at: datetime | None
    """In this round."""
    how: str | None
    """By key, word or report."""
    reports: tuple[Report, ...]
    """Oldest first."""


@dataclass(frozen=True, slots=True)
class StartedPlan:
    """A plan that an incident has started, as it was then."""

    plan: Plan
    why: tuple[str, ...]
    at: datetime
    by: str


def order(engine: Engine, id: str) -> OrderNow | None:
    """One order."""
    return next(iter(_read(engine, select(orders.c.id).where(orders.c.id == id))), None)


def orders_of(engine: Engine, incident: str) -> tuple[OrderNow, ...]:
    """The orders of an incident, in the order of their issue."""
    return _read(engine, select(orders.c.id).where(orders.c.incident == incident))


def open_orders(engine: Engine) -> tuple[OrderNow, ...]:
    """Orders that nobody has acknowledged, in the order of their issue."""
    this_round = (notifications.c.order_id == orders.c.id) & (notifications.c.round == orders.c.round)
    waiting = notifications.c.state.in_([each.value for each in OPEN])
    return _read(engine, select(orders.c.id).join(notifications, this_round).where(waiting))


def by_code(engine: Engine, code: str) -> OrderNow | None:
    """The newest order of this code that is not over: what a department means that keys it in."""
    over = [each.value for each in OVER]
    found = _read(engine, select(orders.c.id).where(orders.c.code == code, orders.c.progress.not_in(over)))
    return found[-1] if found else None


def of_attempts(engine: Engine, ids: Iterable[str]) -> dict[str, str]:
    """The orders of those of these ids that are attempts', by attempt."""
    wanted = list(dict.fromkeys(ids))
    found: dict[str, str] = {}
    with engine.connect() as connection:
        for start in range(0, len(wanted), MOST_IDS):
            query = select(attempts.c.id, attempts.c.order_id).where(
                attempts.c.id.in_(wanted[start : start + MOST_IDS])
            )
            found |= {row.id: row.order_id for row in connection.execute(query)}
    return found


def plans_of(engine: Engine, incident: str) -> tuple[StartedPlan, ...]:
    """The plans that an incident has started, in that order."""
    query = select(started_plans).where(started_plans.c.incident == incident)
    with engine.connect() as connection:
        found = connection.execute(query.order_by(started_plans.c.started_at, started_plans.c.plan)).all()
    return tuple(
        StartedPlan(
            Plan.model_validate_json(row.content), tuple(json.loads(row.why)), from_text(row.started_at), row.started_by
        )
        for row in found
    )


def _read(engine: Engine, which: Select[Any]) -> tuple[OrderNow, ...]:
    with engine.connect() as connection:
        ids = list(connection.scalars(which.order_by(orders.c.issued_at, orders.c.day, orders.c.serial)))
        stored = rows.load(connection, ids)
        reports = _reports(connection, ids)
        this_round = (notifications.c.order_id == orders.c.id) & (notifications.c.round == orders.c.round)
        query = select(
            orders.c.id, orders.c.plan, orders.c.issued_by, notifications.c.acknowledged_at, notifications.c.how
        ).join(notifications, this_round)
        beside = {row.id: row for row in connection.execute(query.where(orders.c.id.in_(ids)))}
    return tuple(
        OrderNow(
            stored=each,
            plan=beside[id].plan,
            by=beside[id].issued_by,
            acknowledged_at=from_text(beside[id].acknowledged_at) if beside[id].acknowledged_at else None,
            how=beside[id].how,
            reports=tuple(reports.get(id, ())),
        )
        for id, each in stored.items()
    )


def _reports(connection: Connection, ids: Iterable[str]) -> dict[str, list[Report]]:
    found: dict[str, list[Report]] = {}
    query = select(feedback).where(feedback.c.order_id.in_(list(ids))).order_by(feedback.c.at, feedback.c.id)
    for row in connection.execute(query):
        progress = OrderState(row.progress) if row.progress is not None else None
        found.setdefault(row.order_id, []).append(Report(from_text(row.at), row.by, progress, row.words or ""))
    return found
