"""Rows of orders, notifications and attempts: from and to `StoredOrder`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, Row, and_, insert, select, update

from config.field import Language
from dispatch.fact import FeedbackGiven
from dispatch.ladder import Ladder
from dispatch.notification import NotificationState, Why
from dispatch.order import Order, OrderState
from dispatch.outcome import Outcome
from dispatch.stored import StoredAttempt, StoredOrder
from dispatch.tables import attempts, feedback, notifications, orders
from dispatch.writing import moment
from journal.instant import from_text, to_text

_MOST = 500
"""Ids in one question: databases have bounds."""


def create(connection: Connection, new: Sequence[tuple[StoredOrder, str | None]], *, by: str, day: str) -> None:
    """The rows of new orders, each with the plan that asks for it."""
    if not new:
        return
    connection.execute(orders.insert(), [_issued(stored, plan, by, day) for stored, plan in new])
    connection.execute(notifications.insert(), [_notification(stored) for stored, _ in new])


def _issued(stored: StoredOrder, plan: str | None, by: str, day: str) -> dict[str, Any]:
    order = stored.order
    return {
        "id": order.id,
        "incident": order.incident,
        "department": order.department,
        "day": day,
        "serial": int(order.code),
        "code": order.code,
        "plan": plan,
        "language": order.language.value,
        "text": order.text,
        "ladder": order.ladder.model_dump_json(),
        "priority": order.priority,
        "deadline_s": order.deadline_s,
        "prompt_s": order.prompt_s,
        "issued_at": _text(order.issued_at),
        "issued_by": by,
        "progress": stored.progress.value,
        "round": stored.round,
        "wanted": True,
    }


def save(connection: Connection, before: StoredOrder, now: StoredOrder) -> None:
    """What a fact has changed."""
    id = now.order.id
    head = {"progress": now.progress.value, "round": now.round, "wanted": now.wanted}
    if head != {"progress": before.progress.value, "round": before.round, "wanted": before.wanted}:
        connection.execute(update(orders).where(orders.c.id == id).values(head))
    if now.round != before.round:
        connection.execute(insert(notifications).values(_notification(now)))
    elif _notification(now) != _notification(before):
        this = and_(notifications.c.order_id == id, notifications.c.round == now.round)
        connection.execute(update(notifications).where(this).values(_notification(now)))
    known = {each.id: each for each in before.attempts}
    for attempt in now.attempts:
        if attempt.id not in known:
            connection.execute(insert(attempts).values(_attempt(id, attempt)))
        elif attempt != known[attempt.id]:
            connection.execute(update(attempts).where(attempts.c.id == attempt.id).values(_attempt(id, attempt)))


def acknowledged(connection: Connection, order: str, round: int, how: str, at: float) -> None:
    """When and how a round ended, for whoever reads."""
    this = and_(notifications.c.order_id == order, notifications.c.round == round)
    connection.execute(update(notifications).where(this).values(acknowledged_at=_text(at), how=how))


def load(connection: Connection, ids: Sequence[str]) -> dict[str, StoredOrder]:
    """Orders by id, in the order of `ids`; those that do not exist are missing."""
    found: dict[str, StoredOrder] = {}
    for begin in range(0, len(ids), _MOST):
        found |= {each.order.id: each for each in _load(connection, ids[begin : begin + _MOST])}
    return {id: found[id] for id in ids if id in found}


def _load(connection: Connection, ids: Sequence[str]) -> Iterator[StoredOrder]:
    made: dict[str, list[StoredAttempt]] = {id: [] for id in ids}
    query = select(attempts).where(attempts.c.order_id.in_(ids)).order_by(attempts.c.fence)
    for row in connection.execute(query):
        made[row.order_id].append(_stored_attempt(row))
    reports: dict[str, set[FeedbackGiven]] = {id: set() for id in ids}
    for row in connection.execute(select(feedback).where(feedback.c.order_id.in_(ids))):
        reports[row.order_id].add(_report(row))
    this_round = and_(notifications.c.order_id == orders.c.id, notifications.c.round == orders.c.round)
    query = select(orders, notifications).join(notifications, this_round).where(orders.c.id.in_(ids))
    for row in connection.execute(query):
        yield StoredOrder(
            order=_order(row),
            began_at=_seconds(row.began_at),
            due=_seconds(row.due),
            progress=OrderState(row.progress),
            state=NotificationState(row.state),
            round=row.round,
            told=row.told,
            why=Why(row.why) if row.why is not None else None,
            acknowledged_by=row.acknowledged_by,
            attempts=tuple(made[row.id]),
            reports=frozenset(reports[row.id]),
        )


def _order(row: Row[Any]) -> Order:
    return Order(
        id=row.id,
        code=row.code,
        incident=row.incident,
        department=row.department,
        language=Language(row.language),
        text=row.text or "",
        ladder=Ladder.model_validate_json(row.ladder),
        priority=row.priority,
        deadline_s=row.deadline_s,
        prompt_s=row.prompt_s,
        issued_at=_seconds(row.issued_at),
    )


def _report(row: Row[Any]) -> FeedbackGiven:
    progress = OrderState(row.progress) if row.progress is not None else None
    return FeedbackGiven(row.order_id, row.id, progress, row.words or "", row.by)


def _stored_attempt(row: Row[Any]) -> StoredAttempt:
    return StoredAttempt(
        id=row.id,
        fence=row.fence,
        round=row.round,
        rung=row.rung,
        line=row.line,
        repeats=row.repeats,
        decided_at=_seconds(row.decided_at),
        outcome=Outcome(row.outcome) if row.outcome is not None else None,
        outcome_at=_seconds(row.outcome_at) if row.outcome_at is not None else None,
        heard=row.heard,
        ended=row.ended,
    )


def _notification(stored: StoredOrder) -> dict[str, Any]:
    return {
        "order_id": stored.order.id,
        "round": stored.round,
        "state": stored.state.value,
        "began_at": _text(stored.began_at),
        "due": _text(stored.due),
        "told": stored.told,
        "why": stored.why.value if stored.why is not None else None,
        "acknowledged_by": stored.acknowledged_by,
    }


def _attempt(order: str, stored: StoredAttempt) -> dict[str, Any]:
    return {
        "id": stored.id,
        "order_id": order,
        "fence": stored.fence,
        "round": stored.round,
        "rung": stored.rung,
        "line": stored.line,
        "repeats": stored.repeats,
        "decided_at": _text(stored.decided_at),
        "outcome": stored.outcome.value if stored.outcome is not None else None,
        "outcome_at": _text(stored.outcome_at) if stored.outcome_at is not None else None,
        "heard": stored.heard,
        "ended": stored.ended,
    }


def _text(seconds: float) -> str:
    return to_text(moment(seconds))


def _seconds(text: str) -> float:
    return from_text(text).timestamp()
