"""The book of incidents: does deeds inside a unit of the journal, so that facts and rows are one commit or nothing.

    book = Book(Catalogue(types, forms), zone, NumberForm(area="025"))
    done = await journal.decide(lambda unit: book.do(unit, Amend(id, 3, {"grade": "II"}), who, utc_now(), key=request))
    done.value.incident, done.facts

Who does more in the same breath (dispatch: plans and orders) does it in the same work, with the same unit.

`key` is the caller's name for this request: with it a deed that is sent again, because the answer to the first was
lost, is not done again. It names one request for one kind of deed; the same deed with something else in it, or by
somebody else, is refused. Raises IncidentError, and what the journal raises.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, select

from intake.incident import deed as do
from intake.incident import rows
from intake.incident.catalogue import Catalogue
from intake.incident.deciding import decide
from intake.incident.deed import Deed, named
from intake.incident.entry import since
from intake.incident.error import Stale
from intake.incident.fact import Told
from intake.incident.incident import Incident, apply
from intake.incident.numbering import day_of, next_number, take
from intake.incident.request import digest, done_before
from intake.incident.text import id_
from intake.incident.who import Who
from intake.incident.writing import draft_of
from intake.number import NumberForm
from intake.tables import caller_calls
from journal import Fact, Unit
from journal.tables import personal, subjects
from journal.unit import MOST_ERASED


@dataclass(frozen=True, slots=True)
class Done:
    """What a deed came to."""

    incident: Incident
    """The one that the deed is about, as it is now; of a split the old one."""
    others: tuple[Incident, ...] = ()
    """Others that the deed changed or began."""
    facts: tuple[Fact, ...] = ()
    """What was written down; empty if nothing had to be changed."""
    again: bool = False
    """The deed had been done already, by an earlier request with the same key."""


class Book:
    """Does deeds. It keeps nothing itself, so that one may serve a whole process."""

    def __init__(self, catalogue: Catalogue, zone: ZoneInfo, numbers: NumberForm | None = None) -> None:
        """`zone` is the centre's: its days number the incidents."""
        self._catalogue = catalogue
        self._zone = zone
        self._key = (numbers or NumberForm()).key

    def do(self, unit: Unit, deed: Deed, who: Who, now: datetime, *, key: str | None = None) -> Done:
        """Do one deed. Raises IncidentError."""
        connection = unit.connection
        first = None if key is None else _First(_named(deed, id_("key", key)), digest(_asked(deed)))
        if first is not None and (earlier := _earlier(connection, deed, who, first)) is not None:
            return earlier
        known = self._known(connection, deed)
        number = next_number(connection, day_of(now, self._zone)) if isinstance(deed, do.Create | do.Split) else None
        if isinstance(deed, do.Create | do.LinkCall):
            deed = _with_caller(connection, deed)
        try:
            decided = decide(deed, known, who, now, self._catalogue, str(number or ""))
        except Stale as stale:
            raise Stale(stale.incident, stale.seen, since(connection, stale.incident.id, stale.seen)) from None
        if number is not None:
            take(connection, number)
        self._write(connection, known, decided.after)
        written = self._record(unit, decided.facts, known, first)
        if isinstance(deed, do.Erase):
            _erase_facts(unit, decided.after, deed.reason, now)
        after = {**known, **decided.after}
        others = tuple(each for id, each in decided.after.items() if id != deed.incident)
        return Done(after[deed.incident], others, written)

    def _known(self, connection: Connection, deed: Deed) -> dict[str, Incident]:
        """The records that a deed may look at: those it names, those they go on in, and what an erasure takes along."""
        known = rows.load(connection, named(deed))
        known |= rows.load(connection, (each.merged_into for each in known.values() if each.merged_into))
        if isinstance(deed, do.Erase):
            new: Mapping[str, Incident] = known
            while new := rows.load(connection, (one for each in new.values() for one in each.merged)):
                known |= new
        elif isinstance(deed, do.Cancel):
            known |= rows.load(connection, known[deed.incident].merged[:1] if deed.incident in known else ())
        return known

    def _write(self, connection: Connection, known: Mapping[str, Incident], after: Mapping[str, Incident]) -> None:
        for id, new in after.items():
            old = known.get(id)
            if old is None:
                rows.insert(connection, new, self._key)
            elif not rows.rewrite(connection, old, new, self._key):
                # Only a second writer, beside the journal's own, can come between: it was first.
                current = rows.load(connection, [id])[id]
                raise Stale(current, old.version, since(connection, id, old.version))

    def _record(
        self, unit: Unit, told: Sequence[Told], known: Mapping[str, Incident], first: _First | None
    ) -> tuple[Fact, ...]:
        """Write the facts down, each with the number and the state that its record has with it."""
        made, drafts = dict(known), []
        for place, each in enumerate(told):
            made[each.incident] = after = apply(made.get(each.incident), each)
            if first is not None and place == 0:
                drafts.append(draft_of(each, after, first.id, first.asked))
            else:
                drafts.append(draft_of(each, after, f"incident:{each.incident}:{each.version}"))
        return unit.record(*drafts)


@dataclass(frozen=True, slots=True)
class _First:
    """The first fact of a deed that has to be found again."""

    id: str
    asked: str
    """Digest of what was asked."""


def _earlier(connection: Connection, deed: Deed, who: Who, first: _First) -> Done | None:
    """The deed, done before; with the other incident that it was about or began."""
    found = done_before(connection, first.id, who, {"incident": deed.incident}, first.asked)
    if found is None:
        return None
    others = [found.body["other"]] if "other" in found.body else []
    known = rows.load(connection, [deed.incident, *others])
    return Done(known[deed.incident], tuple(known[each] for each in others), again=True)


def _named(deed: Deed, key: str) -> str:
    return f"deed:{type(deed).__name__}:{key}"


def _asked(deed: Deed) -> dict[str, object]:
    """What is asked; a call's number is the call's, and may be known at one time and not at another."""
    return {each.name: getattr(deed, each.name) for each in fields(deed) if each.name != "caller"}


def _with_caller(connection: Connection, deed: do.Create | do.LinkCall) -> do.Create | do.LinkCall:
    """With the call's number, if whoever links it did not say it and the call itself is known."""
    if deed.caller or deed.call is None:
        return deed
    caller = connection.scalar(select(caller_calls.c.caller).where(caller_calls.c.call == deed.call))
    return replace(deed, caller=caller) if caller else deed


def _erase_facts(unit: Unit, erased: Iterable[str], reason: str, now: datetime) -> None:
    """Delete the personal data of everything that was written down about these incidents, other rooms' facts too."""
    about = (
        select(personal.c.sequence)
        .join(subjects, subjects.c.sequence == personal.c.sequence)
        .where(subjects.c.kind == "incident", subjects.c.id.in_(list(erased)))
    )
    sequences = sorted(set(unit.connection.scalars(about)))
    for start in range(0, len(sequences), MOST_ERASED):
        unit.erase(sequences[start : start + MOST_ERASED], reason, now)
