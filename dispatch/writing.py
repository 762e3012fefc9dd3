"""Facts of dispatch as entries of the journal, and which of them are promises. Pure.

Every one names its order, incident and department. `body` has, for whoever only reads the feed, how far order and
notification are with this fact. Ids are made of what the fact is about, so that a work that is done twice, because
nobody knew whether it was committed, writes nothing twice.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import fields
from datetime import UTC, datetime
from enum import Enum

from dispatch import fact
from dispatch.matching import Match
from dispatch.order import Order
from dispatch.stored import StoredOrder
from journal import Draft, Promise
from journal.canonical import Json
from journal.instant import to_text

ISSUED = "OrderIssued"
"""An order was issued. Its body has code, plan, priority, deadline; its text and numbers are in `personal`."""
PLAN_STARTED = "PlanStarted"
"""An incident has started a plan; the plan itself is kept beside it."""

TYPES = frozenset(
    {
        ISSUED,
        PLAN_STARTED,
        *(each.__name__ for each in fact.Decided.__args__),
        *(each.__name__ for each in fact.Witnessed.__args__),
    }
)
"""Names of facts for the journal's registry: NENA i3 has none for what happens after the incident's submission."""

PROMISES = (
    Promise(
        "order",
        opened_by=frozenset({ISSUED, fact.OrderAgain.__name__}),
        closed_by=frozenset({fact.Acknowledged.__name__, fact.OrderCancelled.__name__}),
    ),
)
"""An order that nobody has acknowledged has a live next deadline, always."""

LONGEST_ID = 128
"""Characters that the journal takes."""
_SUBJECTS = frozenset({"attempt", "feedback"})


def moment(seconds: float) -> datetime:
    """A time of the core as a moment."""
    return datetime.fromtimestamp(seconds, UTC)


def draft_of(told: fact.Decided, after: StoredOrder, at: float) -> Draft:
    """The entry of a decided fact that made this of its order. Raises BadFact."""
    body: dict[str, Json] = {"progress": after.progress.value, "state": after.state.value, "code": after.order.code}
    if isinstance(told, fact.FeedbackGiven):
        body["reported"] = told.progress.value if told.progress is not None else None
    return _draft(told, after.order, at, body, fact_id(told, at))


def witnessed(told: fact.Witnessed, order: Order, at: float) -> Draft:
    """The entry of a witnessed fact. Raises BadFact."""
    return _draft(told, order, at, {}, None)


def issued(order: Order, plan: str | None, by: str) -> Draft:
    """The entry of an order's issue. Raises BadFact."""
    return Draft.of(
        ISSUED,
        moment(order.issued_at),
        subjects=_subjects(order) | ({"plan": plan} if plan is not None else {}),
        body={
            "code": order.code,
            "by": by,
            "priority": order.priority,
            "deadline_s": order.deadline_s,
            "due": to_text(moment(order.issued_at + order.deadline_s)),
            "language": order.language.value,
            "ring": order.ladder.ring.value,
            "lines": len(order.ladder.lines),
        },
        personal={"text": order.text, "lines": [line.key for line in order.ladder.lines]},
        id=f"{order.id}:issued",
    )


def plan_started(incident: str, match: Match, digest: str, at: datetime, by: str) -> Draft:
    """The entry of a plan's start; `digest` is the SHA-256 of the plan as it is kept. Raises BadFact."""
    return Draft.of(
        PLAN_STARTED,
        at,
        subjects={"incident": incident, "plan": match.plan.id},
        body={
            "version": match.plan.version,
            "priority": match.plan.priority,
            "sha256": digest,
            "why": [str(reason) for reason in match.why],
            "by": by,
        },
        id=f"{incident}:plan:{match.plan.id}",
    )


def fact_id(told: fact.Decided, at: float) -> str:
    """The id of a decided fact: the same for the same decision. What would be too long for an id has its SHA-256."""
    named = _named(told, at)
    return named if len(named) <= LONGEST_ID else hashlib.sha256(named.encode()).hexdigest()


def _named(told: fact.Decided, at: float) -> str:
    match told:
        case fact.AttemptDecided():
            return f"{told.attempt}:decided"
        case fact.AttemptEnded():
            return f"{told.attempt}:ended"
        case fact.OrderHeard():
            return f"{told.attempt}:heard:{told.round}"
        case fact.Declined():
            return f"{told.attempt}:declined"
        case fact.Acknowledged():
            return f"{told.order}:{told.round}:acknowledged"
        case fact.Escalated():
            return f"{told.order}:{told.round}:escalated:{told.why}"
        case fact.DispatcherTold(due=None):
            return f"{told.order}:{told.round}:mentioned:{told.why}:{at:.6f}"
        case fact.DispatcherTold():
            return f"{told.order}:{told.round}:told:{told.times}"
        case fact.OrderAgain():
            return f"{told.order}:{told.round}:again"
        case fact.OrderCancelled():
            return f"{told.order}:cancelled"
        case fact.FeedbackGiven():
            return f"{told.order}:feedback:{told.feedback}"
        case fact.OrderClosed():
            return f"{told.order}:closed"


def _draft(
    told: fact.Decided | fact.Witnessed, order: Order, at: float, body: Mapping[str, Json], id: str | None
) -> Draft:
    subjects, plain, personal = _subjects(order), dict[str, Json](), dict[str, Json]()
    hidden: frozenset[str] = getattr(told, "personal", frozenset())
    for each in fields(told):
        name, value = each.name, getattr(told, each.name)
        if value is None or value == "" or name in ("order", "progress"):
            continue
        if name in _SUBJECTS:
            subjects[name] = value
        elif name in hidden:
            personal[name] = value
        elif name == "due":
            plain[name] = to_text(moment(value))
        else:
            plain[name] = value.value if isinstance(value, Enum) else value
    return Draft.of(
        type(told).__name__, moment(at), subjects=subjects, body=plain | dict(body), personal=personal or None, id=id
    )


def _subjects(order: Order) -> dict[str, str]:
    return {"order": order.id, "incident": order.incident, "department": order.department}
