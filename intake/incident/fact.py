"""What is written down about incidents: one fact a change, and each about one incident.

Rules:

- An incident's facts, in the order of their versions, are its record: `incident.apply` makes it of them, and the rows
  in the database are made by that same function.
- What two incidents have in common (a link, a merge, a split) is two facts, so that either is whole by itself.
- `hidden` names the fields that say something about a person: they can be erased, so they have defaults.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar

from intake.incident.content import PERSONAL
from intake.incident.kind import Relationship, Result, Side
from intake.incident.who import Who
from journal import LogEvent

Plain = Mapping[str, Any]
"""Fields of `Content` in their JSON forms."""


@dataclass(frozen=True, slots=True)
class LinkedCall:
    """A call that is about an incident."""

    call: str
    """The call's id."""
    at: datetime
    """When it was linked."""
    by: str
    """Who linked it."""
    caller: str = ""
    """Its number; empty if withheld, not known, or erased."""


@dataclass(frozen=True, slots=True)
class Told:
    """What every one says."""

    type: ClassVar[str]
    """The journal's name for it: NENA i3's where there is one."""
    hidden: ClassVar[frozenset[str]] = frozenset()
    """Fields that can be erased."""
    disturbs: ClassVar[bool] = False
    """Whether it changes what people wrote or decided, so that a deed decided before it must be looked at again."""

    incident: str
    version: int
    """Of the record, with this fact; 1 for the first."""
    who: Who
    at: datetime

    @property
    def personal(self) -> bool:
        """Whether it says something about a person."""
        return any(getattr(self, each) for each in self.hidden)


@dataclass(frozen=True, slots=True)
class Created(Told):
    """A record was begun."""

    type: ClassVar[str] = "IncidentCreated"
    disturbs: ClassVar[bool] = True
    number: str
    content: Plain


@dataclass(frozen=True, slots=True)
class Amended(Told):
    """What the record says was changed."""

    type: ClassVar[str] = "IncidentAmended"
    disturbs: ClassVar[bool] = True
    before: Plain
    after: Plain

    @property
    def personal(self) -> bool:
        """Whether it says something about a person."""
        return any(each in PERSONAL for part in (self.before, self.after) for each in part)


@dataclass(frozen=True, slots=True)
class Submitted(Told):
    """It was handed over to those who act."""

    type: ClassVar[str] = "IncidentSubmitted"
    disturbs: ClassVar[bool] = True


@dataclass(frozen=True, slots=True)
class Dispatched(Told):
    """A department was ordered for the first time."""

    type: ClassVar[str] = "IncidentDispatched"


@dataclass(frozen=True, slots=True)
class Begun(Told):
    """Somebody works on it."""

    type: ClassVar[str] = "IncidentInProgress"


@dataclass(frozen=True, slots=True)
class CallLinked(Told):
    """A call is about it."""

    type: ClassVar[str] = "IncidentCallLinked"
    hidden: ClassVar[frozenset[str]] = frozenset({"caller"})
    call: str
    caller: str = ""


@dataclass(frozen=True, slots=True)
class CallUnlinked(Told):
    """A call was not about it."""

    type: ClassVar[str] = "IncidentCallUnlinked"
    call: str


@dataclass(frozen=True, slots=True)
class Linked(Told):
    """Another incident has to do with it."""

    type: ClassVar[str] = LogEvent.INCIDENT_LINK.value
    other: str
    relationship: Relationship
    """What the other is to this one."""


@dataclass(frozen=True, slots=True)
class Unlinked(Told):
    """Another incident has nothing to do with it."""

    type: ClassVar[str] = LogEvent.INCIDENT_UNLINK.value
    other: str


@dataclass(frozen=True, slots=True)
class Merged(Told):
    """It goes on in the other one, or the other one goes on in it."""

    type: ClassVar[str] = LogEvent.INCIDENT_MERGE.value
    other: str
    side: Side


@dataclass(frozen=True, slots=True)
class Unmerged(Told):
    """A merge was undone."""

    type: ClassVar[str] = LogEvent.INCIDENT_UNMERGE.value
    other: str
    side: Side


@dataclass(frozen=True, slots=True)
class SplitOff(Told):
    """Another incident begins with a part of this one (i3: split, old)."""

    type: ClassVar[str] = LogEvent.INCIDENT_SPLIT.value
    disturbs: ClassVar[bool] = True
    other: str
    moved: tuple[str, ...]
    """Calls that are the other's from now on."""


@dataclass(frozen=True, slots=True)
class SplitFrom(Told):
    """It begins with a part of another one (i3: split, new)."""

    type: ClassVar[str] = LogEvent.INCIDENT_SPLIT.value
    disturbs: ClassVar[bool] = True
    other: str
    other_version: int
    """Up to this version the other one's history is this one's, too."""
    number: str
    content: Plain
    calls: tuple[LinkedCall, ...]


@dataclass(frozen=True, slots=True)
class Closed(Told):
    """It is over."""

    type: ClassVar[str] = LogEvent.INCIDENT_CLEAR.value
    hidden: ClassVar[frozenset[str]] = frozenset({"words"})
    disturbs: ClassVar[bool] = True
    result: Result
    words: str = ""


@dataclass(frozen=True, slots=True)
class Cancelled(Told):
    """It never was one for us."""

    type: ClassVar[str] = "IncidentCancelled"
    hidden: ClassVar[frozenset[str]] = frozenset({"words"})
    disturbs: ClassVar[bool] = True
    result: Result
    words: str = ""


@dataclass(frozen=True, slots=True)
class Reopened(Told):
    """It is not over after all."""

    type: ClassVar[str] = LogEvent.INCIDENT_REOPEN.value
    hidden: ClassVar[frozenset[str]] = frozenset({"words"})
    disturbs: ClassVar[bool] = True
    words: str = ""


@dataclass(frozen=True, slots=True)
class Noted(Told):
    """Somebody of the centre wrote something down."""

    type: ClassVar[str] = "IncidentNoted"
    hidden: ClassVar[frozenset[str]] = frozenset({"words"})
    words: str = ""


@dataclass(frozen=True, slots=True)
class FedBack(Told):
    """A department or a crew reported."""

    type: ClassVar[str] = "IncidentFeedback"
    hidden: ClassVar[frozenset[str]] = frozenset({"words"})
    words: str = ""
    department: str = ""
    unit: str = ""
    report: str = ""


@dataclass(frozen=True, slots=True)
class Erased(Told):
    """What it said about persons was deleted."""

    type: ClassVar[str] = "IncidentErased"
    disturbs: ClassVar[bool] = True
    reason: str = field(default="")


KINDS: tuple[type[Told], ...] = (
    Created,
    Amended,
    Submitted,
    Dispatched,
    Begun,
    CallLinked,
    CallUnlinked,
    Linked,
    Unlinked,
    Merged,
    Unmerged,
    SplitOff,
    SplitFrom,
    Closed,
    Cancelled,
    Reopened,
    Noted,
    FedBack,
    Erased,
)
"""All of them."""

TYPES = frozenset(each.type for each in KINDS if not each.type.endswith("LogEvent"))
"""Names of facts that NENA i3 has none for: to be registered with the journal."""
