"""Route for the checkpoints of a run."""

from datetime import datetime

from api.auth.access import READ
from api.checkpoints.examples import CHECKPOINTS
from api.http.parameters import RunId
from api.http.schemas import AnswerModel, MeasuredNumber
from api.openapi.operations import UNKNOWN_RUN, Resource, answers
from api.service import ServiceParameter
from db import checkpoints, runs


class CheckpointEntry(AnswerModel):
    """Checkpoint of a run."""

    step: int
    """Training steps taken."""
    epoch: int
    """Epochs finished."""
    attempt: int
    """Attempt that wrote it; 0 if it is that of the run that this one goes on from."""
    monitor: str | None
    """Metric by which checkpoints are compared, that of early stopping or the loss; null in the middle of an epoch."""
    value: MeasuredNumber | None
    is_best: bool
    num_bytes: int
    sha256: str
    created_at: datetime


class CheckpointList(AnswerModel):
    """Checkpoints of a run."""

    items: list[CheckpointEntry]
    """Newest first."""


router = Resource("checkpoints", "Saved states that a run goes on from.", prefix="/v1/runs/{run_id}")


@router.get(
    "/checkpoints",
    summary="List the checkpoints of a run",
    dependencies=[READ],
    responses=answers({"items": CHECKPOINTS}, UNKNOWN_RUN),
)
def list_checkpoints(run_id: RunId, service: ServiceParameter) -> CheckpointList:
    """Return the checkpoints that are kept, newest first: the next attempt at the run goes on from the first.

    Two are kept while a run has not succeeded, afterwards one, which `:continue` goes on from; and always the best.
    """
    with service.database.reading() as session:
        runs.get(session, run_id)
        found = checkpoints.list_of_run(session, run_id)
    return CheckpointList(
        items=[
            CheckpointEntry(
                step=record.step,
                epoch=record.epoch,
                attempt=record.attempt,
                monitor=record.monitor,
                value=record.value,
                is_best=record.is_best,
                num_bytes=record.num_bytes,
                sha256=record.sha256,
                created_at=record.created_at,
            )
            for record in found
        ]
    )
