"""Queries of the model registry: models and their versions. db/aliases.py has their aliases."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, func, insert, select, true, update
from sqlalchemy.orm import Session

from core.alias_targets import list_answering
from core.artifacts import MEDIA_TYPES, ONNX_MODEL, REFERENCE, SIGNATURE, Artifact
from core.quotas import NO_LIMITS, Limits
from db import alias_targets, quotas
from db.cursors import Page, read_cursor, read_number, write_cursor
from db.records.registry import AliasRecord, ModelRecord, ModelVersionRecord, VersionSource
from db.records.runs import ArtifactRecord
from db.statements import insert_unless_there
from db.unknown_models import MAX_VERSION, as_stored, unknown_alias, unknown_model, unknown_version

FILE_COLUMNS = {"network_sha256": ONNX_MODEL, "signature_sha256": SIGNATURE, "reference_sha256": REFERENCE}
"""Columns for the files of a version, with the names of a run's artifacts."""

UNKNOWN_BYTES = -1
"""Size of an uploaded file, which is not recorded."""


@dataclass(frozen=True, slots=True)
class ModelVersion:
    """One version of a model.

    Attributes:
        run_id: The run that trained it; None if it was uploaded.
        files: The sha256 of each file that the row names, by the name of a run's artifact. Versions that older code
            registered name none.
        aliases: Aliases with requests that it answers, all or a share, sorted.
        shadowed: Aliases with requests that it receives as the shadow, sorted.
    """

    model_name: str
    version: int
    run_id: UUID | None
    source: VersionSource
    created_at: datetime
    files: Mapping[str, str]
    aliases: tuple[str, ...] = ()
    shadowed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Model:
    """A model and its versions, newest first; there is at least one.

    Attributes:
        is_unloaded: True if a client has unloaded it: no process serves it until one loads it again.
        num_versions: Number of all its versions; `versions` may hold fewer.
    """

    name: str
    created_at: datetime
    is_unloaded: bool
    versions: tuple[ModelVersion, ...]
    num_versions: int


@dataclass(frozen=True, slots=True)
class ResolvedVersion:
    """A model version with the files that prediction needs.

    Attributes:
        artifacts: The run's files by name; those of an upload have the size `UNKNOWN_BYTES`.
    """

    model_name: str
    version: int
    run_id: UUID | None
    artifacts: Mapping[str, Artifact]


def list_models(
    session: Session, *, limit: int, cursor: str | None = None, max_versions: int | None = None
) -> Page[Model]:
    """Return a page of the models that have a version, by name.

    Args:
        session: Session of a transaction.
        limit: Maximum number of models.
        cursor: Cursor of the previous page.
        max_versions: Maximum number of versions of each model, the newest; all by default.

    Raises:
        InvalidInput: If the cursor is invalid.
    """
    query = select(ModelVersionRecord.model_name).distinct().order_by(ModelVersionRecord.model_name).limit(limit + 1)
    if cursor is not None:
        query = query.where(ModelVersionRecord.model_name > read_cursor(cursor, str)[0])
    names = list(session.scalars(query))
    shown = names[:limit]
    next_cursor = write_cursor(shown[-1]) if len(names) > limit else None
    return Page(items=_load_models(session, shown, max_versions), next_cursor=next_cursor)


def list_names(session: Session) -> list[str]:
    """Return the name of every model that has a version, sorted."""
    names = select(ModelVersionRecord.model_name).distinct().order_by(ModelVersionRecord.model_name)
    return list(session.scalars(names))


def get_model(session: Session, model_name: str, *, max_versions: int | None = None) -> Model:
    """Return one model, with at most `max_versions` of its versions, the newest; with all by default.

    Raises:
        UnknownModel: If it has no version; names the nearest model that has.
    """
    found = _load_models(session, [model_name], max_versions)
    if not found:
        raise unknown_model(session, model_name)
    return found[0]


def list_versions_page(
    session: Session, model_name: str, *, limit: int, cursor: str | None = None
) -> Page[ModelVersion]:
    """Return a page of the versions of a model, newest first.

    Raises:
        UnknownModel: If it has no version; names the nearest model that has.
        InvalidInput: If the cursor is invalid.
    """
    is_shown = true() if cursor is None else ModelVersionRecord.version < read_number(cursor, MAX_VERSION)
    found = _load_versions(session, ModelVersionRecord.model_name == model_name, is_shown, limit=limit + 1)
    if not found and find_newest(session, model_name) is None:
        raise unknown_model(session, model_name)
    shown = found[:limit]
    return Page(items=shown, next_cursor=write_cursor(shown[-1].version) if len(found) > limit else None)


def get_version(session: Session, model_name: str, version: int) -> ModelVersion:
    """Return one version of a model.

    Raises:
        UnknownModel: If there is no such model.
        UnknownVersion: If it has no such version; both say what there is.
    """
    here = (ModelVersionRecord.model_name == model_name, ModelVersionRecord.version == as_stored(version))
    found = _load_versions(session, *here)
    if not found:
        raise unknown_version(session, model_name, version)
    return found[0]


def list_versions(session: Session, model_name: str) -> list[ModelVersion]:
    """Return all versions of a model, newest first; an empty list if there is none."""
    return _load_versions(session, ModelVersionRecord.model_name == model_name)


def lock_model(session: Session, model_name: str) -> None:
    """Have other transactions that change this model's versions or aliases wait until this one ends.

    A transaction that also locks runs locks them first, as one that finishes a run does.
    """
    # Not against KEY SHARE, which rows that refer to the model take.
    here = select(ModelRecord.name).where(ModelRecord.name == model_name)
    session.execute(here.with_for_update(key_share=True))


def lock_versions(session: Session, are_locked: ColumnElement[bool]) -> None:
    """Keep older code, which does not lock models, from setting aliases to these versions until the transaction ends.

    It waits, and then finds the versions gone.
    """
    session.execute(select(ModelVersionRecord.version).where(are_locked).with_for_update())


def find_version_of(session: Session, run_id: UUID) -> ModelVersion | None:
    """Return the version that a run registered, if any."""
    found = _load_versions(session, ModelVersionRecord.run_id == run_id)
    return found[0] if found else None


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
            query = query.where(ModelVersionRecord.version == as_stored(version))
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
        if isinstance(version, str):
            raise unknown_alias(session, model_name, version)
        raise unknown_version(session, model_name, version)
    first = rows[0]
    files = [as_uploaded_file(name, getattr(first, column)) for column, name in FILE_COLUMNS.items()]
    if first.run_id is not None:
        files = [row.ArtifactRecord for row in rows]
    return ResolvedVersion(
        model_name=model_name,
        version=first.version,
        run_id=first.run_id,
        artifacts={
            file.name: Artifact(
                name=file.name, sha256=file.sha256, num_bytes=file.num_bytes, media_type=file.media_type
            )
            for file in files
            if file is not None
        },
    )


def as_uploaded_file(name: str, sha256: str | None) -> Artifact | None:
    """Return a file of a version that was uploaded; its size is not recorded. None if there is none."""
    if sha256 is None:
        return None
    suffix = name[name.rindex(".") :]
    return Artifact(name=name, sha256=sha256, num_bytes=UNKNOWN_BYTES, media_type=MEDIA_TYPES[suffix])


def register(session: Session, model_name: str, run_id: UUID, files: Iterable[Artifact] = ()) -> int:
    """Register a run as the next version of a model. Only the transaction that finishes the run may call this.

    Args:
        session: Session of the transaction.
        model_name: Name of the model; created if there is none.
        run_id: The run.
        files: Its artifacts, among them those that prediction needs.
    """
    return _insert_version(session, model_name, files, run_id=run_id, source=VersionSource.RUN)


def register_upload(
    session: Session,
    model_name: str,
    files: Sequence[Artifact],
    *,
    submitted_by: str | None = None,
    limits: Limits = NO_LIMITS,
) -> int:
    """Register files that a client uploaded as the next version of a model; returns its number.

    The transaction calls `artifacts.lock_files` first and then makes sure that the files are in the store: until the
    version is committed nothing refers to them, and a deletion of the same bytes would take them.

    Args:
        session: Session of a transaction.
        model_name: Name of the model, which the caller has checked; created if there is none.
        files: The network, its signature, and a summary of its training samples if there is one, by the names that
            the artifacts of runs have.
        submitted_by: Name of the API key; None without keys.
        limits: Limits of submitters without their own.

    Raises:
        QuotaExceeded: If the files do not fit into the submitter's quota.
    """
    num_bytes = sum(file.num_bytes for file in files)
    quotas.admit_bytes(session, submitted_by, limits, num_bytes)
    values = {"submitted_by": submitted_by, "uploaded_bytes": num_bytes}
    return _insert_version(session, model_name, files, run_id=None, source=VersionSource.UPLOAD, **values)


def _insert_version(session: Session, model_name: str, files: Iterable[Artifact], **values: Any) -> int:
    """Insert the next version of a model, with the hashes of its files; returns its number."""
    hashes = {file.name: file.sha256 for file in files}
    values |= {column: hashes.get(name) for column, name in FILE_COLUMNS.items()}
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


def _load_models(session: Session, names: Sequence[str], max_versions: int | None = None) -> list[Model]:
    """Return those of these models that have a version, by name."""
    counts = session.execute(
        select(ModelRecord.name, ModelRecord.created_at, ModelRecord.is_unloaded, func.count())
        .join(ModelVersionRecord, ModelVersionRecord.model_name == ModelRecord.name)
        .where(ModelRecord.name.in_(names))
        .group_by(ModelRecord.name, ModelRecord.created_at, ModelRecord.is_unloaded)
        .order_by(ModelRecord.name)
    ).all()
    versions: dict[str, list[ModelVersion]] = {}
    for version in _load_versions(session, ModelVersionRecord.model_name.in_(names), newest=max_versions):
        versions.setdefault(version.model_name, []).append(version)
    return [
        Model(
            name=name,
            created_at=created_at,
            is_unloaded=is_unloaded,
            versions=tuple(versions[name]),
            num_versions=num_versions,
        )
        for name, created_at, is_unloaded, num_versions in counts
    ]


def _load_versions(
    session: Session, *conditions: ColumnElement[bool], limit: int | None = None, newest: int | None = None
) -> list[ModelVersion]:
    """Return the versions that meet the conditions, newest first, at most `newest` of each model."""
    query = select(ModelVersionRecord).where(*conditions).order_by(ModelVersionRecord.version.desc()).limit(limit)
    if newest is not None:
        place = func.row_number().over(
            partition_by=ModelVersionRecord.model_name, order_by=ModelVersionRecord.version.desc()
        )
        ranked = select(ModelVersionRecord.model_name, ModelVersionRecord.version, place.label("place"))
        found = ranked.where(*conditions).subquery()
        query = query.join(
            found,
            (ModelVersionRecord.model_name == found.c.model_name)
            & (ModelVersionRecord.version == found.c.version)
            & (found.c.place <= newest),
        )
    records = session.scalars(query.execution_options(populate_existing=True)).all()
    answered, shadowed = _load_labels(session, sorted({record.model_name for record in records}))
    return [
        ModelVersion(
            model_name=record.model_name,
            version=record.version,
            run_id=record.run_id,
            source=VersionSource(record.source),
            created_at=record.created_at,
            files={
                name: sha256 for column, name in FILE_COLUMNS.items() if (sha256 := getattr(record, column)) is not None
            },
            aliases=tuple(sorted(answered.get((record.model_name, record.version), ()))),
            shadowed=tuple(sorted(shadowed.get((record.model_name, record.version), ()))),
        )
        for record in records
    ]


Labels = dict[tuple[str, int], set[str]]


def _load_labels(session: Session, names: Sequence[str]) -> tuple[Labels, Labels]:
    """Return the aliases of versions of these models: those they answer, and those whose shadow they are."""
    answered: Labels = {}
    shadowed: Labels = {}
    for (model_name, alias), targets in alias_targets.load(session, names).items():
        for version in list_answering(targets):
            answered.setdefault((model_name, version), set()).add(alias)
        if targets.shadow is not None:
            shadowed.setdefault((model_name, targets.shadow), set()).add(alias)
    return answered, shadowed
