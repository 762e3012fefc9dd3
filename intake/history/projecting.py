"""From the journal's facts to rows of callers' calls.

`read_batch` reads on a reader's engine, outside the writer's thread; `write` puts the rows in, inside a unit, together
with how far it has come. A batch that is written twice, or after another process was faster, changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, Engine, bindparam, select, update

from intake.number import NumberForm
from intake.tables import caller_calls, projections
from journal import Fact, facts_after
from journal.instant import to_text
from journal.tables import personal

NAME = "caller_calls"
PAGE = 500
"""Facts in one batch: the writer is busy with it for some 10 ms."""
MOST_AGE_S = 7 * 86_400.0
"""No call lasts longer."""

_EMPTY: Mapping[str, Any] = {
    "key": "",
    "caller": "",
    "called": "",
    "arrived_at": None,
    "answered_at": None,
    "seat": None,
    "person": None,
    "ended_at": None,
}


@dataclass(frozen=True, slots=True)
class Batch:
    """What some facts tell of calls."""

    after: int
    """The facts that follow this sequence,"""
    until: int
    """up to this one."""
    calls: Mapping[str, Mapping[str, Any]]
    """Columns by call: what was told of it, and nothing else."""
    named: Mapping[int, str]
    """Which facts, by sequence, told the number of which call."""


def read_batch(engine: Engine, form: NumberForm, most: int = PAGE) -> Batch | None:
    """The next facts as rows; None if there are no more."""
    with engine.connect() as connection:
        after = connection.scalar(select(projections.c.sequence).where(projections.c.name == NAME)) or 0
    facts = facts_after(engine, after, most)
    return project(after, facts, form) if facts else None


def project(after: int, facts: Sequence[Fact], form: NumberForm) -> Batch:
    """What these facts tell of calls. Pure."""
    calls: dict[str, dict[str, Any]] = {}
    named: dict[int, str] = {}
    for fact in facts:
        call, told = fact.subjects.get("call"), _told(fact, form)
        if call is None or told is None:
            continue
        calls[call] = _merged(calls.get(call, {}), told)
        if told.get("caller"):
            named[fact.sequence] = call
    return Batch(after, facts[-1].sequence, calls, named)


def write(connection: Connection, batch: Batch) -> bool:
    """Put a batch in; False, and nothing done, if this table has come to another place meanwhile."""
    moved = update(projections).where(projections.c.name == NAME, projections.c.sequence == batch.after)
    if not connection.execute(moved.values(sequence=batch.until)).rowcount:
        begun = connection.scalar(select(projections.c.sequence).where(projections.c.name == NAME))
        if begun is not None or batch.after:
            return False
        connection.execute(projections.insert().values(name=NAME, sequence=batch.until))
    calls = _without_erased(connection, batch)
    ids = list(calls)
    known = {row.call: dict(row._mapping) for row in connection.execute(_select(ids))} if ids else {}
    new = [{"call": call, **_EMPTY, **told} for call, told in calls.items() if call not in known]
    if new:
        connection.execute(caller_calls.insert(), new)
    old = [_merged(known[call], told) for call, told in calls.items() if call in known]
    if old:
        changed = update(caller_calls).where(caller_calls.c.call == bindparam("of_call"))
        values: dict[str, Any] = {name: bindparam(f"new_{name}") for name in _EMPTY}
        rows = [{"of_call": row["call"], **{f"new_{name}": row[name] for name in _EMPTY}} for row in old]
        connection.execute(changed.values(values), rows)
    return True


def _told(fact: Fact, form: NumberForm) -> dict[str, Any] | None:
    """Columns that a fact fills; None if it is none of these."""
    match fact.body.get("what"):
        case "CallArrived":
            caller = str((fact.personal or {}).get("caller", ""))
            told = {"called": str(fact.body.get("called", "")), "arrived_at": to_text(fact.time - _age(fact))}
            return told | ({"caller": caller, "key": form.key(caller)} if caller else {})
        case "CallAnswered":
            seat, person = fact.subjects.get("seat"), fact.subjects.get("person")
            return {"answered_at": to_text(fact.time), "seat": seat, "person": person}
        case "CallEnded":
            return {"ended_at": to_text(fact.time)}
        case _:
            return None


def _age(fact: Fact) -> timedelta:
    """How long the call had lasted when it was written down; nothing for what cannot be: no fact stops this table."""
    age = fact.body.get("age_s", 0)
    return timedelta(seconds=age) if isinstance(age, int | float) and 0 <= age <= MOST_AGE_S else timedelta(0)


def _merged(old: Mapping[str, Any], told: Mapping[str, Any]) -> dict[str, Any]:
    """Facts of one call come in any order and from two writers: of several answers the first one counts."""
    first = old.get("answered_at")
    if first is not None and "answered_at" in told and told["answered_at"] >= first:
        told = {name: value for name, value in told.items() if name not in ("answered_at", "seat", "person")}
    return {**old, **told}


def _without_erased(connection: Connection, batch: Batch) -> dict[str, Mapping[str, Any]]:
    """Numbers that were erased between the reading and now must not come back."""
    calls = dict(batch.calls)
    if batch.named:
        query = select(personal.c.sequence).where(personal.c.sequence.in_(list(batch.named)))
        there = set(connection.scalars(query))
        for sequence, call in batch.named.items():
            if sequence not in there:
                calls[call] = {**calls[call], "caller": "", "key": ""}
    return calls


def _select(ids: Iterable[str]) -> Any:
    return select(caller_calls).where(caller_calls.c.call.in_(list(ids)))
