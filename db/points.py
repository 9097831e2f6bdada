"""Points of curves, written and read in bulk with statements of each database's own."""

import math

from sqlalchemy import text
from sqlalchemy.orm import Session

from core.metrics import MetricBatch

# One statement for any number of rows: a parameter per column, not per value.
POSTGRESQL_UPSERT = text(
    """
    INSERT INTO metric_points (series_id, step, value, unix_seconds)
    SELECT :series_id, step, value, unix_seconds
    FROM unnest(CAST(:steps AS BIGINT[]), CAST(:values AS FLOAT8[]), CAST(:times AS FLOAT8[]))
        AS point (step, value, unix_seconds)
    ON CONFLICT (series_id, step) DO UPDATE SET value = excluded.value, unix_seconds = excluded.unix_seconds
    """
)
# SQLite compiles this once and steps through it row by row, without SQLAlchemy's work on every row.
SQLITE_UPSERT = """
    INSERT INTO metric_points (series_id, step, value, unix_seconds) VALUES (?, ?, ?, ?)
    ON CONFLICT (series_id, step) DO UPDATE SET value = excluded.value, unix_seconds = excluded.unix_seconds
    """


def upsert(session: Session, series_id: int, batch: MetricBatch) -> None:
    """Store points, in place of those with the same steps. Where a step comes twice in the batch, the later counts."""
    if session.get_bind().dialect.name == "sqlite":
        # SQLite itself stores NaN as NULL.
        rows = [(series_id, *point) for point in zip(batch.steps, batch.values, batch.times, strict=True)]
        session.connection().exec_driver_sql(SQLITE_UPSERT, rows)
        return
    # PostgreSQL refuses to touch a row twice in one statement.
    points: dict[int, tuple[float | None, float]] = {
        step: (None if math.isnan(value) else value, time)
        for step, value, time in zip(batch.steps, batch.values, batch.times, strict=True)
    }
    session.execute(
        POSTGRESQL_UPSERT,
        {
            "series_id": series_id,
            "steps": list(points),
            "values": [value for value, _ in points.values()],
            "times": [time for _, time in points.values()],
        },
    )
