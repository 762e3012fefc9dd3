"""Durable timers in the database: armed, handed out, ended, each inside somebody's unit of work."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, func, select, update

from journal.canonical import canonical
from journal.error import BadTimer
from journal.fact import Fact, checked_id
from journal.instant import from_text, to_text
from journal.registry import SUBJECT_KIND
from journal.tables import timers
from journal.timer import Handed, Timer, TimerState, may_be_handed, next_hand_out


class Timetable:
    """The timers, as one transaction sees them. A unit of work has it as `unit.timers`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def arm(self, timer: Timer, cause: Fact) -> None:
        """Arm a timer, together with the fact that caused it. Raises BadTimer, and BadFact for ids out of form."""
        if not SUBJECT_KIND.fullmatch(timer.subject_kind):
            raise BadTimer(f"{timer.subject_kind!r} is no kind of subject")
        id = checked_id(timer.id)
        if self._connection.scalar(select(timers.c.id).where(timers.c.id == id)):
            raise BadTimer(f"a timer {id} was armed before; an id is used once")
        self._connection.execute(
            timers.insert().values(
                id=id,
                kind=checked_id(timer.kind),
                subject_kind=timer.subject_kind,
                subject_id=checked_id(timer.subject_id),
                due=to_text(timer.due),
                body=canonical(timer.body),
                state=TimerState.LIVE.value,
                caused_by=cause.sequence,
                handed=0,
            )
        )

    def settle(self, id: str, by: Fact) -> bool:
        """End a timer that was acted on; False if it had ended before: then what it asked for has been done."""
        return self._end(timers.c.id == id, TimerState.SETTLED, by) == 1

    def cancel(self, id: str, by: Fact) -> bool:
        """End a timer that isn't needed any more; False if it had ended before."""
        return self._end(timers.c.id == id, TimerState.CANCELLED, by) == 1

    def cancel_all(self, subject_kind: str, subject_id: str, by: Fact) -> int:
        """End every live timer of a subject; returns how many."""
        of_subject = (timers.c.subject_kind == subject_kind) & (timers.c.subject_id == subject_id)
        return self._end(of_subject, TimerState.CANCELLED, by)

    def hand_out(self, now: datetime, most: int = 100) -> tuple[Handed, ...]:
        """Those to act on now, the longest due first. Each comes again after `HAND_AGAIN` unless it is ended."""
        handed = []
        for timer, attempts, handed_at in self._due(now):
            if may_be_handed(timer.due, handed_at, now):
                handed.append(Handed(timer, attempts + 1))
                if len(handed) == most:
                    break
        if handed:
            ids = [each.timer.id for each in handed]
            marked = update(timers).where(timers.c.id.in_(ids))
            self._connection.execute(marked.values(handed_at=to_text(now), handed=timers.c.handed + 1))
        return tuple(handed)

    def take_back(self) -> None:
        """Forget who was handed what: at its start a process knows that its predecessor will act on nothing more."""
        self._connection.execute(update(timers).where(_LIVE, timers.c.handed_at.is_not(None)).values(handed_at=None))

    def next_due(self) -> datetime | None:
        """When `hand_out` is to be asked next; None if no timer is live."""
        fresh = self._connection.scalar(select(func.min(timers.c.due)).where(_LIVE, timers.c.handed_at.is_(None)))
        handed = self._connection.execute(
            select(timers.c.due, timers.c.handed_at).where(_LIVE, timers.c.handed_at.is_not(None))
        )
        moments = [next_hand_out(from_text(row.due), from_text(row.handed_at)) for row in handed]
        return min([*moments, *([from_text(fresh)] if fresh else [])], default=None)

    def _due(self, now: datetime) -> Iterator[tuple[Timer, int, datetime | None]]:
        query = select(timers).where(_LIVE, timers.c.due <= to_text(now)).order_by(timers.c.due, timers.c.id)
        for row in self._connection.execute(query):
            handed_at = from_text(row.handed_at) if row.handed_at else None
            body = json.loads(row.body)
            timer = Timer(row.id, row.kind, row.subject_kind, row.subject_id, from_text(row.due), body)
            yield timer, row.handed, handed_at

    def _end(self, which: ColumnElement[bool], state: TimerState, by: Fact) -> int:
        done = update(timers).where(which, _LIVE).values(state=state.value, ended_by=by.sequence)
        return self._connection.execute(done).rowcount


_LIVE = timers.c.state == TimerState.LIVE.value
