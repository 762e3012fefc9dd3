"""The journal's tables, as SQLAlchemy Core sees them; `migration/` makes them, and a test compares the two.

Rules: texts that are hashed are TEXT, never JSON, so that the database can't rewrite them; sequences are given by
`ledger.py` under the lock of `journal_head`'s one row, never by the database; moments are text (`instant.py`).
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    SmallInteger,
    Table,
    Text,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)
"""Rooms above put their tables into metadata of their own; they may refer to `facts.sequence` by name."""

# In SQLite only an INTEGER primary key is the row's own number; it has 64 bits there as well.
Sequence = BigInteger().with_variant(Integer(), "sqlite")

head = Table(
    "journal_head",
    metadata,
    Column("id", SmallInteger, CheckConstraint("id = 1", name="one_row"), primary_key=True, autoincrement=False),
    Column("journal", Text, nullable=False),
    Column("sequence", Sequence, nullable=False),
    Column("hash", Text, nullable=False),
)
"""The last fact. Who writes holds this row's lock from before the first number to the commit."""

facts = Table(
    "facts",
    metadata,
    Column("sequence", Sequence, primary_key=True, autoincrement=False),
    Column("id", Text, nullable=False, unique=True),
    Column("type", Text, nullable=False),
    Column("time", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("previous", Text, nullable=False),
    Column("hash", Text, nullable=False),
    Index(None, "type", "sequence"),
    Index(None, "time"),
)
"""`id`, `type` and `time` repeat what `text` says, to be found by; `verification.py` compares them."""

personal = Table(
    "fact_personal",
    metadata,
    Column("sequence", Sequence, ForeignKey(facts.c.sequence), primary_key=True, autoincrement=False),
    Column("salt", Text, nullable=False),
    Column("text", Text, nullable=False),
)
"""The part of facts that can be erased, with the salt of its digest."""

subjects = Table(
    "fact_subjects",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("sequence", Sequence, ForeignKey(facts.c.sequence), primary_key=True, autoincrement=False),
    Index(None, "sequence"),
    sqlite_with_rowid=False,
)
"""Which facts are about a call, a seat, an incident."""

signed_heads = Table(
    "signed_heads",
    metadata,
    Column("sequence", Sequence, primary_key=True, autoincrement=False),
    Column("text", Text, nullable=False),
    Column("signature", Text, nullable=False),
)
"""Without a foreign key on purpose: a head must outlive the fact it signs, or nobody would see that it is gone."""

timers = Table(
    "timers",
    metadata,
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("subject_kind", Text, nullable=False),
    Column("subject_id", Text, nullable=False),
    Column("due", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("caused_by", Sequence, ForeignKey(facts.c.sequence), nullable=False),
    Column("ended_by", Sequence, ForeignKey(facts.c.sequence)),
    Column("handed_at", Text),
    Column("handed", Integer, nullable=False),
    Index(None, "state", "due"),
    Index(None, "subject_kind", "subject_id", "state"),
)

promises = Table(
    "promises",
    metadata,
    Column("subject_kind", Text, primary_key=True),
    Column("subject_id", Text, primary_key=True),
    Column("opened_by", Sequence, ForeignKey(facts.c.sequence), nullable=False),
    Column("closed_by", Sequence, ForeignKey(facts.c.sequence)),
    Index(None, "closed_by"),
)
"""Kept by `ledger.py` from the facts alone, so that no room can forget to open or close one."""
