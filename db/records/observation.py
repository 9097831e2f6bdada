"""Table of what served model versions were asked and answered."""

from datetime import datetime

from sqlalchemy import ForeignKeyConstraint
from sqlalchemy.orm import Mapped, mapped_column

from core.observation.summaries import ServedCounts
from db.columns import Document
from db.records.base import Base
from db.records.registry import ModelVersionRecord


class ServingSummaryRecord(Base):
    """Counts of a model version's served rows in an hour, or later in a day; all processes add to them.

    Attributes:
        started_at: Begin of the hour or day in UTC.
        num_seconds: Length, of an hour or of a day.
        layout: Fingerprint of the columns and bins.
    """

    __tablename__ = "serving_summaries"

    model_name: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    started_at: Mapped[datetime] = mapped_column(primary_key=True)
    num_seconds: Mapped[int] = mapped_column(primary_key=True)
    layout: Mapped[str] = mapped_column(primary_key=True)
    counts: Mapped[ServedCounts] = mapped_column(Document(ServedCounts))

    __table_args__ = (
        ForeignKeyConstraint(
            ["model_name", "version"],
            [ModelVersionRecord.model_name, ModelVersionRecord.version],
            ondelete="CASCADE",
            name="fk_serving_summaries_version",
        ),
    )
