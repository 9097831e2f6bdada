"""Queries of the artifacts of runs. core/artifacts.py stores the files themselves."""

from collections.abc import Collection, Iterable
from uuid import UUID

from sqlalchemy import delete, func, insert, select
from sqlalchemy.orm import Session

from core.artifacts import Artifact
from core.errors import UnknownArtifact, nearest
from db.model_versions import ModelVersion
from db.records.batch_predictions import BatchPredictionRecord
from db.records.registry import ModelVersionRecord
from db.records.runs import ArtifactRecord, CheckpointRecord


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


def find_files(session: Session, versions: Iterable[ModelVersion], name: str) -> dict[int, str]:
    """Return the sha256 of the file of this name by number of the version, of versions of one model that have it."""
    versions = list(versions)
    found = {version.version: version.files[name] for version in versions if name in version.files}
    # Versions that older code registered name no files.
    unnamed = {
        version.run_id: version.version
        for version in versions
        if version.version not in found and version.run_id is not None
    }
    of_runs = (ArtifactRecord.run_id.in_(unnamed), ArtifactRecord.name == name)
    rows = session.execute(select(ArtifactRecord.run_id, ArtifactRecord.sha256).where(*of_runs))
    return found | {unnamed[run_id]: sha256 for run_id, sha256 in rows}


def unreferenced(session: Session, hashes: Iterable[str]) -> list[str]:
    """Return those of these sha256 that no run, checkpoint, model version or batch prediction refers to, sorted."""
    wanted = set(hashes)
    columns = (
        ArtifactRecord.sha256,
        CheckpointRecord.sha256,
        ModelVersionRecord.network_sha256,
        ModelVersionRecord.signature_sha256,
        ModelVersionRecord.reference_sha256,
        BatchPredictionRecord.result_sha256,
    )
    left = wanted
    for column in columns:
        left = left - set(session.scalars(select(column).where(column.in_(left)).distinct()))
    return sorted(left)


def lock_files(session: Session, hashes: Iterable[str]) -> None:
    """Lock the stored files of these sha256 against other transactions until this one ends.

    A transaction that removes a file, or registers files that no run refers to, locks them before it reads the rows.
    """
    # SQLite has one writer at a time: the one that has begun. A transaction begins with its first statement.
    connection = session.connection()
    if connection.dialect.name == "postgresql":
        # In one order, so that no two transactions wait for each other.
        for sha256 in sorted(set(hashes)):
            key = int.from_bytes(bytes.fromhex(sha256[:16]), signed=True)
            session.execute(select(func.pg_advisory_xact_lock(key)))


def hold_files(session: Session, hashes: Collection[str]) -> frozenset[str]:
    """Keep stored files from being removed until the transaction ends, so that it can register them for others.

    Returns:
        The sha256 of those that nothing refers to any more: they may be gone.
    """
    if not hashes:
        return frozenset()
    lock_files(session, hashes)
    return frozenset(unreferenced(session, hashes))


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
    if rows:
        names = [row["name"] for row in rows]
        session.execute(delete(ArtifactRecord).where(ArtifactRecord.run_id == run_id, ArtifactRecord.name.in_(names)))
        session.execute(insert(ArtifactRecord), rows)


def as_artifact(record: ArtifactRecord) -> Artifact:
    """Return a row as an Artifact."""
    return Artifact(name=record.name, sha256=record.sha256, num_bytes=record.num_bytes, media_type=record.media_type)
