"""`trainyard backup`: database and files to a new folder, while the service runs.

The database is copied first, then the files that this copy refers to: files are stored before rows refer to them, so
all were there at that moment. One that was deleted since, with the last row that referred to it, shows that the copy of
the database is too old; it is made again, and only the files that came meanwhile have to be copied. That takes less
time each round, so there are few.
"""

import errno
import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from pathlib import Path

from core.artifacts import hash_file
from core.errors import ArtifactCorrupt
from core.settings import Settings
from core.syncing import sync_folders
from core.uploads.folder import DatasetFolder
from db import stored_references
from db.copies import copy_database
from db.session import Database
from db.upgrade import check_database, read_revision
from operations.copying import FileEntry, WrongBytes, copy_file, in_words, link_earlier, make_folders
from operations.errors import BackupFailed
from operations.manifest import ARTIFACTS, DATABASE, DATASETS, MANIFEST, Manifest, read_manifest, write_manifest
from storage.opening import open_storage

MAX_ROUNDS = 20
NUM_NAMED = 5
SPARE_BYTES = 64 * 1024 * 1024

Log = Callable[[str], None]


@dataclass(slots=True)
class _Content:
    """The copy of the database and what it refers to."""

    revision: str
    counts: dict[str, int]
    artifacts: set[str] = field(default_factory=set)
    datasets: set[str] = field(default_factory=set)


def back_up(
    settings: Settings,
    folder: Path,
    *,
    earlier: Path | None = None,
    accept_damage: bool = False,
    log: Log = lambda _: None,
) -> Manifest:
    """Write a backup to a new folder; if that fails, nothing is left of it.

    Args:
        settings: Settings of the service.
        folder: New folder.
        earlier: Folder of an earlier backup; files that it has too share their place on the disk.
        accept_damage: Leave out files that are missing or damaged in the service, in place of an error.
        log: Receives lines for people.

    Raises:
        BackupFailed: If the folder exists, has no space, or stored files are missing or damaged.
        BackupDamaged: If `earlier` is not a backup.
        TrainyardError: If the database cannot be read.
    """
    check_database(settings.effective_database_url)
    folder, earlier = folder.absolute(), None if earlier is None else earlier.absolute()
    if earlier is not None:
        read_manifest(earlier)
    if "?" in str(folder):
        raise BackupFailed(
            f"{folder} has a '?' in its name, which begins the options of a database's address. Choose another."
        )
    _make_folder(folder)
    database = Database(settings.effective_database_url)
    try:
        return _Backup(settings, database, folder, earlier, log).write(accept_damage=accept_damage)
    except OSError as error:
        _remove(folder)
        raise BackupFailed(in_words(error, folder)) from error
    except BaseException:
        _remove(folder)
        raise
    finally:
        database.dispose()


class _Backup:
    def __init__(self, settings: Settings, database: Database, folder: Path, earlier: Path | None, log: Log) -> None:
        storage = open_storage(settings)
        self._artifacts, self._datasets = storage.artifacts, storage.datasets
        self._database = database
        self._folder = folder
        self._earlier = earlier
        self._log = log
        self._copied: dict[str, list[FileEntry]] = {}
        """The copied files by the sha256 of an artifact, or the name of a dataset's folder."""

    def write(self, *, accept_damage: bool) -> Manifest:
        content, damage = self._copy(accept_damage=accept_damage)
        wanted = content.artifacts | content.datasets
        for key in self._copied.keys() - wanted:
            for file in self._copied.pop(key):
                (self._folder / file.path).unlink()
        sha256, num_bytes = self._hash_database()
        manifest = Manifest(
            version=version("trainyard"),
            revision=content.revision,
            kind="sqlite" if self._database.is_sqlite else "postgresql",
            created_at=datetime.now(UTC),
            database=FileEntry(path=DATABASE, sha256=sha256, num_bytes=num_bytes),
            files=tuple(
                sorted((file for files in self._copied.values() for file in files), key=lambda file: file.path)
            ),
            counts=content.counts,
            damaged=tuple(sorted(damage.values())),
        )
        sync_folders(self._folder)
        write_manifest(self._folder, manifest)
        return manifest

    def _copy(self, *, accept_damage: bool) -> tuple[_Content, dict[str, str]]:
        """Copy database and files; return what there is, and words about what is damaged by its key."""
        before: dict[str, str] = {}
        for number in range(MAX_ROUNDS):
            content = self._copy_database()
            if not number:
                self._check_space(content)
            faults = dict(self._copy_files(content))
            # What two copies of the database refer to, and both times was not there, has not just been deleted.
            if faults.keys() <= before.keys():
                if faults and not accept_damage:
                    raise BackupFailed(_describe(list(faults.values())))
                return content, faults
            before = faults
            self._log(f"{len(faults)} files were deleted meanwhile: copying the database again.")
        raise BackupFailed(
            f"Files were deleted faster than they could be copied, {MAX_ROUNDS} times. Try again when less is deleted."
        )

    def _copy_database(self) -> _Content:
        target = self._folder / DATABASE
        target.unlink(missing_ok=True)
        # Created first, so that nobody else can read it, whatever the programs' own mode would be.
        target.touch(mode=0o600)
        with copy_database(self._database, target) as session:
            content = _Content(read_revision(session.connection()) or "", stored_references.count_rows(session))
            for files in stored_references.iterate_files(session):
                content.artifacts.update(file.sha256 for file in files)
            for versions in stored_references.iterate_datasets(session):
                content.datasets.update(one.key for one in versions)
        return content

    def _copy_files(self, content: _Content) -> Iterator[tuple[str, str]]:
        """Copy what is not copied yet; yield key and fault of what cannot be."""
        for sha256 in sorted(content.artifacts - self._copied.keys()):
            try:
                self._copied[sha256] = [self._copy_artifact(sha256)]
            except (OSError, WrongBytes, ArtifactCorrupt) as error:
                yield sha256, _fault(error, f"{self._artifacts.describe_place(sha256)} is missing")
        for key in sorted(content.datasets - self._copied.keys()):
            try:
                self._copied[key] = self._copy_dataset(key)
            except (OSError, WrongBytes, ArtifactCorrupt) as error:
                yield key, _fault(error, f"{self._datasets.describe_place(key)} is missing or incomplete")

    def _copy_artifact(self, sha256: str) -> FileEntry:
        source = self._artifacts.local_path(sha256)
        path = f"{ARTIFACTS}/{sha256[:2]}/{sha256}"
        return self._copy_one(path, sha256, source, partial(self._artifacts.download, sha256))

    def _copy_dataset(self, key: str) -> list[FileEntry]:
        copied: list[FileEntry] = []
        folder, source = DatasetFolder.of(Path(DATASETS), key), self._datasets.local_folder(key)
        try:
            for file in self._datasets.list_files(key):
                path = (folder.path / file.path).as_posix()
                local = None if source is None else source.path / file.path
                download = partial(self._datasets.download, key, file.path)
                copied.append(self._copy_one(path, file.sha256, local, download))
            # It may have been deleted meanwhile.
            self._datasets.list_files(key)
        except BaseException:
            for entry in copied:
                (self._folder / entry.path).unlink()
            raise
        return copied

    def _copy_one(
        self, path: str, sha256: str | None, source: Path | None, download: Callable[[Path], None]
    ) -> FileEntry:
        """Copy a file to its place in the backup: from its path, or if the store is elsewhere by a download."""
        target = self._folder / path
        earlier = None if self._earlier is None else self._earlier / path
        if source is not None:
            found, num_bytes = copy_file(source, target, sha256, earlier=earlier)
            return FileEntry(path=path, sha256=found, num_bytes=num_bytes)
        make_folders(target.parent)
        if earlier is None or sha256 is None or not link_earlier(earlier, target, sha256):
            download(target)
        return FileEntry(path=path, sha256=sha256 or hash_file(target), num_bytes=target.stat().st_size)

    def _check_space(self, content: _Content) -> None:
        """Check that there is space, before hours of copying have shown that there is not."""
        if self._earlier is not None:
            return
        needed = sum(self._artifacts.find_size(sha256) or 0 for sha256 in content.artifacts)
        for key in content.datasets:
            # One that is deleted meanwhile, or damaged, needs no space.
            with suppress(FileNotFoundError, ArtifactCorrupt):
                needed += sum(file.num_bytes for file in self._datasets.list_files(key))
        free = shutil.disk_usage(self._folder).free
        if needed + SPARE_BYTES > free:
            raise BackupFailed(
                f"The files take {needed:,} bytes, and the disk of {self._folder} has {free:,} left. "
                "Name a folder on another disk, or share files with an earlier backup: --link-to FOLDER."
            )

    def _hash_database(self) -> tuple[str, int]:
        path = self._folder / DATABASE
        return hash_file(path), path.stat().st_size


def _make_folder(folder: Path) -> None:
    try:
        make_folders(folder.parent)
        folder.mkdir(mode=0o700)
    except FileExistsError as error:
        is_finished = (folder / MANIFEST).exists()
        is_begun = not is_finished and (folder / DATABASE).exists()
        what = "an unfinished backup: delete it, or" if is_begun else "which is not overwritten:"
        raise BackupFailed(f"{folder} exists, {what} give a new folder.") from error
    except OSError as error:
        raise BackupFailed(in_words(error, folder)) from error


def _fault(error: OSError | WrongBytes | ArtifactCorrupt, if_missing: str) -> str:
    """Return what is wrong with a stored file.

    Raises:
        OSError: The error itself, if it says nothing about the file, such as a full disk.
    """
    if isinstance(error, WrongBytes):
        return str(error)
    if isinstance(error, ArtifactCorrupt):
        return error.detail.partition(". ")[0]
    if isinstance(error, FileNotFoundError):
        return if_missing
    if error.errno == errno.EIO:
        return f"{error.filename or if_missing.partition(' ')[0]} cannot be read: {error.strerror}"
    raise error


def _describe(faults: list[str]) -> str:
    named = "; ".join(faults[:NUM_NAMED]) + ("; …" if len(faults) > NUM_NAMED else "")
    number = "One stored file is" if len(faults) == 1 else f"{len(faults):,} stored files are"
    return (
        f"{number} missing or damaged: {named}. `trainyard doctor` says which runs they belong to. "
        "To back up everything else, add --accept-damage."
    )


def _remove(folder: Path) -> None:
    with suppress(OSError):
        shutil.rmtree(folder)
