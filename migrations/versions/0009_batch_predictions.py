"""Store batch predictions and the attempts at them.

Revision 0009, after 0008. Older code goes on working.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision: str | None = "0008"

Json = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "batch_predictions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("num_crashes", sa.Integer(), nullable=False),
        sa.Column("max_attempts", sa.Integer(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=True),
        sa.Column("lease_expires_at", sa.BigInteger(), nullable=True),
        sa.Column("cancel_requested_at", sa.BigInteger(), nullable=True),
        sa.Column("progress", Json, nullable=True),
        sa.Column("progress_at", sa.BigInteger(), nullable=True),
        sa.Column("error", Json, nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("queued_at", sa.BigInteger(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=True),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("model_name", sa.Text(), nullable=False),
        sa.Column("model_version", sa.Integer(), nullable=False),
        sa.Column("network_sha256", sa.String(64), nullable=False),
        sa.Column("signature_sha256", sa.String(64), nullable=False),
        sa.Column("dataset_name", sa.Text(), nullable=False),
        sa.Column("dataset_version", sa.Integer(), nullable=False),
        sa.Column("dataset_key", sa.Text(), nullable=False),
        sa.Column("plan", Json, nullable=False),
        sa.Column("num_refused", sa.BigInteger(), nullable=True),
        sa.Column("refused_rows", Json, nullable=True),
        sa.Column("result_name", sa.Text(), nullable=True),
        sa.Column("result_sha256", sa.String(64), nullable=True),
        sa.Column("result_num_bytes", sa.BigInteger(), nullable=True),
        sa.Column("result_media_type", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_batch_predictions"),
        sa.CheckConstraint(
            "(state = 'running') = (owner IS NOT NULL)", name=op.f("ck_batch_predictions_owned_while_running")
        ),
        sa.CheckConstraint(
            "(state = 'running') = (lease_expires_at IS NOT NULL)",
            name=op.f("ck_batch_predictions_leased_while_running"),
        ),
    )
    op.create_index("ix_batch_predictions_created_at_id", "batch_predictions", ["created_at", "id"])
    op.create_index("ix_batch_predictions_state_created_at_id", "batch_predictions", ["state", "created_at", "id"])
    op.create_index(
        "ix_batch_predictions_model_name_created_at_id", "batch_predictions", ["model_name", "created_at", "id"]
    )
    op.create_index("ix_batch_predictions_result_sha256", "batch_predictions", ["result_sha256"])
    op.create_table(
        "batch_prediction_attempts",
        sa.Column("batch_prediction_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("outcome", sa.String(16), nullable=True),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("batch_prediction_id", "number", name="pk_batch_prediction_attempts"),
        sa.ForeignKeyConstraint(
            ["batch_prediction_id"],
            ["batch_predictions.id"],
            name="fk_batch_prediction_attempts_batch_prediction_id",
            ondelete="CASCADE",
        ),
    )


def downgrade() -> None:
    """Drop the tables."""
    op.drop_table("batch_prediction_attempts")
    op.drop_table("batch_predictions")
