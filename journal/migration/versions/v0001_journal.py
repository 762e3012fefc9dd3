"""The journal's first tables; `tables.py` says what each is for.

Nothing of it is imported here, because a version never changes.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "journal_0001"
down_revision = None
branch_labels = ("journal",)
depends_on = None


def upgrade() -> None:
    """From nothing."""
    sequence = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "journal_head",
        sa.Column("id", sa.SmallInteger, autoincrement=False, nullable=False),
        sa.Column("journal", sa.Text, nullable=False),
        sa.Column("sequence", sequence, nullable=False),
        sa.Column("hash", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_journal_head"),
        sa.CheckConstraint("id = 1", name="ck_journal_head_one_row"),
    )
    op.create_table(
        "facts",
        sa.Column("sequence", sequence, autoincrement=False, nullable=False),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("time", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("previous", sa.Text, nullable=False),
        sa.Column("hash", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("sequence", name="pk_facts"),
        sa.UniqueConstraint("id", name="uq_facts_id"),
    )
    op.create_index("ix_facts_type_sequence", "facts", ["type", "sequence"])
    op.create_index("ix_facts_time", "facts", ["time"])
    op.create_table(
        "fact_personal",
        sa.Column("sequence", sequence, autoincrement=False, nullable=False),
        sa.Column("salt", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("sequence", name="pk_fact_personal"),
        sa.ForeignKeyConstraint(["sequence"], ["facts.sequence"], name="fk_fact_personal_sequence"),
    )
    op.create_table(
        "fact_subjects",
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("sequence", sequence, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("kind", "id", "sequence", name="pk_fact_subjects"),
        sa.ForeignKeyConstraint(["sequence"], ["facts.sequence"], name="fk_fact_subjects_sequence"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_fact_subjects_sequence", "fact_subjects", ["sequence"])
    op.create_table(
        "signed_heads",
        sa.Column("sequence", sequence, autoincrement=False, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("signature", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("sequence", name="pk_signed_heads"),
    )
    op.create_table(
        "timers",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("subject_kind", sa.Text, nullable=False),
        sa.Column("subject_id", sa.Text, nullable=False),
        sa.Column("due", sa.Text, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("caused_by", sequence, nullable=False),
        sa.Column("ended_by", sequence),
        sa.Column("handed_at", sa.Text),
        sa.Column("handed", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_timers"),
        sa.ForeignKeyConstraint(["caused_by"], ["facts.sequence"], name="fk_timers_caused_by"),
        sa.ForeignKeyConstraint(["ended_by"], ["facts.sequence"], name="fk_timers_ended_by"),
    )
    op.create_index("ix_timers_state_due", "timers", ["state", "due"])
    op.create_index("ix_timers_subject_kind_subject_id_state", "timers", ["subject_kind", "subject_id", "state"])
    op.create_table(
        "promises",
        sa.Column("subject_kind", sa.Text, nullable=False),
        sa.Column("subject_id", sa.Text, nullable=False),
        sa.Column("opened_by", sequence, nullable=False),
        sa.Column("closed_by", sequence),
        sa.PrimaryKeyConstraint("subject_kind", "subject_id", name="pk_promises"),
        sa.ForeignKeyConstraint(["opened_by"], ["facts.sequence"], name="fk_promises_opened_by"),
        sa.ForeignKeyConstraint(["closed_by"], ["facts.sequence"], name="fk_promises_closed_by"),
    )
    op.create_index("ix_promises_closed_by", "promises", ["closed_by"])
