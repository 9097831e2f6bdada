"""`trainyard restore`: a backup in place of what a stopped service has, all or nothing.

Everything is copied beside the data first, and verified on the way. Files then get their names one by one, which
changes nothing for the database that is there: a file is named by its content, and one that no row refers to is
collected later. The database comes last: on SQLite by one rename, on PostgreSQL by one transaction. Whatever ends this
process before that leaves the old data, and after it the new; the next restore removes what was copied beside.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from core.settings import Settings
from core.syncing import sync, sync_folders
from core.system.data_lock import lock_data
from core.uploads.folder import READINGS, DatasetFolder
from db import copies, postgresql_copies, sqlite_copies, stored_references, workers
from db.copy_errors import STOP_FIRST
from db.restore_target import look_at
from db.session import Database
from db.upgrade import KNOWN_REVISIONS, NEWEST_REVISION, upgrade_database
from operations.copying import WrongBytes, copy_file, in_words
from operations.errors import BackupDamaged, RestoreRefused
from operations.manifest import ARTIFACTS, DATABASE, DATASETS, Manifest, read_manifest
from storage.opening import Storage, open_storage

STAGE = ".restoring"
NUM_NAMED = 5
SPARE_BYTES = 64 * 1024 * 1024
ARTIFACT_MODE = 0o600
DATASET_MODE = 0o644
"""As core/uploads/incoming.py sets it: workers may run as other users."""
FOLDER_MODE = 0o755

Log = Callable[[str], None]


def restore(settings: Settings, folder: Path, *, replace: bool = False, log: Log = lambda _: None) -> Manifest:
    """Put a backup in the place of the data of a stopped service.

    Args:
        settings: Settings of the service.
        folder: Folder of the backup.
        replace: Replace data that is there.
        log: Receives lines for people.

    Raises:
        BackupDamaged: If the backup is not complete and unchanged. Nothing has changed then.
        RestoreRefused: If it does not fit this service, the service is running, or data is there. Likewise.
        TrainyardError: If the database cannot be read or replaced.
    """
    folder = folder.absolute()
    manifest = read_manifest(folder)
    _check_version(manifest)
    database = Database(settings.effective_database_url)
    if manifest.kind != ("sqlite" if database.is_sqlite else "postgresql"):
        raise RestoreRefused(
            f"The backup is of a database of {manifest.kind}, and TRAINYARD_DATABASE_URL names {database}. "
            "Restore it to a database of its own kind."
        )
    try:
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        settings.storage_dir.mkdir(parents=True, exist_ok=True)
        with lock_data(settings.data_dir) as is_alone:
            if not is_alone:
                raise RestoreRefused(f"Another restore to {settings.data_dir} is at work. Wait for it to end.")
            _check_target(settings, database, replace=replace)
            with _stage(settings, database, manifest) as (stage, copy):
                log(f"Reading {len(manifest.files):,} files and the database, {manifest.num_bytes:,} bytes.")
                _copy_all(folder, manifest, stage, copy)
                _check_database(manifest, copy, database)
                # A service that was started meanwhile would lose what it has stored since.
                _check_target(settings, database, replace=replace)
                _clear_unfinished(settings)
                if settings.is_storage_elsewhere:
                    log(f"Sending the files to {settings.storage_url}.")
                    _send_files(manifest, stage, open_storage(settings))
                else:
                    _move_files(manifest, stage, settings.storage_dir)
                _replace_database(manifest, copy, database, settings.effective_database_url, log)
    except OSError as error:
        raise RestoreRefused(f"{in_words(error, settings.data_dir)} The data is as it was.") from error
    finally:
        database.dispose()
    return manifest


def _check_version(manifest: Manifest) -> None:
    if manifest.revision not in KNOWN_REVISIONS:
        raise RestoreRefused(
            f"The backup is of revision {manifest.revision} of the database, made by Trainyard {manifest.version}; "
            f"this version knows those up to {NEWEST_REVISION}. Install the version that made it, or a newer one."
        )


def _check_target(settings: Settings, database: Database, *, replace: bool) -> None:
    """Check that nobody uses the data, and that they may be replaced.

    Raises:
        RestoreRefused: If not.
    """
    if users := copies.find_users(database):
        raise RestoreRefused(users)
    target = look_at(database, settings.effective_database_url)
    silent = f"{workers.SILENT_SECONDS:g} s"
    if target.live_workers:
        raise RestoreRefused(
            f"A worker is running: {', '.join(target.live_workers[:NUM_NAMED])} reported less than {silent} ago. "
            f"{STOP_FIRST}; one that was killed counts as stopped after {silent}."
        )
    if target.foreign_tables:
        raise RestoreRefused(
            f"{database} has tables that are not Trainyard's ({', '.join(target.foreign_tables[:NUM_NAMED])}), which a "
            "restore would delete. Give Trainyard a database of its own."
        )
    if replace:
        return
    if target.fault is not None:
        raise RestoreRefused(f"{database} cannot be read ({target.fault}). To replace it, add --replace.")
    if any(target.counts.values()):
        found = ", ".join(f"{number:,} {name.replace('_', ' ')}" for name, number in target.counts.items() if number)
        raise RestoreRefused(
            f"{database} is not empty ({found}). To replace everything in it, add --replace; "
            "back it up first if you may need it."
        )


@contextmanager
def _stage(settings: Settings, database: Database, manifest: Manifest) -> Iterator[tuple[Path, Path]]:
    """Make a folder beside the data, and a place for the database beside the one that it will replace."""
    # On the file system of the files, which get their places by renames.
    stage = settings.storage_dir / STAGE
    path = Path(str(database.url.database)).absolute() if database.is_sqlite else stage / DATABASE
    path = path.resolve() if path.exists() else path
    copy = path.with_name(f"{STAGE}-{path.name}") if database.is_sqlite else path
    leftovers = [copy.with_name(copy.name + ending) for ending in ("", "-wal", "-shm", "-journal")]

    def clear() -> None:
        shutil.rmtree(stage, ignore_errors=True)
        for leftover in leftovers:
            leftover.unlink(missing_ok=True)

    # What an earlier restore left that was ended in the middle.
    clear()
    stage.mkdir(mode=0o700)
    free = shutil.disk_usage(stage).free
    if manifest.num_bytes + SPARE_BYTES > free:
        stage.rmdir()
        raise RestoreRefused(
            f"The backup takes {manifest.num_bytes:,} bytes, and the disk of {settings.storage_dir} has {free:,} left. "
            "Free some; the data that is there stays until the backup is verified."
        )
    try:
        yield stage, copy
    finally:
        clear()


def _copy_all(folder: Path, manifest: Manifest, stage: Path, copy: Path) -> None:
    for file, target in [(manifest.database, copy), *((file, stage / file.path) for file in manifest.files)]:
        source = folder / file.path
        _refuse_links(folder, source)
        try:
            _, num_bytes = copy_file(source, target, file.sha256)
        except (FileNotFoundError, NotADirectoryError) as error:
            raise BackupDamaged(f"{source} is missing from the backup. {_UNCHANGED}") from error
        except WrongBytes as error:
            raise BackupDamaged(f"The backup is damaged: {error}. {_UNCHANGED}") from error
        if num_bytes != file.num_bytes:
            raise BackupDamaged(f"{source} has {num_bytes:,} bytes, expected {file.num_bytes:,}. {_UNCHANGED}")
        _give(target, stage.parent, DATASET_MODE if file.path.startswith("datasets/") else ARTIFACT_MODE)
    sync_folders(stage)


_UNCHANGED = "Use another backup; the data is as it was."


def _give(path: Path, data_dir: Path, mode: int) -> None:
    """Set the mode of what was made, and make its owner that of the data: an administrator may restore as root."""
    path.chmod(mode)
    if os.geteuid() == 0:
        owner = data_dir.stat()
        os.chown(path, owner.st_uid, owner.st_gid)


def _refuse_links(folder: Path, path: Path) -> None:
    """Check that no part of a path below the folder is a symbolic link, which could lead anywhere."""
    while path != folder:
        if path.is_symlink():
            raise BackupDamaged(f"{path} is a symbolic link, which a backup has none of. {_UNCHANGED}")
        path = path.parent


def _check_database(manifest: Manifest, copy: Path, database: Database) -> None:
    """Check that the copy of the database is what the manifest says; upgrade one of SQLite."""
    if not database.is_sqlite:
        with database.reading() as session:
            postgresql_copies.check_programs(session)
        postgresql_copies.check_dump(copy)
        return
    sqlite_copies.check_file(copy)
    url = f"sqlite:///{copy}"
    upgrade_database(url)
    restored = Database(url)
    try:
        with restored.reading() as session:
            counts = stored_references.count_rows(session)
    finally:
        restored.dispose()
    for table, number in manifest.counts.items():
        if (found := counts.get(table, 0)) != number:
            raise BackupDamaged(
                f"The database of the backup has {found:,} rows in {table}, expected {number:,}. {_UNCHANGED}"
            )
    sqlite_copies.merge_log(copy)


def _clear_unfinished(settings: Settings) -> None:
    """Delete what attempts of the replaced runs have not reported yet; restored runs begin theirs anew."""
    for folder in (settings.scratch_dir, settings.batch_predictions_dir):
        shutil.rmtree(folder, ignore_errors=True)


def _move_files(manifest: Manifest, stage: Path, data_dir: Path) -> None:
    folders: set[Path] = set()
    # The description comes last: a dataset's folder counts as complete once it has one.
    for file in sorted(manifest.files, key=lambda file: file.path.endswith("/description.json")):
        target = data_dir / file.path
        missing = [parent for parent in target.parents if not parent.is_dir()]
        for parent in reversed(missing):
            parent.mkdir()
            _give(parent, data_dir, FOLDER_MODE)
            folders.add(parent.parent)
        (stage / file.path).replace(target)
        folders.add(target.parent)
    for folder in folders:
        sync(folder)


def _send_files(manifest: Manifest, stage: Path, storage: Storage) -> None:
    """Store the files of a backup where the service stores them, in place of what is there under the same names."""
    keys: set[str] = set()
    for file in manifest.files:
        path = PurePosixPath(file.path)
        if path.parts[0] == ARTIFACTS:
            storage.artifacts.put(stage / path)
        else:
            # datasets/uploads/ab/KEY/…, or of a reading datasets/uploads/readings/ab/KEY/…
            keys.add(path.parts[4 if path.parts[2] == READINGS else 3])
    for key in sorted(keys):
        sent = storage.datasets.send(DatasetFolder.of(stage / DATASETS, key), key)
        # What is there may be damaged.
        delete_files = storage.datasets.take_away(key)
        storage.datasets.put(sent)
        if delete_files is not None:
            delete_files()


def _replace_database(manifest: Manifest, copy: Path, database: Database, url: str, log: Log) -> None:
    database.dispose()
    if not database.is_sqlite:
        postgresql_copies.replace_all(database, copy, manifest.counts)
        # A crash before the end of this leaves the restored data for the next start to upgrade.
        upgrade_database(url)
        return
    path = Path(str(database.url.database)).absolute()
    path = path.resolve() if path.exists() else path
    if path.exists():
        copy.chmod(path.stat().st_mode & 0o777)
    sync(copy)
    kept = sqlite_copies.replace_file(path, copy)
    sync(path.parent)
    sqlite_copies.use_write_ahead_log(path)
    if kept is not None:
        log(f"The damaged database is kept as {kept}.")
