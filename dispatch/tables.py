"""Dispatch's own tables, as SQLAlchemy Core sees them; `migration/` makes them, and a test compares the two.

Rules: moments are text (`journal.instant`), which sorts as they do; lists and ladders are canonical JSON in TEXT. What
tells of people can be emptied: an order's text, and the words of a report. Duty lines are the departments' own.
"""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Float, ForeignKey, Index, Integer, MetaData, Table, Text, UniqueConstraint

from journal.tables import metadata as journal_metadata

metadata = MetaData(naming_convention=journal_metadata.naming_convention)

started_plans = Table(
    "started_plans",
    metadata,
    Column("incident", Text, primary_key=True),
    Column("plan", Text, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("content", Text, nullable=False),
    Column("why", Text, nullable=False),
    Column("started_at", Text, nullable=False),
    Column("started_by", Text, nullable=False),
)
"""The plans that an incident has started, each as it was: `content` is the whole plan."""

orders = Table(
    "orders",
    metadata,
    Column("id", Text, primary_key=True),
    Column("incident", Text, nullable=False),
    Column("department", Text, nullable=False),
    Column("day", Text, nullable=False),
    Column("serial", Integer, nullable=False),
    Column("code", Text, nullable=False),
    Column("plan", Text),
    Column("language", Text, nullable=False),
    Column("text", Text),
    Column("ladder", Text, nullable=False),
    Column("priority", Integer, nullable=False),
    Column("deadline_s", Integer, nullable=False),
    Column("prompt_s", Float, nullable=False),
    Column("issued_at", Text, nullable=False),
    Column("issued_by", Text, nullable=False),
    Column("progress", Text, nullable=False),
    Column("round", Integer, nullable=False),
    Column("wanted", Boolean, nullable=False),
    UniqueConstraint("day", "serial"),
    Index(None, "incident"),
    Index(None, "wanted"),
    Index(None, "code"),
)
"""What was ordered, and how far it is. `wanted`: a new life of the engine has to know of it."""

notifications = Table(
    "notifications",
    metadata,
    Column("order_id", Text, ForeignKey(orders.c.id), primary_key=True),
    Column("round", Integer, primary_key=True),
    Column("state", Text, nullable=False),
    Column("began_at", Text, nullable=False),
    Column("due", Text, nullable=False),
    Column("told", Integer, nullable=False),
    Column("why", Text),
    Column("acknowledged_by", Text),
    Column("acknowledged_at", Text),
    Column("how", Text),
)
"""Reaching the department, a row a round. `acknowledged_by` is the attempt whose key did it, if a key did."""

attempts = Table(
    "attempts",
    metadata,
    Column("id", Text, primary_key=True),
    Column("order_id", Text, ForeignKey(orders.c.id), nullable=False),
    Column("fence", Integer, nullable=False, unique=True),
    Column("round", Integer, nullable=False),
    Column("rung", Integer, nullable=False),
    Column("line", Text, nullable=False),
    Column("repeats", Boolean, nullable=False),
    Column("decided_at", Text, nullable=False),
    Column("outcome", Text),
    Column("outcome_at", Text),
    Column("heard", Boolean, nullable=False),
    Column("ended", Boolean, nullable=False),
    Index(None, "order_id"),
)
"""Every dial. `outcome` may stand before the end: that of a key is known while the line is still up."""

feedback = Table(
    "feedback",
    metadata,
    Column("order_id", Text, ForeignKey(orders.c.id), primary_key=True),
    Column("id", Text, primary_key=True),
    Column("at", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("progress", Text),
    Column("words", Text),
)
"""What departments have reported."""
