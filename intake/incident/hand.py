"""One deed being done, fact by fact: what every deed needs to look at and to tell. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from intake.incident.catalogue import Catalogue
from intake.incident.deed import Changes
from intake.incident.error import DeedRefused, NoSuchIncident, Stale
from intake.incident.fact import Amended, Told
from intake.incident.incident import Incident, apply
from intake.incident.state import INCIDENT, IncidentEvent
from intake.incident.who import Who
from intake.table import Bug, Theirs


@dataclass(frozen=True, slots=True)
class Decided:
    """What a deed came to."""

    facts: tuple[Told, ...]
    """To be written down together, in this order; empty: nothing changes."""
    after: Mapping[str, Incident]
    """The records that were changed or made, by id."""


class Hand:
    """Holds the records, and tells facts about them; each fact is seen by the next one."""

    def __init__(
        self, known: Mapping[str, Incident], who: Who, now: datetime, catalogue: Catalogue, number: str
    ) -> None:
        self._known = dict(known)
        self._number = number
        self._facts: list[Told] = []
        self.who = who
        self.now = now
        self.catalogue = catalogue

    def decided(self) -> Decided:
        """What was told so far."""
        return Decided(tuple(self._facts), {each.incident: self._known[each.incident] for each in self._facts})

    def find(self, id: str) -> Incident:
        """The incident as it is by now. Raises NoSuchIncident."""
        try:
            return self._known[id]
        except KeyError:
            raise NoSuchIncident(id) from None

    def two(self, one: str, other: str) -> tuple[Incident, Incident]:
        """Two different incidents. Raises NoSuchIncident, DeedRefused."""
        if one == other:
            raise DeedRefused("same_incident", f"{self.find(one).number} is one incident, not two")
        return self.find(one), self.find(other)

    def called(self, id: str) -> str:
        """How people call it."""
        return self._known[id].number if id in self._known else id

    def new(self, id: str) -> str:
        """An id that no incident has. Raises DeedRefused."""
        if id in self._known:
            raise DeedRefused("incident_exists", f"there is an incident {id} already")
        return id

    def newest(self, id: str, version: int) -> Incident:
        """The incident, if nobody changed what people wrote or decided after this version. Raises Stale."""
        incident = self.find(id)
        if not incident.settled <= version <= incident.version:
            raise Stale(incident, version)
        return incident

    def may(self, id: str, event: IncidentEvent) -> bool:
        """Whether this moves the state; False if it leaves it alone. Raises DeedRefused if it cannot be."""
        incident = self.find(id)
        state = INCIDENT.after(incident.state, event)
        if isinstance(state, Theirs):
            raise DeedRefused(state.code, f"{incident.number}: {state.because}")
        return state is not incident.state

    def next(self, id: str) -> tuple[str, int, Who, datetime]:
        """The first four values of the next fact about an incident."""
        return id, self.find(id).version + 1, self.who, self.now

    def number(self) -> str:
        """The number by day that was kept for a new record."""
        if not self._number:
            raise Bug("a record begins with a number")
        return self._number

    def tell(self, told: Told) -> Incident:
        """A fact; returns the record with it."""
        made = apply(self._known.get(told.incident), told)
        self._known[told.incident] = made
        self._facts.append(told)
        return made

    def amend(self, id: str, changes: Changes) -> Incident:
        """Change what the record says, if that is something else than before. Raises BadValue, DeedRefused."""
        self.may(id, IncidentEvent.AMEND)
        incident = self.find(id)
        new = self.catalogue.amended(incident.content, changes)
        different = new.differs(incident.content)
        if not different:
            return incident
        return self.tell(Amended(*self.next(id), incident.content.plain(different), new.plain(different)))
