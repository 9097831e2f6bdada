"""Tables of metrics: the curves of runs and their points."""

from uuid import UUID

from sqlalchemy import BigInteger, Double, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from db.columns import MetricValue, SeriesId
from db.records.base import Base
from db.records.runs import RunRecord


class MetricSeriesRecord(Base):
    """One curve of a run with its summary.

    Attributes:
        key: Name of the curve, such as `train/loss`.
        count: Number of points.
        min: Least value, with the first step at which it was reached; NaN, without a step, while every value is NaN.
        max: Greatest value, likewise.
        best: The least or greatest value, by the direction of the metric (core.specs.metrics.find_direction), with the
            first step at which it was reached; NULL where no direction is known, and while every value is NaN.
    """

    __tablename__ = "metric_series"

    id: Mapped[int] = mapped_column(SeriesId, primary_key=True)
    run_id: Mapped[UUID] = mapped_column(ForeignKey(RunRecord.id, ondelete="CASCADE"))
    key: Mapped[str]
    count: Mapped[int] = mapped_column(BigInteger)
    first_step: Mapped[int] = mapped_column(BigInteger)
    first: Mapped[float] = mapped_column(MetricValue, nullable=True)
    last_step: Mapped[int] = mapped_column(BigInteger)
    last: Mapped[float] = mapped_column(MetricValue, nullable=True)
    min_step: Mapped[int | None] = mapped_column(BigInteger)
    min: Mapped[float] = mapped_column(MetricValue, nullable=True)
    max_step: Mapped[int | None] = mapped_column(BigInteger)
    max: Mapped[float] = mapped_column(MetricValue, nullable=True)
    best_step: Mapped[int | None] = mapped_column(BigInteger)
    best: Mapped[float | None] = mapped_column(Double)

    __table_args__ = (
        UniqueConstraint("run_id", "key"),
        # Lists of runs are filtered and sorted by these, least quickly by min and max.
        Index("ix_metric_series_best", "key", "best", "run_id", "min", "max"),
        Index("ix_metric_series_last", "key", "last", "run_id"),
    )


class MetricPointRecord(Base):
    """One point of a curve that was stored before revision 0012; later ones are in chunks.

    It has no foreign key to its series: PostgreSQL would check it for every point stored. db/metrics.py deletes points
    before their series, and makes chunks of them once points are appended.

    Attributes:
        unix_seconds: Time of measurement, by the trainer's clock.
    """

    __tablename__ = "metric_points"

    series_id: Mapped[int] = mapped_column(SeriesId, primary_key=True, autoincrement=False)
    step: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    value: Mapped[float] = mapped_column(MetricValue, nullable=True)
    unix_seconds: Mapped[float] = mapped_column(Double)

    # SQLite stores the points of a series side by side in step order, in the tree of the key alone.
    __table_args__ = {"sqlite_with_rowid": False}  # noqa: RUF012 - SQLAlchemy reads this class attribute once.


class MetricChunkRecord(Base):
    """Points of a curve that follow one another, as one block (core/curves/encoding.py).

    All chunks of a curve but the last are full. db/metrics.py is the only writer.

    Attributes:
        first_step: Step of the first point.
        count: Number of points.
        min: Least value, with the first step at which it was reached; NaN, without a step, while every value is NaN.
        max: Greatest value, likewise.
    """

    __tablename__ = "metric_chunks"

    series_id: Mapped[int] = mapped_column(
        SeriesId, ForeignKey(MetricSeriesRecord.id, ondelete="CASCADE"), primary_key=True
    )
    first_step: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    last_step: Mapped[int] = mapped_column(BigInteger)
    count: Mapped[int]
    min_step: Mapped[int | None] = mapped_column(BigInteger)
    min: Mapped[float] = mapped_column(MetricValue, nullable=True)
    max_step: Mapped[int | None] = mapped_column(BigInteger)
    max: Mapped[float] = mapped_column(MetricValue, nullable=True)
    points: Mapped[bytes]


class MetricRollupRecord(Base):
    """Ranges of a long curve that follow one another, as one block, for quick views (db/rollups.py).

    Attributes:
        level: 1 for ranges of points; each further level merges ranges of the one before.
        first_step: Last step of the first range.
        last_step: Last step of the last range.
        count: Number of ranges.
    """

    __tablename__ = "metric_rollups"

    series_id: Mapped[int] = mapped_column(
        SeriesId, ForeignKey(MetricSeriesRecord.id, ondelete="CASCADE"), primary_key=True
    )
    level: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    first_step: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    last_step: Mapped[int] = mapped_column(BigInteger)
    count: Mapped[int]
    ranges: Mapped[bytes]
