"""Files with the weights that runs start from: found when a run is submitted, and kept with it from then on.

The file of a run that starts from another's weights is an artifact of its own, of the same bytes, so that it stays
when the other run is deleted.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from core.artifacts import INITIAL_WEIGHTS, KERAS_MODEL, Artifact
from core.run_state import RunState
from db import artifacts
from db.records.runs import ArtifactRecord, RunRecord

NO_ATTEMPT = 0
"""Number of an attempt that a file has which was there before the first."""


@dataclass(frozen=True, slots=True)
class LearnedWeights:
    """Weights of a run, as far as they are stored.

    Attributes:
        state: State of the run; None if there is none.
        file: The file with its weights; None if it has left none.
    """

    state: RunState | None
    file: Artifact | None


def find(session: Session, run_id: UUID, sha256: str | None) -> LearnedWeights:
    """Find the weights of a run, also of one that was deleted, if another that started from them has kept them.

    Args:
        session: On the database.
        run_id: The run.
        sha256: Hash of its file, if it is known.
    """
    state = session.scalar(select(RunRecord.state).where(RunRecord.id == run_id))
    record = session.get(ArtifactRecord, (run_id, KERAS_MODEL)) if state == RunState.SUCCEEDED else None
    if record is None and state is None and sha256 is not None:
        record = _find_kept(session, run_id, sha256)
    return LearnedWeights(state, None if record is None else artifacts.as_artifact(record))


def _find_kept(session: Session, run_id: UUID, sha256: str) -> ArtifactRecord | None:
    query = (
        select(ArtifactRecord, RunRecord.spec)
        .join(RunRecord, RunRecord.id == ArtifactRecord.run_id)
        .where(ArtifactRecord.sha256 == sha256, ArtifactRecord.name == INITIAL_WEIGHTS)
        .limit(1)
    )
    row = session.execute(query).first()
    # A file holds the time at which it was saved, so no two runs have left the same.
    return row[0] if row is not None and row[1]["initial_weights"].get("run") == str(run_id) else None


def keep(session: Session, files: Iterable[tuple[UUID, Artifact]]) -> None:
    """Keep files with the runs that start from them."""
    rows = [
        {
            "run_id": run_id,
            "name": INITIAL_WEIGHTS,
            "attempt": NO_ATTEMPT,
            "sha256": file.sha256,
            "num_bytes": file.num_bytes,
            "media_type": file.media_type,
        }
        for run_id, file in files
    ]
    if rows:
        session.execute(insert(ArtifactRecord), rows)
