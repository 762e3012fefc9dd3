"""Intake's first tables: incidents and what is beside them, callers' calls; `intake/tables.py` says what each is for.

Nothing of it is imported here, because a version never changes.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "intake_0001"
down_revision = None
branch_labels = ("intake",)
depends_on = "journal_0001"


def upgrade() -> None:
    """From nothing."""
    op.create_table(
        "incidents",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("number", sa.Text, nullable=False),
        sa.Column("day", sa.Text, nullable=False),
        sa.Column("serial", sa.Integer, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("settled", sa.Integer, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("open", sa.Boolean, nullable=False),
        sa.Column("called", sa.Text, nullable=False),
        sa.Column("form", sa.Text, nullable=False),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("event_class", sa.Text),
        sa.Column("grade", sa.Text),
        sa.Column("injured", sa.Integer),
        sa.Column("trapped", sa.Integer),
        sa.Column("involved", sa.Integer),
        sa.Column("hazards", sa.Text, nullable=False),
        sa.Column("flags", sa.Text, nullable=False),
        sa.Column("areas", sa.Text, nullable=False),
        sa.Column("reporter", sa.Text, nullable=False),
        sa.Column("callback", sa.Text, nullable=False),
        sa.Column("place", sa.Text, nullable=False),
        sa.Column("lat", sa.Double),
        sa.Column("lon", sa.Double),
        sa.Column("spot", sa.Text),
        sa.Column("summary", sa.Text, nullable=False),
        sa.Column("result", sa.Text),
        sa.Column("merged_into", sa.Text),
        sa.Column("merged", sa.Text, nullable=False),
        sa.Column("split_from", sa.Text),
        sa.Column("split_version", sa.Integer),
        sa.Column("split_into", sa.Text, nullable=False),
        sa.Column("created_at", sa.Text, nullable=False),
        sa.Column("created_by", sa.Text, nullable=False),
        sa.Column("changed_at", sa.Text, nullable=False),
        sa.Column("changed_by", sa.Text, nullable=False),
        sa.Column("submitted_at", sa.Text),
        sa.Column("ended_at", sa.Text),
        sa.Column("erased", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_incidents"),
        sa.UniqueConstraint("number", name="uq_incidents_number"),
        sa.ForeignKeyConstraint(["merged_into"], ["incidents.id"], name="fk_incidents_merged_into"),
        sa.ForeignKeyConstraint(["split_from"], ["incidents.id"], name="fk_incidents_split_from"),
    )
    op.create_index("ix_incidents_day_serial", "incidents", ["day", "serial"], unique=True)
    op.create_index("ix_incidents_open_day_serial", "incidents", ["open", "day", "serial"])
    op.create_index("ix_incidents_state_day_serial", "incidents", ["state", "day", "serial"])
    op.create_index("ix_incidents_merged_into", "incidents", ["merged_into"])
    op.create_index("ix_incidents_split_from", "incidents", ["split_from"])
    op.create_index("ix_incidents_lat_lon", "incidents", ["lat", "lon"])
    op.create_index("ix_incidents_erased_ended_at", "incidents", ["erased", "ended_at"])
    op.create_table(
        "incident_calls",
        sa.Column("incident", sa.Text, nullable=False),
        sa.Column("call", sa.Text, nullable=False),
        sa.Column("place", sa.Integer, nullable=False),
        sa.Column("at", sa.Text, nullable=False),
        sa.Column("by", sa.Text, nullable=False),
        sa.Column("caller", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("incident", "call", name="pk_incident_calls"),
        sa.ForeignKeyConstraint(["incident"], ["incidents.id"], name="fk_incident_calls_incident"),
    )
    op.create_index("ix_incident_calls_call", "incident_calls", ["call"])
    op.create_table(
        "incident_links",
        sa.Column("incident", sa.Text, nullable=False),
        sa.Column("other", sa.Text, nullable=False),
        sa.Column("place", sa.Integer, nullable=False),
        sa.Column("relationship", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("incident", "other", name="pk_incident_links"),
        sa.ForeignKeyConstraint(["incident"], ["incidents.id"], name="fk_incident_links_incident"),
        sa.ForeignKeyConstraint(["other"], ["incidents.id"], name="fk_incident_links_other"),
    )
    op.create_table(
        "incident_numbers",
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("incident", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("key", "incident", name="pk_incident_numbers"),
        sa.ForeignKeyConstraint(["incident"], ["incidents.id"], name="fk_incident_numbers_incident"),
    )
    op.create_index("ix_incident_numbers_incident", "incident_numbers", ["incident"])
    op.create_table(
        "incident_days",
        sa.Column("day", sa.Text, nullable=False),
        sa.Column("last", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("day", name="pk_incident_days"),
    )
    op.create_table(
        "caller_calls",
        sa.Column("call", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("caller", sa.Text, nullable=False),
        sa.Column("called", sa.Text, nullable=False),
        sa.Column("arrived_at", sa.Text),
        sa.Column("answered_at", sa.Text),
        sa.Column("seat", sa.Text),
        sa.Column("person", sa.Text),
        sa.Column("ended_at", sa.Text),
        sa.PrimaryKeyConstraint("call", name="pk_caller_calls"),
    )
    op.create_index("ix_caller_calls_key_arrived_at", "caller_calls", ["key", "arrived_at"])
    op.create_index("ix_caller_calls_arrived_at", "caller_calls", ["arrived_at"])
    op.create_table(
        "intake_projections",
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("sequence", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_intake_projections"),
    )
