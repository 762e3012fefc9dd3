"""Orders in the database: issued, written on, restored. Everything runs inside a `journal.Unit`.

    # an incident is submitted, and what its plans ask for is ordered, in one transaction
    def submit(unit):
        ...
        starts = store.start_plans(unit, incident, match(plans, situation), at, by)
        return store.issue(unit, incident, drafts(starts, departments, words), at, day, by)

    store.write(unit, step.write)           # what the core decided, in the order of its writes
    store.written(connection, step.write)   # after `journal.CommitUnknown`: is it there?
    store.restore(connection)               # the first event of every life
    store.untold(connection, known)         # what nobody has told this life of

Rules: rows are made by `stored.after`, the same function from which the core's next life begins. An open order has one
live timer, moved in the transaction of every fact that moves its deadline. Whatever `write` raises besides the
journal's own trouble is a bug: the process ends, and the next one begins with what is on disk.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import datetime
from itertools import count

from sqlalchemy import Connection, func, insert, select, update

from dispatch import fact, rows
from dispatch.drafting import OrderDraft
from dispatch.matching import Match
from dispatch.order import OVER, Order, OrderState
from dispatch.plan import Plan
from dispatch.step import Write
from dispatch.stored import Stored, StoredOrder, after
from dispatch.tables import attempts, feedback, orders, started_plans
from dispatch.writing import draft_of, fact_id, issued, moment, plan_started
from intake.table import Bug
from journal import Fact, Timer, Unit
from journal.canonical import canonical
from journal.instant import to_text
from journal.tables import facts

TIMER = "order-due"
"""Kind of the timer of an open order."""


def start_plans(unit: Unit, incident: str, matches: Iterable[Match], at: datetime, by: str) -> tuple[Match, ...]:
    """Start plans for an incident and keep each as it is; returns those that had not started there before."""
    known = set(unit.connection.scalars(select(started_plans.c.plan).where(started_plans.c.incident == incident)))
    new = tuple(each for each in matches if each.plan.id not in known)
    for match in new:
        content = match.plan.model_dump_json()
        unit.record(plan_started(incident, match, hashlib.sha256(content.encode()).hexdigest(), at, by))
        unit.connection.execute(
            insert(started_plans).values(
                incident=incident,
                plan=match.plan.id,
                version=match.plan.version,
                content=content,
                why=canonical([str(reason) for reason in match.why]),
                started_at=to_text(at),
                started_by=by,
            )
        )
    return new


def as_started(connection: Connection, incident: str, matches: Iterable[Match]) -> tuple[Match, ...]:
    """The same matches, but with plans that the incident has started as they were then."""
    query = select(started_plans.c.plan, started_plans.c.content).where(started_plans.c.incident == incident)
    kept = {row.plan: row.content for row in connection.execute(query)}
    return tuple(
        replace(each, plan=Plan.model_validate_json(kept[each.plan.id])) if each.plan.id in kept else each
        for each in matches
    )


def issue(
    unit: Unit, incident: str, drafts: Iterable[OrderDraft], at: datetime, day: str, by: str, *, once: bool = True
) -> tuple[Order, ...]:
    """Issue orders. `day` is the centre's date as 20261125; codes count in it, but for those in use from other days.

    With `once`, a department that has an order in this incident already, one that is not cancelled, gets no other.
    Tell the core of them with `event.Issued` when they are on disk.
    """
    connection = unit.connection
    states = select(orders.c.department, orders.c.progress).where(orders.c.incident == incident)
    before: dict[str, list[str]] = {}
    for department, progress in connection.execute(states):
        before.setdefault(department, []).append(progress)
    last = connection.scalar(select(func.max(orders.c.serial)).where(orders.c.day == day)) or 0
    in_use = set(connection.scalars(select(orders.c.serial).where(orders.c.wanted)))
    serials = (each for each in count(last + 1) if each not in in_use)
    made: list[tuple[Order, OrderDraft]] = []
    for draft in drafts:
        had = before.setdefault(draft.department, [])
        if once and any(each != OrderState.CANCELLED.value for each in had):
            continue
        order = Order(
            id=f"{incident}.{draft.department}.{len(had) + 1}",
            code=f"{next(serials):04d}",
            incident=incident,
            department=draft.department,
            language=draft.language,
            text=draft.text,
            ladder=draft.ladder,
            priority=draft.priority,
            deadline_s=draft.deadline_s,
            prompt_s=draft.prompt_s,
            issued_at=at.timestamp(),
        )
        had.append(OrderState.ISSUED.value)
        made.append((order, draft))
    # All at once: everybody waits for the writer, and a major plan has a dozen orders.
    causes = unit.record(*(issued(order, draft.plan, by) for order, draft in made))
    rows.create(connection, [(StoredOrder.issued(order), draft.plan) for order, draft in made], by=by, day=day)
    for (order, _), cause in zip(made, causes, strict=True):
        _arm(unit, StoredOrder.issued(order), cause)
    return tuple(order for order, _ in made)


def write(unit: Unit, *wanted: Write) -> None:
    """Commit what the core decided, in this order. Raises Bug for what cannot be."""
    told = [(each, write.at) for write in wanted for each in write.facts]
    known = rows.load(unit.connection, list(dict.fromkeys(each.order for each, _ in told)))
    steps = []
    for each, at in told:
        before = known.get(each.order)
        if before is None:
            raise Bug(f"{each} is about an order that was never issued")
        known[each.order] = after(before, each, at)
        steps.append((each, at, before, known[each.order]))
    # All at once, for everybody waits for the writer.
    causes = unit.record(*(draft_of(each, now, at) for each, at, _, now in steps))
    for (each, at, before, now), cause in zip(steps, causes, strict=True):
        rows.save(unit.connection, before, now)
        _beside(unit.connection, each, at)
        _keep_timer(unit, before, now, cause)


def written(connection: Connection, wanted: Write) -> bool:
    """Whether a write is on disk: all of it is, or nothing."""
    ids = [fact_id(told, wanted.at) for told in wanted.facts]
    return connection.scalar(select(func.count()).where(facts.c.id.in_(ids))) == len(ids)


def reported(connection: Connection, told: fact.FeedbackGiven) -> bool:
    """Whether a department's report is on disk."""
    order = rows.load(connection, [told.order]).get(told.order)
    return order is not None and told in order.reports


def restore(connection: Connection) -> Stored:
    """Everything that a new life of the core has to know."""
    found = rows.load(connection, _wanted(connection))
    return Stored(tuple(found.values()), connection.scalar(select(func.max(attempts.c.fence))) or 0)


def untold(connection: Connection, known: Collection[str]) -> tuple[Order, ...]:
    """Open orders that no life of the core has begun with, but for these: whoever issued them told nobody."""
    found = rows.load(connection, [id for id in _wanted(connection) if id not in known])
    return tuple(each.order for each in found.values() if each.open and not each.attempts)


def _wanted(connection: Connection) -> list[str]:
    """Orders of which a life of the core has to know, in the order of their issue."""
    wanted = select(orders.c.id).where(orders.c.wanted).order_by(orders.c.issued_at, orders.c.day, orders.c.serial)
    return list(connection.scalars(wanted))


def erase(unit: Unit, before: datetime) -> int:
    """Empty what tells of people in orders that were issued before and are over; returns in how many orders.

    The journal's facts about them are erased by the journal's own rule.
    """
    old = select(orders.c.id).where(
        orders.c.issued_at < to_text(before),
        orders.c.progress.in_([each.value for each in OVER]),
        orders.c.text.is_not(None),
        ~orders.c.wanted,
    )
    ids = list(unit.connection.scalars(old))
    unit.connection.execute(update(orders).where(orders.c.id.in_(ids)).values(text=None))
    unit.connection.execute(update(feedback).where(feedback.c.order_id.in_(ids)).values(words=None))
    return len(ids)


def _beside(connection: Connection, told: fact.Decided, at: float) -> None:
    """What stands in rows besides the order itself."""
    match told:
        case fact.FeedbackGiven():
            connection.execute(
                insert(feedback).values(
                    id=told.feedback,
                    order_id=told.order,
                    at=to_text(moment(at)),
                    by=told.by,
                    progress=told.progress.value if told.progress is not None else None,
                    words=told.words or None,
                )
            )
        case fact.Acknowledged():
            rows.acknowledged(connection, told.order, told.round, told.how.value, at)


def _keep_timer(unit: Unit, before: StoredOrder, now: StoredOrder, cause: Fact) -> None:
    """One live timer as long as nobody has acknowledged, at the next deadline."""
    if before.open and not now.open:
        unit.timers.cancel(_timer_id(before), cause)
    elif now.open and _timer_id(before) != _timer_id(now):
        unit.timers.settle(_timer_id(before), cause)
        _arm(unit, now, cause)


def _arm(unit: Unit, stored: StoredOrder, cause: Fact) -> None:
    order = stored.order.id
    unit.timers.arm(Timer(_timer_id(stored), TIMER, "order", order, moment(stored.due), {"told": stored.told}), cause)


def _timer_id(stored: StoredOrder) -> str:
    return f"{stored.order.id}:due:{stored.round}:{stored.told}"
