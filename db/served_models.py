"""Queries of models as predictions address them."""

from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import Session

from core.artifacts import ONNX_MODEL, SIGNATURE
from core.served_models import ServedAlias, ServedModel, ServedVersion
from db.model_versions import MAX_VERSION
from db.records.registry import AliasRecord, AliasTargetRecord, ModelRecord, ModelVersionRecord, TargetRole
from db.records.runs import ArtifactRecord


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
    targets: dict[str, list[AliasTargetRecord]] = {}
    for target in session.scalars(
        select(AliasTargetRecord).where(AliasTargetRecord.model_name == model_name).order_by(AliasTargetRecord.version)
    ):
        targets.setdefault(target.alias, []).append(target)
    aliases = session.execute(
        select(AliasRecord.alias, AliasRecord.version).where(AliasRecord.model_name == model_name)
    ).all()
    return ServedModel(
        name=model_name,
        is_unloaded=is_unloaded,
        versions={row[0]: ServedVersion(*row) for row in versions},
        aliases={alias: as_served(version, targets.get(alias, [])) for alias, version in aliases},
    )


def read_version(session: Session, model_name: str, version: int) -> ServedVersion | None:
    """Return one version of a model; None if there is none."""
    if not 0 < version <= MAX_VERSION:
        return None
    here = (ModelVersionRecord.model_name == model_name, ModelVersionRecord.version == version)
    row = session.execute(_select_versions().where(*here)).one_or_none()
    return None if row is None else ServedVersion(*row)


def as_served(version: int, targets: list[AliasTargetRecord]) -> ServedAlias:
    """Return the versions behind an alias from its rows."""
    return ServedAlias(
        version=version,
        split=tuple((target.version, target.weight) for target in targets if target.role == TargetRole.SPLIT),
        shadow=next((target.version for target in targets if target.role == TargetRole.SHADOW), None),
    )


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
