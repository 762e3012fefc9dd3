"""Orders as the HTTP interface shows them."""

from __future__ import annotations

from typing import Any, Self

from config.field import Language
from console.told import Moment, State
from dispatch.fact import How
from dispatch.ladder import Ladder
from dispatch.notification import NotificationState, Why
from dispatch.order import OrderState
from dispatch.outcome import Outcome
from dispatch.plan import Plan
from dispatch.reading import OrderNow, Report, StartedPlan
from dispatch.stored import StoredAttempt
from dispatch.writing import moment
from journal.instant import to_text


class AttemptRecord(State):
    """One dial of one duty line."""

    id: str
    """Also the id of its call, by which its recording is found."""
    round: int
    """In which round of the order's ladder."""
    line: str
    """What was dialled."""
    repeats: bool
    """Whether it said that it repeats: the order may have been heard on this line before."""
    decided_at: Moment
    outcome: Outcome | None
    """What it came to; null: not known yet."""
    outcome_at: Moment | None
    ended: bool
    """Whether its line is known to be down."""

    @classmethod
    def of(cls, attempt: StoredAttempt) -> Self:
        """An attempt as the database has it."""
        return cls(
            **{name: getattr(attempt, name) for name in ("id", "round", "line", "repeats", "outcome", "ended")},
            decided_at=to_text(moment(attempt.decided_at)),
            outcome_at=_moment(attempt.outcome_at),
        )


class ReportRecord(State):
    """What a department has reported."""

    at: Moment
    by: str
    progress: OrderState | None
    """How far it says it is; null: only words."""
    words: str

    @classmethod
    def of(cls, report: Report) -> Self:
        """A report as the database has it."""
        return cls(at=to_text(report.at), by=report.by, progress=report.progress, words=report.words)


class OrderRecord(State):
    """One order, and how far its department is reached."""

    id: str
    """`INCIDENT.DEPARTMENT.1`."""
    code: str
    """With it the department reports by telephone; of the day on which it was issued."""
    incident: str
    department: str
    plan: str | None
    """The plan that asked for it; null: a person did."""
    by: str
    """Who issued it."""
    issued_at: Moment
    language: Language
    """In which it is spoken."""
    text: str
    """What is spoken; empty when it was erased."""
    ladder: Ladder
    """Whom it rings, as it was when the order was issued."""
    priority: int
    """10 is most urgent."""
    deadline_s: int
    """By when it has to be acknowledged, from each round's beginning on."""
    progress: OrderState
    """How far the order is."""
    state: NotificationState
    """How far the department is reached."""
    round: int
    """How often the ladder was begun."""
    began_at: Moment
    """When this round began."""
    due: Moment | None
    """The next deadline; null: somebody has acknowledged, or it was cancelled."""
    told: int
    """How often the dispatcher was told in this round that nobody has acknowledged."""
    why: Why | None
    """Why he was told the last time."""
    acknowledged_at: Moment | None
    """In this round."""
    acknowledged_by: str | None
    """The attempt whose key did it; null: no key did."""
    how: How | None
    """By key, by the word that the department gave, or by a report."""
    attempts: tuple[AttemptRecord, ...]
    """Of all rounds, in their order."""
    reports: tuple[ReportRecord, ...]
    """Oldest first."""

    @classmethod
    def of(cls, now: OrderNow) -> Self:
        """An order as the database has it."""
        stored, order = now.stored, now.stored.order
        return cls(
            **{name: getattr(order, name) for name in _OF_ORDER},
            **{name: getattr(stored, name) for name in _OF_STORED},
            plan=now.plan,
            by=now.by,
            issued_at=to_text(moment(order.issued_at)),
            began_at=to_text(moment(stored.began_at)),
            due=to_text(moment(stored.due)) if stored.open else None,
            acknowledged_at=None if now.acknowledged_at is None else to_text(now.acknowledged_at),
            how=None if now.how is None else How(now.how),
            attempts=tuple(map(AttemptRecord.of, stored.attempts)),
            reports=tuple(map(ReportRecord.of, now.reports)),
        )

    def plain(self) -> dict[str, Any]:
        """As JSON has it."""
        return self.model_dump(mode="json")


class StartedPlanRecord(State):
    """A plan that an incident has started, as it was then."""

    plan: Plan
    why: tuple[str, ...]
    """The conditions that held."""
    at: Moment
    by: str

    @classmethod
    def of(cls, started: StartedPlan) -> Self:
        """A started plan as the database has it."""
        return cls(plan=started.plan, why=started.why, at=to_text(started.at), by=started.by)


_OF_ORDER = ("id", "code", "incident", "department", "language", "text", "ladder", "priority", "deadline_s")
_OF_STORED = ("progress", "state", "round", "told", "why", "acknowledged_by")


def _moment(at: float | None) -> str | None:
    return None if at is None else to_text(moment(at))
