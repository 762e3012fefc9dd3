"""The auditor: a second pair of eyes on every promise.

A promise is a subject of a registered kind (`registry.Promise`), open from the fact that opens it to the one that
closes it; both are noted from the facts alone. While it is open, somebody must come back to it: it must have a live
timer that is not long overdue. What has none was forgotten, whatever the room that made it believes.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import Engine, and_, func, select

from journal.instant import from_text
from journal.tables import promises, timers
from journal.timer import HAND_AGAIN, TimerState

OVERDUE = 2 * HAND_AGAIN
"""A due timer that is still live after this was handed out twice and nobody ended it."""


class Neglect(StrEnum):
    """What is wrong with a promise."""

    NO_DEADLINE = "no_deadline"
    """Nobody will ever come back to it."""
    OVERDUE = "overdue"
    """Its deadline has passed and nothing came of it."""


@dataclass(frozen=True, slots=True)
class Neglected:
    """An open promise that is not kept."""

    subject_kind: str
    subject_id: str
    opened_by: int
    """Sequence of the fact that opened it."""
    neglect: Neglect
    due: datetime | None
    """Its next deadline; None if it has none."""


def audit(engine: Engine, now: datetime, overdue: timedelta = OVERDUE) -> tuple[Neglected, ...]:
    """The promises that are not kept, the oldest first; none on a good day."""
    live = and_(
        timers.c.subject_kind == promises.c.subject_kind,
        timers.c.subject_id == promises.c.subject_id,
        timers.c.state == TimerState.LIVE.value,
    )
    key = (promises.c.subject_kind, promises.c.subject_id, promises.c.opened_by)
    query = select(*key, func.min(timers.c.due).label("due")).outerjoin_from(promises, timers, live)
    query = query.where(promises.c.closed_by.is_(None)).group_by(*key).order_by(promises.c.opened_by, *key[:2])
    with engine.connect() as connection:
        rows = connection.execute(query).all()
    found = []
    for kind, id, opened_by, text in rows:
        due = from_text(text) if text else None
        if due is None:
            found.append(Neglected(kind, id, opened_by, Neglect.NO_DEADLINE, None))
        elif due + overdue < now:
            found.append(Neglected(kind, id, opened_by, Neglect.OVERDUE, due))
    return tuple(found)
