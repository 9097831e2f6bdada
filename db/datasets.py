"""Queries of uploaded datasets: their versions, and the runs that train on them.

Bytes are stored once for each reading, however many versions share them. A transaction that adds or removes files calls
`lock_content` before it reads the rows, and holds the lock until the files are in place or removed.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, Select, case, delete, func, insert, select, update
from sqlalchemy.orm import Session, defer

from core.errors import Conflict, UnknownDataset, UnknownDatasetVersion, nearest
from core.quotas import NO_LIMITS, Limits
from core.run_state import TERMINAL_STATES, RunState
from core.uploads.description import DescriptionFile
from core.uploads.folder import content_key
from db import batch_predictions, quotas
from db.cursors import Page, read_cursor, write_cursor
from db.documents import replace_unstorable
from db.new_runs import hash_spec
from db.records.datasets import DatasetRecord, DatasetVersionRecord, RunDatasetRecord
from db.records.runs import RunRecord
from db.statements import insert_unless_there

MAX_VERSION = 2**31 - 1
SHA256_LENGTH = 64
NUM_NAMED = 10
"""Most versions, or runs, that an error names."""

_WITHOUT_DESCRIPTION = defer(DatasetVersionRecord.description, raiseload=True)


@dataclass(frozen=True, slots=True)
class ListedDataset:
    """A dataset in a list.

    Attributes:
        newest: Its newest version, without the description.
        num_versions: Number of its versions.
    """

    newest: DatasetVersionRecord
    num_versions: int


def lock_content(session: Session, sha256: str) -> None:
    """Lock the files of this hash against other transactions until this one ends."""
    # SQLite has one writer at a time anyway.
    if session.get_bind().dialect.name == "postgresql":
        key = int.from_bytes(bytes.fromhex(sha256[:16]), signed=True)
        session.execute(select(func.pg_advisory_xact_lock(key)))


def describe_content(session: Session, sha256: str, reading: str = "") -> DescriptionFile | None:
    """Return the description of bytes that were read with these options already; None if they were not."""
    here = (DatasetVersionRecord.sha256 == sha256, DatasetVersionRecord.reading == reading)
    found = session.scalar(select(DatasetVersionRecord.description).where(*here).limit(1))
    return None if found is None else DescriptionFile.model_validate(found)


def find_bytes(session: Session, sha256: str, reading: str, name: str) -> DatasetVersionRecord | None:
    """Return a version with these bytes, read with these options: one of the dataset of this name if there is one."""
    here = (DatasetVersionRecord.sha256 == sha256, DatasetVersionRecord.reading == reading)
    is_other = case((DatasetVersionRecord.dataset_name == name, 0), else_=1)
    order = (is_other, DatasetVersionRecord.dataset_name, DatasetVersionRecord.version)
    return session.scalars(select(DatasetVersionRecord).where(*here).order_by(*order).limit(1)).one_or_none()


def add(
    session: Session,
    *,
    name: str,
    sha256: str,
    num_bytes: int,
    described: DescriptionFile,
    summary: str,
    filename: str | None = None,
    reading: str = "",
    submitted_by: str | None = None,
    limits: Limits = NO_LIMITS,
) -> tuple[DatasetVersionRecord, bool]:
    """Register these bytes as a version of the dataset, unless it has one with the same bytes and options.

    Returns:
        The version, and True if it is new.

    Raises:
        QuotaExceeded: If it is new and does not fit into the submitter's quota, or that of `limits` if it has none.
    """
    insert_unless_there(session, DatasetRecord, {"name": name})
    # A transaction that adds to the same name waits for this lock, and then finds this version.
    session.execute(select(DatasetRecord.name).where(DatasetRecord.name == name).with_for_update())
    here = (DatasetVersionRecord.dataset_name == name, DatasetVersionRecord.sha256 == sha256)
    same = (*here, DatasetVersionRecord.reading == reading)
    found = session.scalars(select(DatasetVersionRecord).where(*same)).one_or_none()
    if found is not None:
        return found, False
    quotas.admit_bytes(session, submitted_by, limits, num_bytes)
    version = session.scalars(
        update(DatasetRecord)
        .where(DatasetRecord.name == name)
        .values(last_version=DatasetRecord.last_version + 1)
        .returning(DatasetRecord.last_version)
        .execution_options(synchronize_session=False)
    ).one()
    record = DatasetVersionRecord(
        dataset_name=name,
        version=version,
        sha256=sha256,
        reading=reading,
        num_bytes=num_bytes,
        filename=replace_unstorable(filename),
        kind=described.description.kind,
        format=described.format,
        summary=summary,
        description=replace_unstorable(described.model_dump(mode="json")),
        submitted_by=submitted_by,
    )
    session.add(record)
    session.flush()
    session.refresh(record)
    return record, True


def list_page(session: Session, *, limit: int = 50, cursor: str | None = None) -> Page[ListedDataset]:
    """Return a page of the datasets that have versions, by name.

    Raises:
        InvalidInput: If the cursor is invalid.
    """
    counts = (
        select(
            DatasetVersionRecord.dataset_name.label("name"),
            func.max(DatasetVersionRecord.version).label("newest"),
            func.count().label("num_versions"),
        )
        .group_by(DatasetVersionRecord.dataset_name)
        .order_by(DatasetVersionRecord.dataset_name)
        .limit(limit + 1)
    )
    if cursor is not None:
        counts = counts.where(DatasetVersionRecord.dataset_name > read_cursor(cursor, str)[0])
    found = counts.subquery()
    is_newest = (DatasetVersionRecord.dataset_name == found.c.name) & (DatasetVersionRecord.version == found.c.newest)
    query = select(DatasetVersionRecord, found.c.num_versions).join(found, is_newest).options(_WITHOUT_DESCRIPTION)
    rows = session.execute(query.order_by(DatasetVersionRecord.dataset_name)).all()
    items = [ListedDataset(newest=record, num_versions=num_versions) for record, num_versions in rows[:limit]]
    return Page(items=items, next_cursor=write_cursor(items[-1].newest.dataset_name) if len(rows) > limit else None)


def list_versions(
    session: Session, name: str, *, limit: int = 200, uploaded_from: str = "FILE"
) -> list[DatasetVersionRecord]:
    """Return the versions of a dataset without their descriptions, newest first.

    Args:
        session: On the database.
        name: Of the dataset.
        limit: Most of them.
        uploaded_from: What the error says to upload if there is no such dataset.

    Raises:
        UnknownDataset: If there is none; names the nearest that exists.
    """
    query = _newest_first(name).options(_WITHOUT_DESCRIPTION).limit(limit)
    records = list(session.scalars(query))
    if not records:
        raise _unknown_dataset(session, name, uploaded_from)
    return records


def get_version(
    session: Session, name: str, version: int | None = None, *, uploaded_from: str = "FILE"
) -> DatasetVersionRecord:
    """Return one version of a dataset; the newest for None.

    Args:
        session: On the database.
        name: Of the dataset.
        version: Its number.
        uploaded_from: What the error says to upload if there is no such dataset.

    Raises:
        UnknownDataset: If there is no such dataset; names the nearest.
        UnknownDatasetVersion: If there is no such version; names those that exist.
    """
    query = _newest_first(name).limit(1)
    if version is not None:
        query = query.where(DatasetVersionRecord.version == _as_stored(version))
    record = session.scalars(query.execution_options(populate_existing=True)).one_or_none()
    if record is None:
        known = list_versions(session, name, limit=NUM_NAMED + 1, uploaded_from=uploaded_from)
        raise _unknown_version(name, version, known)
    return record


def use(session: Session, run_id: UUID, name: str, version: int) -> None:
    """Record that a run trains on a version, which then cannot be deleted before the run has ended.

    Raises:
        UnknownDatasetVersion: If it was deleted meanwhile.
    """
    lock_version(session, name, version)
    note_uses(session, [(run_id, (name, version))])


def lock_version(session: Session, name: str, version: int) -> None:
    """Lock a version that runs of this transaction train on, so that it cannot be deleted before they are stored.

    Raises:
        UnknownDatasetVersion: If it was deleted meanwhile.
    """
    locked = select(DatasetVersionRecord.version).where(*_this(name, version))
    if session.scalar(locked.with_for_update(read=True, key_share=True)) is None:
        raise UnknownDatasetVersion(
            f"Version {version} of the dataset '{name}' was deleted just now. Name another version."
        )


def note_uses(session: Session, uses: Iterable[tuple[UUID, tuple[str, int]]]) -> None:
    """Record which runs train on which versions, which then cannot be deleted before the runs have ended."""
    rows = [{"run_id": run_id, "dataset_name": name, "version": version} for run_id, (name, version) in uses]
    if rows:
        session.execute(insert(RunDatasetRecord), rows)


def pin_runs(session: Session, source: str, version: DatasetVersionRecord) -> int:
    """Pin runs that have not ended, and name a source without an upload of it, to a version; return how many.

    Args:
        session: On the database.
        source: What their specs call the dataset, such as `mnist`.
        version: The upload that they learn from from now on.
    """
    num_pinned = 0
    unended = [state for state in RunState if state not in TERMINAL_STATES]
    for run in session.scalars(select(RunRecord).where(RunRecord.state.in_(unended)).with_for_update()).all():
        dataset = run.spec["dataset"]
        if dataset["name"] != source or dataset.get("sha256") is not None:
            continue
        pinned = {"dataset": version.dataset_name, "version": version.version, "sha256": version.sha256}
        pinned |= {"reading": version.reading} if version.reading else {}
        run.spec = run.spec | {"dataset": dataset | pinned}
        run.spec_sha256 = hash_spec(run.spec)
        use(session, run.id, version.dataset_name, version.version)
        num_pinned += 1
    return num_pinned


def delete_version(session: Session, name: str, version: int) -> list[str]:
    """Delete one version.

    Returns:
        Its key (`content_key`) if no other version has the same, else an empty list.

    Raises:
        UnknownDataset: If there is no such dataset; names the nearest.
        UnknownDatasetVersion: If there is no such version; names those that exist.
        Conflict: If a run or a batch prediction that has not ended uses it; names it.
    """
    get_version(session, name, version)
    return _delete(session, name, [version])


def delete_dataset(session: Session, name: str) -> list[str]:
    """Delete every version of a dataset.

    Returns:
        The keys (`content_key`) that no version of another dataset has, sorted.

    Raises:
        UnknownDataset: If there is none; names the nearest that exists.
        Conflict: If a run or a batch prediction that has not ended uses one; names it.
    """
    list_versions(session, name, limit=1)
    query = select(DatasetVersionRecord.version).where(DatasetVersionRecord.dataset_name == name)
    return _delete(session, name, session.scalars(query).all())


def unreferenced(session: Session, keys: Iterable[str]) -> list[str]:
    """Return those of these keys (`content_key`) that no version has, sorted."""
    wanted = set(keys)
    hashes = {key[:SHA256_LENGTH] for key in wanted}
    columns = (DatasetVersionRecord.sha256, DatasetVersionRecord.reading)
    query = select(*columns).where(DatasetVersionRecord.sha256.in_(hashes)).distinct()
    return sorted(wanted - {content_key(sha256, reading) for sha256, reading in session.execute(query)})


def _delete(session: Session, name: str, versions: Sequence[int]) -> list[str]:
    these = (DatasetVersionRecord.dataset_name == name, DatasetVersionRecord.version.in_(versions))
    columns = (DatasetVersionRecord.sha256, DatasetVersionRecord.reading)
    locked = select(*columns).where(*these).order_by(DatasetVersionRecord.version).with_for_update()
    keys = [content_key(sha256, reading) for sha256, reading in session.execute(locked)]
    # Queried once the rows are locked: no run can begin to use them after this.
    if runs := _unfinished_runs(session, name, versions):
        named = ", ".join(str(run_id) for run_id in runs[:NUM_NAMED])
        more = ", …" if len(runs) > NUM_NAMED else ""
        raise Conflict(
            f"The dataset '{name}' is used by runs that have not ended: {named}{more}. "
            "Wait for them or cancel them, then delete it."
        )
    batch_predictions.check_dataset_unused(session, name, versions)
    session.execute(delete(DatasetVersionRecord).where(*these).execution_options(synchronize_session=False))
    return unreferenced(session, keys)


def _unfinished_runs(session: Session, name: str, versions: Sequence[int]) -> list[UUID]:
    query = (
        select(RunRecord.id)
        .join(RunDatasetRecord, RunDatasetRecord.run_id == RunRecord.id)
        .where(RunDatasetRecord.dataset_name == name, RunDatasetRecord.version.in_(versions))
        .where(RunRecord.state.not_in(TERMINAL_STATES))
        .order_by(RunRecord.created_at, RunRecord.id)
        .limit(NUM_NAMED + 1)
    )
    return list(session.scalars(query))


def _newest_first(name: str) -> Select[DatasetVersionRecord]:
    query = select(DatasetVersionRecord).where(DatasetVersionRecord.dataset_name == name)
    return query.order_by(DatasetVersionRecord.version.desc())


def _this(name: str, version: int) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return DatasetVersionRecord.dataset_name == name, DatasetVersionRecord.version == _as_stored(version)


def _as_stored(version: int) -> int:
    # A number too large for the column would be an error of the driver, not an unknown version; 0 is always unknown.
    return version if 0 < version <= MAX_VERSION else 0


def _unknown_dataset(session: Session, name: str, uploaded_from: str) -> UnknownDataset:
    known = session.scalars(select(DatasetVersionRecord.dataset_name).distinct().limit(1000)).all()
    return UnknownDataset(
        f"There is no dataset '{name[:80]}'.{nearest(name[:80], known)} "
        f"Upload it: trainyard data add {name[:80]} {uploaded_from}"
    )


def _unknown_version(name: str, version: int | None, known: Sequence[DatasetVersionRecord]) -> UnknownDatasetVersion:
    named = ", ".join(str(record.version) for record in known[:NUM_NAMED])
    more = ", …" if len(known) > NUM_NAMED else ""
    return UnknownDatasetVersion(f"The dataset '{name}' has no version {version}. It has {named}{more}.")
