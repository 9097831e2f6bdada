"""Queries of models as predictions address them."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, select, update
from sqlalchemy.orm import Session

from core.artifacts import ONNX_MODEL, SIGNATURE
from core.served_models import ServedModel, ServedVersion
from db import alias_targets, model_versions
from db.records.registry import ModelRecord, ModelVersionRecord
from db.records.runs import ArtifactRecord
from db.unknown_models import MAX_VERSION


def read(session: Session, model_name: str) -> ServedModel | None:
    """Return a model with all its versions and aliases; None if it has no version."""
    is_unloaded = session.scalar(select(ModelRecord.is_unloaded).where(ModelRecord.name == model_name))
    if is_unloaded is None:
        return None
    versions = session.execute(
        _select_versions()
        .where(ModelVersionRecord.model_name == model_name)
        .order_by(ModelVersionRecord.version.desc())
    ).all()
    if not versions:
        return None
    return ServedModel(
        name=model_name,
        is_unloaded=is_unloaded,
        versions={row[0]: ServedVersion(*row) for row in versions},
        aliases={alias: targets for (_, alias), targets in alias_targets.load(session, [model_name]).items()},
    )


@dataclass(frozen=True, slots=True)
class ListedVersion:
    """A version in the list of all.

    Attributes:
        is_unloaded: True if a client has unloaded the model.
    """

    model_name: str
    version: int
    is_unloaded: bool


def list_versions(session: Session) -> list[ListedVersion]:
    """Return every version of every model, by name and number."""
    statement = (
        select(ModelRecord.name, ModelVersionRecord.version, ModelRecord.is_unloaded)
        .join(ModelVersionRecord, ModelVersionRecord.model_name == ModelRecord.name)
        .order_by(ModelRecord.name, ModelVersionRecord.version)
    )
    return [ListedVersion(*row) for row in session.execute(statement)]


def read_version(session: Session, model_name: str, version: int) -> ServedVersion | None:
    """Return one version of a model; None if there is none."""
    if not 0 < version <= MAX_VERSION:
        return None
    here = (ModelVersionRecord.model_name == model_name, ModelVersionRecord.version == version)
    row = session.execute(_select_versions().where(*here)).one_or_none()
    return None if row is None else ServedVersion(*row)


def set_unloaded(session: Session, model_name: str, *, is_unloaded: bool) -> None:
    """Have every process stop serving a model, or serve it again; nothing changes if that is so already.

    Raises:
        UnknownModel: If the model has no version; names the nearest that has.
    """
    model_versions.get_model(session, model_name)
    here = (ModelRecord.name == model_name, ModelRecord.is_unloaded != is_unloaded)
    statement = update(ModelRecord).where(*here).values(is_unloaded=is_unloaded)
    session.execute(statement.execution_options(synchronize_session=False))


def _select_versions() -> Select[int, UUID | None, str | None, str | None, str | None]:
    # Workers of the version before this one do not fill the columns.
    return select(
        ModelVersionRecord.version,
        ModelVersionRecord.run_id,
        func.coalesce(ModelVersionRecord.network_sha256, _file_of_run(ONNX_MODEL)),
        func.coalesce(ModelVersionRecord.signature_sha256, _file_of_run(SIGNATURE)),
        ModelVersionRecord.reference_sha256,
    )


def _file_of_run(name: str) -> ColumnElement[str | None]:
    here = (ArtifactRecord.run_id == ModelVersionRecord.run_id, ArtifactRecord.name == name)
    return select(ArtifactRecord.sha256).where(*here).scalar_subquery()
