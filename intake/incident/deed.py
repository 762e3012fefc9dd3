"""What may be done with incidents: one dataclass a deed. Who does it, and when, is said beside it.

Rules:

- `version` is that of the record on which the deed was decided. It must not be older than the last change of what
  people wrote or decided: links, notes, feedback and the marks of dispatch disturb nobody who fills in a form. What
  ends an incident needs the newest version of all: nobody closes a fire without having seen the last report.
- Deeds without a version add something, and never contradict anybody.
- An incident that was merged goes on in another one: only the deeds with `on_merged` can be done with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from intake.incident.kind import Relationship, Result

Changes = Mapping[str, object]
"""Fields of `Content` by name, in JSON forms or as they are: `{"grade": "II", "injured": 3, "spot": {"lat": …}}`."""


@dataclass(frozen=True, slots=True)
class Create:
    """A new record, a draft. It gets its number by day."""

    on_merged: ClassVar[bool] = False
    incident: str
    """A new id (`journal.new_id`), chosen by who creates it: the same twice makes one record."""
    changes: Changes = field(default_factory=dict)
    call: str | None = None
    """The call from which it comes."""
    caller: str = ""
    """That call's number."""


@dataclass(frozen=True, slots=True)
class Amend:
    """What the record says is changed; both before and after are kept."""

    on_merged: ClassVar[bool] = False
    incident: str
    version: int
    changes: Changes


@dataclass(frozen=True, slots=True)
class Submit:
    """The draft is handed over to those who act; what is filled in last may come along."""

    on_merged: ClassVar[bool] = False
    incident: str
    version: int
    changes: Changes = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class MarkDispatched:
    """A department was ordered; said by dispatch."""

    on_merged: ClassVar[bool] = True
    incident: str


@dataclass(frozen=True, slots=True)
class MarkInProgress:
    """Somebody works on it; said by dispatch."""

    on_merged: ClassVar[bool] = True
    incident: str


@dataclass(frozen=True, slots=True)
class LinkCall:
    """A call is about this incident."""

    on_merged: ClassVar[bool] = True
    incident: str
    call: str
    caller: str = ""
    """The call's number; empty: the one that is known from the call itself, if any."""


@dataclass(frozen=True, slots=True)
class UnlinkCall:
    """A call was not about this incident."""

    on_merged: ClassVar[bool] = True
    incident: str
    call: str


@dataclass(frozen=True, slots=True)
class LinkIncident:
    """Two incidents have to do with each other, and both go on."""

    on_merged: ClassVar[bool] = True
    incident: str
    other: str
    relationship: Relationship = Relationship.UNSPECIFIED
    """What the other is to this one."""


@dataclass(frozen=True, slots=True)
class UnlinkIncident:
    """Two incidents have nothing to do with each other."""

    on_merged: ClassVar[bool] = True
    incident: str
    other: str


@dataclass(frozen=True, slots=True)
class Merge:
    """Two incidents are one event: this one goes on in the other. Nothing of either is changed or copied."""

    on_merged: ClassVar[bool] = False
    incident: str
    version: int
    into: str


@dataclass(frozen=True, slots=True)
class Unmerge:
    """They are not one event: this one is again exactly what it was."""

    on_merged: ClassVar[bool] = True
    incident: str


@dataclass(frozen=True, slots=True)
class Split:
    """An incident is two events: a new one begins as a copy with these changes, and takes these calls along."""

    on_merged: ClassVar[bool] = False
    incident: str
    version: int
    new: str
    """A new id."""
    changes: Changes
    calls: tuple[str, ...] = ()
    """Calls of the old one that are the new one's from now on."""


@dataclass(frozen=True, slots=True)
class Close:
    """It is over."""

    on_merged: ClassVar[bool] = False
    incident: str
    version: int
    result: Result
    words: str = ""


@dataclass(frozen=True, slots=True)
class Cancel:
    """It never was one for us."""

    on_merged: ClassVar[bool] = False
    incident: str
    version: int
    result: Result
    words: str = ""


@dataclass(frozen=True, slots=True)
class Reopen:
    """It is not over after all."""

    on_merged: ClassVar[bool] = False
    incident: str
    version: int
    words: str
    changes: Changes = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Note:
    """Somebody of the centre writes something down."""

    on_merged: ClassVar[bool] = True
    incident: str
    words: str


@dataclass(frozen=True, slots=True)
class Feedback:
    """A department or a crew reports."""

    on_merged: ClassVar[bool] = True
    incident: str
    words: str = ""
    department: str = ""
    """The department's id."""
    unit: str = ""
    """The unit's id."""
    report: str = ""
    """What it says in one word of dispatch's list: `on-scene`, `done` …"""


@dataclass(frozen=True, slots=True)
class Erase:
    """What it and those merged into it say about persons is deleted."""

    on_merged: ClassVar[bool] = False
    incident: str
    reason: str
    """By which rule, without naming anybody."""


Deed = (
    Create
    | Amend
    | Submit
    | MarkDispatched
    | MarkInProgress
    | LinkCall
    | UnlinkCall
    | LinkIncident
    | UnlinkIncident
    | Merge
    | Unmerge
    | Split
    | Close
    | Cancel
    | Reopen
    | Note
    | Feedback
    | Erase
)


def named(deed: Deed) -> tuple[str, ...]:
    """Ids of the incidents that a deed names, new ones included."""
    match deed:
        case LinkIncident() | UnlinkIncident():
            return deed.incident, deed.other
        case Merge():
            return deed.incident, deed.into
        case Split():
            return deed.incident, deed.new
        case _:
            return (deed.incident,)
