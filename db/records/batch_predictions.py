"""Tables of batch predictions, and of the attempts at them."""

from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from core.batch_predictions import BatchPlan, RefusedRow
from db.columns import Document
from db.records.jobs import AttemptBase, JobBase, job_indexes, lease_constraints


class BatchPredictionRecord(JobBase):
    """Answers of one model version to the rows of one dataset version.

    Neither version can be deleted before it has ended; both may be afterwards.

    Attributes:
        network_sha256: The ONNX file.
        signature_sha256: The signature, a JSON file.
        dataset_key: Name of the dataset's folder in the store (core.uploads.folder.content_key).
        plan: Rows to answer, and the columns and the format of the result.
        num_refused: Rows that could not be answered; NULL until it has succeeded.
        refused_rows: The first of them, with reasons.
        progress: The fields of core.batch_predictions.BatchProgress.
        result_name: Name for saving the result; NULL until it has succeeded, like the following columns.
        result_sha256: The result, in the artifact store.
    """

    __tablename__ = "batch_predictions"

    model_name: Mapped[str]
    model_version: Mapped[int]
    network_sha256: Mapped[str] = mapped_column(String(64))
    signature_sha256: Mapped[str] = mapped_column(String(64))
    dataset_name: Mapped[str]
    dataset_version: Mapped[int]
    dataset_key: Mapped[str]
    plan: Mapped[BatchPlan] = mapped_column(Document(BatchPlan))
    num_refused: Mapped[int | None] = mapped_column(BigInteger)
    refused_rows: Mapped[tuple[RefusedRow, ...] | None] = mapped_column(Document(tuple[RefusedRow, ...]))
    result_name: Mapped[str | None]
    result_sha256: Mapped[str | None] = mapped_column(String(64), index=True)
    result_num_bytes: Mapped[int | None] = mapped_column(BigInteger)
    result_media_type: Mapped[str | None]

    __table_args__ = (
        *lease_constraints(),
        *job_indexes("batch_predictions"),
        Index("ix_batch_predictions_created_at_id", "created_at", "id"),
        # Also finds the oldest queued one, the few running ones, and those that use a model or a dataset.
        Index("ix_batch_predictions_state_created_at_id", "state", "created_at", "id"),
        Index("ix_batch_predictions_model_name_created_at_id", "model_name", "created_at", "id"),
    )


class BatchAttemptRecord(AttemptBase):
    """One attempt at a batch prediction."""

    __tablename__ = "batch_prediction_attempts"

    batch_prediction_id: Mapped[UUID] = mapped_column(
        ForeignKey(BatchPredictionRecord.id, ondelete="CASCADE"), primary_key=True
    )
