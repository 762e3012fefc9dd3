"""Dispatch's first tables: started plans, orders, notifications, attempts; `dispatch/tables.py` says what each is for.

Nothing of it is imported here, because a version never changes.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "dispatch_0001"
down_revision = None
branch_labels = ("dispatch",)
depends_on = "journal_0001"


def upgrade() -> None:
    """From nothing."""
    op.create_table(
        "started_plans",
        sa.Column("incident", sa.Text, nullable=False),
        sa.Column("plan", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("content", sa.Text, nullable=False),
        sa.Column("why", sa.Text, nullable=False),
        sa.Column("started_at", sa.Text, nullable=False),
        sa.Column("started_by", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("incident", "plan", name="pk_started_plans"),
    )
    op.create_table(
        "orders",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("incident", sa.Text, nullable=False),
        sa.Column("department", sa.Text, nullable=False),
        sa.Column("day", sa.Text, nullable=False),
        sa.Column("serial", sa.Integer, nullable=False),
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("plan", sa.Text),
        sa.Column("language", sa.Text, nullable=False),
        sa.Column("text", sa.Text),
        sa.Column("ladder", sa.Text, nullable=False),
        sa.Column("priority", sa.Integer, nullable=False),
        sa.Column("deadline_s", sa.Integer, nullable=False),
        sa.Column("prompt_s", sa.Float, nullable=False),
        sa.Column("issued_at", sa.Text, nullable=False),
        sa.Column("issued_by", sa.Text, nullable=False),
        sa.Column("progress", sa.Text, nullable=False),
        sa.Column("round", sa.Integer, nullable=False),
        sa.Column("wanted", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_orders"),
        sa.UniqueConstraint("day", "serial", name="uq_orders_day_serial"),
    )
    op.create_index("ix_orders_incident", "orders", ["incident"])
    op.create_index("ix_orders_wanted", "orders", ["wanted"])
    op.create_index("ix_orders_code", "orders", ["code"])
    op.create_table(
        "notifications",
        sa.Column("order_id", sa.Text, nullable=False),
        sa.Column("round", sa.Integer, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("began_at", sa.Text, nullable=False),
        sa.Column("due", sa.Text, nullable=False),
        sa.Column("told", sa.Integer, nullable=False),
        sa.Column("why", sa.Text),
        sa.Column("acknowledged_by", sa.Text),
        sa.Column("acknowledged_at", sa.Text),
        sa.Column("how", sa.Text),
        sa.PrimaryKeyConstraint("order_id", "round", name="pk_notifications"),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name="fk_notifications_order_id"),
    )
    op.create_table(
        "attempts",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("order_id", sa.Text, nullable=False),
        sa.Column("fence", sa.Integer, nullable=False),
        sa.Column("round", sa.Integer, nullable=False),
        sa.Column("rung", sa.Integer, nullable=False),
        sa.Column("line", sa.Text, nullable=False),
        sa.Column("repeats", sa.Boolean, nullable=False),
        sa.Column("decided_at", sa.Text, nullable=False),
        sa.Column("outcome", sa.Text),
        sa.Column("outcome_at", sa.Text),
        sa.Column("heard", sa.Boolean, nullable=False),
        sa.Column("ended", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_attempts"),
        sa.UniqueConstraint("fence", name="uq_attempts_fence"),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name="fk_attempts_order_id"),
    )
    op.create_index("ix_attempts_order_id", "attempts", ["order_id"])
    op.create_table(
        "feedback",
        sa.Column("order_id", sa.Text, nullable=False),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("at", sa.Text, nullable=False),
        sa.Column("by", sa.Text, nullable=False),
        sa.Column("progress", sa.Text),
        sa.Column("words", sa.Text),
        sa.PrimaryKeyConstraint("order_id", "id", name="pk_feedback"),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name="fk_feedback_order_id"),
    )
