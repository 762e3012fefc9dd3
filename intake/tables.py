"""Intake's own tables, as SQLAlchemy Core sees them; `intake/migration/` makes them, and a test compares the two.

Rules: the journal is the truth, and these rows are what its facts make: those of incidents are written in the same
transaction, those of callers' calls behind. Columns marked `personal` say something about a person: an erasure empties
them. Moments are text (`journal.instant`); lists are canonical JSON.
"""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Double, ForeignKey, Index, Integer, MetaData, Table, Text

from journal.tables import Sequence
from journal.tables import metadata as _journal

metadata = MetaData(naming_convention=_journal.naming_convention)

incidents = Table(
    "incidents",
    metadata,
    Column("id", Text, primary_key=True),
    Column("number", Text, nullable=False, unique=True),
    Column("day", Text, nullable=False),
    Column("serial", Integer, nullable=False),
    Column("version", Integer, nullable=False),
    Column("settled", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("open", Boolean, nullable=False),
    Column("called", Text, nullable=False),
    Column("form", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("event_class", Text),
    Column("grade", Text),
    Column("injured", Integer),
    Column("trapped", Integer),
    Column("involved", Integer),
    Column("hazards", Text, nullable=False),
    Column("flags", Text, nullable=False),
    Column("areas", Text, nullable=False),
    Column("reporter", Text, nullable=False, info={"personal": True}),
    Column("callback", Text, nullable=False, info={"personal": True}),
    Column("place", Text, nullable=False, info={"personal": True}),
    Column("lat", Double, info={"personal": True}),
    Column("lon", Double, info={"personal": True}),
    Column("spot", Text, info={"personal": True}),
    Column("summary", Text, nullable=False, info={"personal": True}),
    Column("result", Text),
    Column("merged_into", Text, ForeignKey("incidents.id")),
    Column("merged", Text, nullable=False),
    Column("split_from", Text, ForeignKey("incidents.id")),
    Column("split_version", Integer),
    Column("split_into", Text, nullable=False),
    Column("created_at", Text, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("changed_at", Text, nullable=False),
    Column("changed_by", Text, nullable=False),
    Column("submitted_at", Text),
    Column("ended_at", Text),
    Column("erased", Boolean, nullable=False),
    Index(None, "day", "serial", unique=True),
    Index(None, "open", "day", "serial"),
    Index(None, "state", "day", "serial"),
    Index(None, "merged_into"),
    Index(None, "split_from"),
    Index(None, "lat", "lon"),
    Index(None, "erased", "ended_at"),
)
"""`open` repeats what `state` and `merged_into` say, as one value: so an index finds the few open ones among all."""

incident_calls = Table(
    "incident_calls",
    metadata,
    Column("incident", Text, ForeignKey("incidents.id"), primary_key=True),
    Column("call", Text, primary_key=True),
    Column("place", Integer, nullable=False),
    Column("at", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("caller", Text, nullable=False, info={"personal": True}),
    Index(None, "call"),
)
"""Which calls an incident is about; `place` keeps their order, and has gaps."""

incident_links = Table(
    "incident_links",
    metadata,
    Column("incident", Text, ForeignKey("incidents.id"), primary_key=True),
    Column("other", Text, ForeignKey("incidents.id"), primary_key=True),
    Column("place", Integer, nullable=False),
    Column("relationship", Text, nullable=False),
)
"""Both directions stand here."""

incident_numbers = Table(
    "incident_numbers",
    metadata,
    Column("key", Text, primary_key=True, info={"personal": True}),
    Column("incident", Text, ForeignKey("incidents.id"), primary_key=True),
    Index(None, "incident"),
)
"""By which telephone numbers an incident is found: of its call-back and its calls, as `NumberForm` folds them."""

incident_days = Table(
    "incident_days",
    metadata,
    Column("day", Text, primary_key=True),
    Column("last", Integer, nullable=False),
)
"""The last number of each day; it only grows."""

caller_calls = Table(
    "caller_calls",
    metadata,
    Column("call", Text, primary_key=True),
    Column("key", Text, nullable=False, info={"personal": True}),
    Column("caller", Text, nullable=False, info={"personal": True}),
    Column("called", Text, nullable=False),
    Column("arrived_at", Text),
    Column("answered_at", Text),
    Column("seat", Text),
    Column("person", Text),
    Column("ended_at", Text),
    Index(None, "key", "arrived_at"),
    Index(None, "arrived_at"),
)
"""What the journal tells of each call, by the number that called.

The journal finds facts by call, not by the number in their erasable part; a look through a million of them takes some
tenths of a second of a core, at every ring. `key` is `NumberForm.key(caller)`; empty when the number was withheld, or
erased. The rows are made of facts (`history/projecting.py`) and can be made anew.
"""

projections = Table(
    "intake_projections",
    metadata,
    Column("name", Text, primary_key=True),
    Column("sequence", Sequence, nullable=False),
)
"""Up to which fact each table that is made of facts has come."""
