"""The incident record: one structured record of an event, linked with the calls and alarms that are about it.

The engine, the only writer::

    book = Book(Catalogue(types, forms=services), zone, NumberForm(area="025"))
    done = await journal.decide(lambda unit: book.do(unit, deed, Who("zhang-wei", seat="seat-01"), now, key=request))
    done.value.incident, done.value.others, done.facts     # raises IncidentError: .code, and for Stale .since

Deeds: Create, Amend, Submit, MarkDispatched, MarkInProgress, LinkCall, UnlinkCall, LinkIncident, UnlinkIncident, Merge,
Unmerge, Split, Close, Cancel, Reopen, Note, Feedback, Erase. `decide` is what they come to, without a database.

Everybody reads, on an engine that can't write (`intake.incident.reading`)::

    incident(engine, id or number), of_day(engine, "20261125"), open_incidents(engine), drafts(engine),
    of_call(engine, call), of_number(engine, key), near(engine, Box.around(lat, lon, metres)), merged_into(engine, id)
    history(engine, id)                 # who did what, and when: from the journal

The process that writes registers `TYPES` with the journal, and opens it with the versions of `intake.migration`.
"""

from intake.incident.book import Book, Done
from intake.incident.catalogue import Catalogue
from intake.incident.content import Content
from intake.incident.deciding import decide
from intake.incident.deed import (
    Amend,
    Cancel,
    Close,
    Create,
    Deed,
    Erase,
    Feedback,
    LinkCall,
    LinkIncident,
    MarkDispatched,
    MarkInProgress,
    Merge,
    Note,
    Reopen,
    Split,
    Submit,
    UnlinkCall,
    UnlinkIncident,
    Unmerge,
)
from intake.incident.entry import Entry, history
from intake.incident.error import BadValue, DeedRefused, IncidentError, NoSuchIncident, Stale
from intake.incident.fact import TYPES, LinkedCall, Told
from intake.incident.hand import Decided
from intake.incident.incident import Incident, Link, apply, replay
from intake.incident.kind import EventClass, Grade, Relationship, Result, Side
from intake.incident.numbering import DayNumber, day_of
from intake.incident.settings import IncidentType, IncidentTypes
from intake.incident.spot import Box, Spot
from intake.incident.state import INCIDENT, OPEN, OVER, IncidentEvent, IncidentState
from intake.incident.who import Who

__all__ = [
    "INCIDENT",
    "OPEN",
    "OVER",
    "TYPES",
    "Amend",
    "BadValue",
    "Book",
    "Box",
    "Cancel",
    "Catalogue",
    "Close",
    "Content",
    "Create",
    "DayNumber",
    "Decided",
    "Deed",
    "DeedRefused",
    "Done",
    "Entry",
    "Erase",
    "EventClass",
    "Feedback",
    "Grade",
    "Incident",
    "IncidentError",
    "IncidentEvent",
    "IncidentState",
    "IncidentType",
    "IncidentTypes",
    "Link",
    "LinkCall",
    "LinkIncident",
    "LinkedCall",
    "MarkDispatched",
    "MarkInProgress",
    "Merge",
    "NoSuchIncident",
    "Note",
    "Relationship",
    "Reopen",
    "Result",
    "Side",
    "Split",
    "Spot",
    "Stale",
    "Submit",
    "Told",
    "UnlinkCall",
    "UnlinkIncident",
    "Unmerge",
    "Who",
    "apply",
    "day_of",
    "decide",
    "history",
    "replay",
]
