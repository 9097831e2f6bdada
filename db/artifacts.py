"""Queries of the artifacts of runs. core/artifacts.py stores the files themselves."""

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from core.artifacts import Artifact
from core.errors import UnknownArtifact, nearest
from db.records.batch_predictions import BatchPredictionRecord
from db.records.registry import ModelVersionRecord
from db.records.runs import ArtifactRecord


def list_for_run(session: Session, run_id: UUID) -> list[Artifact]:
    """Return the artifacts of a run by name; an empty list for an unknown run."""
    query = select(ArtifactRecord).where(ArtifactRecord.run_id == run_id).order_by(ArtifactRecord.name)
    return [as_artifact(record) for record in session.scalars(query)]


def get(session: Session, run_id: UUID, name: str) -> Artifact:
    """Return one artifact of a run.

    Raises:
        UnknownArtifact: If there is none; names the nearest of the run.
    """
    record = session.get(ArtifactRecord, (run_id, name))
    if record is None:
        known = [artifact.name for artifact in list_for_run(session, run_id)]
        raise UnknownArtifact(f"Run {run_id} has no artifact '{name}'.{nearest(name, known)}")
    return as_artifact(record)


def unreferenced(session: Session, hashes: Iterable[str]) -> list[str]:
    """Return those of these sha256 that no run, model version or batch prediction refers to, sorted."""
    wanted = set(hashes)
    columns = (
        ArtifactRecord.sha256,
        ModelVersionRecord.network_sha256,
        ModelVersionRecord.signature_sha256,
        ModelVersionRecord.reference_sha256,
        BatchPredictionRecord.result_sha256,
    )
    left = wanted
    for column in columns:
        left = left - set(session.scalars(select(column).where(column.in_(left)).distinct()))
    return sorted(left)


def replace(session: Session, run_id: UUID, attempt: int, artifacts: Iterable[Artifact]) -> None:
    """Store artifacts of an attempt, replacing those with the same names. Only a fenced transaction may call this."""
    rows = [
        {
            "run_id": run_id,
            "attempt": attempt,
            "name": artifact.name,
            "sha256": artifact.sha256,
            "num_bytes": artifact.num_bytes,
            "media_type": artifact.media_type,
        }
        for artifact in artifacts
    ]
    if not rows:
        return
    names = [row["name"] for row in rows]
    session.execute(delete(ArtifactRecord).where(ArtifactRecord.run_id == run_id, ArtifactRecord.name.in_(names)))
    session.execute(insert(ArtifactRecord), rows)


def as_artifact(record: ArtifactRecord) -> Artifact:
    """Return a row as an Artifact."""
    return Artifact(name=record.name, sha256=record.sha256, num_bytes=record.num_bytes, media_type=record.media_type)
