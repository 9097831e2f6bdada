"""Response bodies of runs, from their rows."""

from collections.abc import Sequence
from zlib import crc32

from api.artifacts.files import describe_artifact
from api.http.schemas import NoticeEntry
from api.runs.schemas import Attempt, Run, RunMetric
from api.runs.summaries import summarise
from core.artifacts import Artifact
from core.workers import Waits
from db.metrics import Summary
from db.records.metrics import MetricSeriesRecord
from db.records.queued_runs import QueuedRun
from db.records.runs import AttemptRecord, RunRecord


def run_etag(record: RunRecord, waits: Waits | None = None) -> str:
    """Return an ETag that changes with every field of the response.

    It is a strong one, as If-Match needs (RFC 9110 section 13.1.1): every change that is shown has a revision of its
    own, and the same revision is written in the same bytes.
    """
    if waits is None:
        return f'"{record.revision}"'
    # The reason to wait can change although the run does not.
    waiting_for = waits.of(record.submitted_by, record.retry_at)
    wait = crc32(f"{waiting_for.kind} {waiting_for.detail}".encode())
    return f'"{record.revision}-{wait:08x}"'


def is_revision(if_match: str, record: RunRecord) -> bool:
    """Return True if If-Match names the revision of the run, for whatever reason it waited then.

    Weak ETags count as well: a proxy that compresses responses makes the strong ones weak.
    """
    tags = [tag.strip().removeprefix("W/") for tag in if_match.split(",")]
    return "*" in tags or str(record.revision) in [tag.strip('"').partition("-")[0] for tag in tags]


def describe(
    record: RunRecord | QueuedRun,
    waits: Waits | None,
    *,
    metrics: Sequence[Summary] = (),
    attempts: Sequence[AttemptRecord] = (),
    artifacts: Sequence[Artifact] = (),
) -> Run:
    """Return a run in full."""
    return Run(
        **summarise(record, waits),
        warnings=[NoticeEntry.of(notice) for notice in record.warnings],
        environment=record.environment,
        metrics={summary.key: describe_metric(summary) for summary in metrics},
        attempts=[
            Attempt(
                number=attempt.number,
                owner=attempt.owner,
                started_at=attempt.started_at,
                ended_at=attempt.ended_at,
                outcome=attempt.outcome,
                detail=attempt.detail,
                resumed_at_step=attempt.resumed_at_step,
            )
            for attempt in attempts
        ],
        artifacts=[describe_artifact(artifact) for artifact in artifacts],
        spec=record.spec,
    )


def describe_metric(summary: Summary | MetricSeriesRecord) -> RunMetric:
    """Return the summary of a curve."""
    return RunMetric(
        last=summary.last,
        last_step=summary.last_step,
        min=summary.min,
        min_step=summary.min_step,
        max=summary.max,
        max_step=summary.max_step,
        best=summary.best,
        best_step=summary.best_step,
    )
