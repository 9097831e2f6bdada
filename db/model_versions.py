"""Queries of the model registry: versions that succeeded runs registered, and their aliases."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.orm import Session

from core.artifacts import ONNX_MODEL, REFERENCE, SIGNATURE, Artifact
from core.errors import UnknownModel, nearest
from db.records.registry import AliasRecord, ModelRecord, ModelVersionRecord, VersionSource
from db.records.runs import ArtifactRecord
from db.statements import database_now, insert_unless_there

MAX_VERSION = 2**31 - 1

FILE_COLUMNS = {"network_sha256": ONNX_MODEL, "signature_sha256": SIGNATURE, "reference_sha256": REFERENCE}
"""Columns for the files of a version, with the names of a run's artifacts."""

UNKNOWN_BYTES = -1
"""Size of an uploaded file, which is not recorded."""

NUM_NAMED = 10
"""Most versions that an error names."""


class UnknownVersion(UnknownModel):
    """The model is there, but not this version of it, or no alias of this name; to clients the same as UnknownModel."""


@dataclass(frozen=True, slots=True)
class ModelVersion:
    """One version of a model.

    Attributes:
        aliases: Aliases that point to it, sorted.
    """

    model_name: str
    version: int
    run_id: UUID | None
    created_at: datetime
    aliases: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Model:
    """A model and its versions, newest first; there is at least one."""

    name: str
    created_at: datetime
    versions: tuple[ModelVersion, ...]


@dataclass(frozen=True, slots=True)
class ResolvedVersion:
    """A model version with the files that prediction needs.

    Attributes:
        artifacts: The run's files by name.
    """

    model_name: str
    version: int
    run_id: UUID | None
    artifacts: Mapping[str, Artifact]


def list_models(session: Session) -> list[Model]:
    """Return every model that has a version, by name."""
    records = session.scalars(select(ModelRecord).order_by(ModelRecord.name)).all()
    versions = _versions(session)
    return [
        Model(name=record.name, created_at=record.created_at, versions=tuple(versions[record.name]))
        for record in records
        if record.name in versions
    ]


def list_names(session: Session) -> list[str]:
    """Return the name of every model that has a version, sorted."""
    names = select(ModelVersionRecord.model_name).distinct().order_by(ModelVersionRecord.model_name)
    return list(session.scalars(names))


def get_model(session: Session, model_name: str) -> Model:
    """Return one model.

    Raises:
        UnknownModel: If it has no version; names the nearest model that has.
    """
    record = session.get(ModelRecord, model_name)
    versions = {} if record is None else _versions(session, model_name)
    if record is None or model_name not in versions:
        raise _unknown_model(session, model_name)
    return Model(name=record.name, created_at=record.created_at, versions=tuple(versions[model_name]))


def get_version(session: Session, model_name: str, version: int) -> ModelVersion:
    """Return one version of a model.

    Raises:
        UnknownModel: If there is no such model.
        UnknownVersion: If it has no such version; both say what there is.
    """
    found = _versions(session, model_name, version).get(model_name)
    if not found:
        raise _unknown_version(get_model(session, model_name), version)
    return found[0]


def lock_version_of(session: Session, run_id: UUID) -> ModelVersion | None:
    """Return the version that a run registered, if any, and keep others from setting aliases to it.

    Until the transaction ends they wait, and then find the version gone.
    """
    here = select(ModelVersionRecord).where(ModelVersionRecord.run_id == run_id).with_for_update()
    record = session.scalars(here).one_or_none()
    return None if record is None else get_version(session, record.model_name, record.version)


def find_newest(session: Session, model_name: str) -> int | None:
    """Return the number of a model's newest version, which requests without a version get; None if there is none."""
    return session.scalars(
        select(func.max(ModelVersionRecord.version)).where(ModelVersionRecord.model_name == model_name)
    ).one()


def resolve(session: Session, model_name: str, version: int | str | None = None) -> ResolvedVersion:
    """Return the version with this number or alias; the newest for None.

    Raises:
        UnknownModel: If there is no such model.
        UnknownVersion: If it has no such version or alias; both say what there is.
    """
    columns = [getattr(ModelVersionRecord, column).label(column) for column in FILE_COLUMNS]
    query = (
        select(ModelVersionRecord.version, ModelVersionRecord.run_id, *columns)
        .where(ModelVersionRecord.model_name == model_name)
        .order_by(ModelVersionRecord.version.desc())
        .limit(1)
    )
    match version:
        case int():
            query = query.where(ModelVersionRecord.version == _as_stored(version))
        case str():
            here = (AliasRecord.model_name == model_name, AliasRecord.alias == version)
            labelled = select(AliasRecord.version).where(*here).scalar_subquery()
            query = query.where(ModelVersionRecord.version == labelled)
    found = query.subquery()
    # One round trip: a prediction waits for this.
    rows = session.execute(
        select(found, ArtifactRecord).outerjoin(ArtifactRecord, ArtifactRecord.run_id == found.c.run_id)
    ).all()
    if not rows:
        model = get_model(session, model_name)
        raise _unknown_alias(model, version) if isinstance(version, str) else _unknown_version(model, version)
    first = rows[0]
    if first.run_id is None:
        hashes = {name: getattr(first, column) for column, name in FILE_COLUMNS.items()}
        files = [Artifact(name, sha256, UNKNOWN_BYTES, "") for name, sha256 in hashes.items() if sha256 is not None]
    else:
        stored = [row.ArtifactRecord for row in rows if row.ArtifactRecord is not None]
        files = [Artifact(row.name, row.sha256, row.num_bytes, row.media_type) for row in stored]
    return ResolvedVersion(
        model_name=model_name,
        version=first.version,
        run_id=first.run_id,
        artifacts={file.name: file for file in files},
    )


def set_alias(session: Session, model_name: str, alias: str, version: int) -> AliasRecord:
    """Set an alias to a version, moving it if it exists.

    Raises:
        UnknownModel: If there is no such model or version; names those that exist.
    """
    # Locked, so that the version cannot be deleted before the alias points to it.
    here = (ModelVersionRecord.model_name == model_name, ModelVersionRecord.version == _as_stored(version))
    locked = select(ModelVersionRecord.version).where(*here).with_for_update(read=True, key_share=True)
    if session.scalar(locked) is None:
        raise _unknown_version(get_model(session, model_name), version)
    values = {"model_name": model_name, "alias": alias, "version": version, "updated_at": database_now()}
    if not insert_unless_there(session, AliasRecord, values):
        moved = {"version": version, "updated_at": database_now(), "revision": AliasRecord.revision + 1}
        this = (AliasRecord.model_name == model_name, AliasRecord.alias == alias)
        session.execute(update(AliasRecord).where(*this).values(moved).execution_options(synchronize_session=False))
    return session.get_one(AliasRecord, (model_name, alias), populate_existing=True)


def get_alias(session: Session, model_name: str, alias: str) -> AliasRecord:
    """Return one alias.

    Raises:
        UnknownModel: If there is none; names the nearest.
    """
    record = session.get(AliasRecord, (model_name, alias), populate_existing=True)
    if record is None:
        raise _unknown_alias(get_model(session, model_name), alias)
    return record


def delete_alias(session: Session, model_name: str, alias: str) -> None:
    """Delete an alias.

    Raises:
        UnknownModel: If there is none; names the nearest.
    """
    get_alias(session, model_name, alias)
    session.execute(delete(AliasRecord).where(AliasRecord.model_name == model_name, AliasRecord.alias == alias))


def register(session: Session, model_name: str, run_id: UUID, files: Iterable[Artifact] = ()) -> int:
    """Register a run as the next version of a model. Only the transaction that finishes the run may call this.

    Args:
        session: Session of the transaction.
        model_name: Name of the model; created if there is none.
        run_id: The run.
        files: Its artifacts, among them those that prediction needs.
    """
    hashes = {file.name: file.sha256 for file in files}
    return _insert_version(
        session,
        model_name,
        run_id=run_id,
        source=VersionSource.RUN,
        **{column: hashes.get(name) for column, name in FILE_COLUMNS.items()},
    )


def register_upload(session: Session, model_name: str, files: Iterable[Artifact]) -> int:
    """Register files that a client uploaded as the next version of a model; returns its number.

    Args:
        session: Session of a transaction.
        model_name: Name of the model, which the caller has checked; created if there is none.
        files: The network and its signature, by the names that the artifacts of runs have.
    """
    hashes = {file.name: file.sha256 for file in files}
    return _insert_version(
        session,
        model_name,
        run_id=None,
        source=VersionSource.UPLOAD,
        **{column: hashes.get(name) for column, name in FILE_COLUMNS.items()},
    )


def _insert_version(session: Session, model_name: str, **values: Any) -> int:
    """Insert the next version of a model; returns its number."""
    insert_unless_there(session, ModelRecord, {"name": model_name})
    # The update locks the model's row: a transaction that registers at the same time waits and gets the next number.
    version = session.scalars(
        update(ModelRecord)
        .where(ModelRecord.name == model_name)
        .values(last_version=ModelRecord.last_version + 1)
        .returning(ModelRecord.last_version)
        .execution_options(synchronize_session=False)
    ).one()
    session.execute(insert(ModelVersionRecord).values(model_name=model_name, version=version, **values))
    return version


def _as_stored(version: int) -> int:
    # A number too large for the column would be an error of the driver, not an unknown version; 0 is always unknown.
    return version if 0 < version <= MAX_VERSION else 0


def _versions(
    session: Session, model_name: str | None = None, version: int | None = None
) -> dict[str, list[ModelVersion]]:
    versions = select(ModelVersionRecord).order_by(ModelVersionRecord.version.desc())
    aliases = select(AliasRecord).order_by(AliasRecord.alias)
    if model_name is not None:
        versions = versions.where(ModelVersionRecord.model_name == model_name)
        aliases = aliases.where(AliasRecord.model_name == model_name)
    if version is not None:
        versions = versions.where(ModelVersionRecord.version == _as_stored(version))
    labels: dict[tuple[str, int], list[str]] = {}
    for alias in session.scalars(aliases):
        labels.setdefault((alias.model_name, alias.version), []).append(alias.alias)
    found: dict[str, list[ModelVersion]] = {}
    for record in session.scalars(versions):
        found.setdefault(record.model_name, []).append(
            ModelVersion(
                model_name=record.model_name,
                version=record.version,
                run_id=record.run_id,
                created_at=record.created_at,
                aliases=tuple(labels.get((record.model_name, record.version), ())),
            )
        )
    return found


def _unknown_model(session: Session, model_name: str) -> UnknownModel:
    known = session.scalars(select(ModelVersionRecord.model_name).distinct()).all()
    hint = nearest(model_name, known) or " No run has registered a model yet."
    return UnknownModel(f"There is no model '{model_name}'.{hint}")


def _unknown_version(model: Model, wanted: int | None) -> UnknownVersion:
    numbers = _list_some([str(version.version) for version in model.versions])
    return UnknownVersion(f"Model '{model.name}' has no version {wanted}. It has {numbers}.")


def _unknown_alias(model: Model, wanted: str) -> UnknownVersion:
    labels = sorted(alias for version in model.versions for alias in version.aliases)
    hints = [f"Its aliases are {_list_some(labels)}." if labels else "It has no aliases."]
    meant = nearest(wanted, labels).strip()
    if meant.startswith("Did you mean"):
        hints.insert(0, meant)
    if wanted.isdecimal():
        hints.append(f"A version is named by /versions/{wanted}.")
    return UnknownVersion(f"Model '{model.name}' has no alias '{wanted}'. {' '.join(hints)}")


def _list_some(names: list[str]) -> str:
    return ", ".join(names[:NUM_NAMED] + (["…"] if len(names) > NUM_NAMED else []))
