"""A restore brings back what a backup has, all or nothing, and never under a running service."""

import hashlib
import json
import os
import shutil
import signal
import sys
import time
import warnings
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config

from core.artifacts import hash_file
from core.errors import InvalidSetup
from core.run_state import RunState
from core.system.data_lock import lock_data
from core.workers import WorkerHealth, WorkerState
from db import datasets, metrics, postgresql_copies, runs, sqlite_copies, stored_references, workers
from db.copy_errors import CopyDamaged, DatabaseInUse
from db.session import Database
from db.upgrade import NEWEST_REVISION, check_database
from launch.preflight import check_data_dir
from operations import restore as restore_module
from operations.backup import back_up
from operations.copying import FileEntry, copy_file
from operations.errors import BackupDamaged, RestoreRefused
from operations.manifest import Manifest, read_manifest, write_manifest
from operations.restore import restore
from worker.reconciler import Reconciler

EVENTS = {"os.rename", "os.remove", "os.mkdir", "os.chmod", "shutil.rmtree", "sqlite3.connect"}
"""Changes that a restore or a backup makes to the disk, as Python's audit hooks name them."""


@pytest.fixture
def backed_up(service, tmp_path):
    """A service that has worked and has a backup, on each kind of database."""
    return with_backup(service, tmp_path)


@pytest.fixture
def backed_up_sqlite(sqlite_service, tmp_path):
    """The same on SQLite alone, for what does not depend on the database."""
    return with_backup(sqlite_service, tmp_path)


def with_backup(service, tmp_path):
    service.made = service.work()
    back_up(service.settings, tmp_path / "backup")
    service.database.dispose()
    return service


def run_ids(service) -> set[str]:
    with service.database.reading() as session:
        found = {str(run.id) for run in runs.list_page(session, limit=50).items}
    service.database.dispose()
    return found


def is_whole(service) -> bool:
    """Return True if every file that the database refers to is there, with its bytes."""
    with service.database.reading() as session:
        hashes = {file.sha256 for page in stored_references.iterate_files(session) for file in page}
        keys = {one.key for page in stored_references.iterate_datasets(session) for one in page}
    service.database.dispose()
    return all(hash_file(service.files.path(sha256)) == sha256 for sha256 in hashes) and all(
        hash_file(service.datasets.folder(key).original) == key[:64] for key in keys
    )


def count_changes(work) -> int:
    """Return how many changes to the disk something makes, in a process of its own."""
    return os.waitstatus_to_exitcode(end_at(-1, work))


def is_killed_at(number: int, work) -> bool:
    """Do something in a process of its own that is killed just before one of its changes, counted from 0."""
    return os.WIFSIGNALED(end_at(number, work))


def end_at(number: int, work) -> int:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if not child:
        changes = []

        def watch(event: str, _arguments: object) -> None:
            if event in EVENTS:
                if len(changes) == number:
                    os.kill(os.getpid(), signal.SIGKILL)
                changes.append(event)

        sys.addaudithook(watch)
        try:
            work()
        finally:
            os._exit(min(len(changes), 255))
    return os.waitpid(child, 0)[1]


def test_everything_is_as_it_was(backed_up, tmp_path):
    stored, ids = backed_up.contents(), run_ids(backed_up)
    later = backed_up.train("later")
    backed_up.delete(backed_up.made.second)
    backed_up.database.dispose()
    restore(backed_up.settings, tmp_path / "backup", replace=True)
    assert run_ids(backed_up) == ids
    assert str(later) not in ids
    assert is_whole(backed_up)
    assert stored.items() <= backed_up.contents().items()
    with backed_up.database.reading() as session:
        assert metrics.list_keys(session, backed_up.made.first)[0].count == 2500
        assert datasets.get_version(session, "pairs").num_bytes == 8
    check_database(backed_up.settings.effective_database_url)
    assert not list(backed_up.settings.data_dir.rglob(".restoring*"))


def test_a_new_machine_gets_the_service(sqlite_service, make_service, tmp_path):
    sqlite_service.work()
    back_up(sqlite_service.settings, tmp_path / "backup")
    other = make_service("", "other")
    restore(other.settings, tmp_path / "backup")
    assert run_ids(other) == run_ids(sqlite_service)
    assert other.contents() == sqlite_service.contents()
    assert is_whole(other)
    # Workers and API may run as other users, which read datasets.
    (table,) = other.settings.datasets_dir.rglob("table.parquet")
    assert table.stat().st_mode & 0o777 == 0o644
    assert table.parent.stat().st_mode & 0o777 == 0o755
    with other.database.reading() as session:
        assert session.connection().exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"


def test_runs_that_were_active_are_queued_again_by_the_reconciler(sqlite_service, tmp_path):
    service = sqlite_service
    run_id = service.queue()
    service.claim(lease_seconds=0.001)
    back_up(service.settings, tmp_path / "backup")
    service.database.dispose()
    restore(service.settings, tmp_path / "backup", replace=True)
    Reconciler(service.settings, service.database, lambda: None, lambda: False).reconcile()
    with service.database.reading() as session:
        assert runs.get(session, run_id).state is RunState.QUEUED
    assert service.claim().attempt == 2


def test_a_backup_of_an_older_version_is_upgraded(make_service, tmp_path):
    folder = tmp_path / "backup"
    folder.mkdir()
    older = Database(f"sqlite:///{folder / 'database'}")
    config = Config(str(Path(__file__).parents[2] / "alembic.ini"))
    with older.engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0011")
        connection.exec_driver_sql("INSERT INTO experiments (name, created_at) VALUES ('trials', 1)")
    older.dispose()
    content = (folder / "database").read_bytes()
    database = FileEntry(path="database", sha256=hashlib.sha256(content).hexdigest(), num_bytes=len(content))
    write_manifest(
        folder,
        Manifest(
            version="0.1.0",
            revision="0011",
            kind="sqlite",
            created_at=datetime.now(UTC),
            database=database,
            files=(),
            counts={"runs": 0},
        ),
    )
    service = make_service("", "other")
    restore(service.settings, folder)
    check_database(service.settings.effective_database_url)
    with service.database.reading() as session:
        assert session.connection().exec_driver_sql("SELECT name FROM experiments").scalar() == "trials"
    # Only a copy of the backup was upgraded.
    assert (folder / "database").read_bytes() == content


def test_data_that_is_there_is_replaced_only_on_request(backed_up_sqlite, tmp_path):
    backed_up_sqlite.train("later")
    backed_up_sqlite.database.dispose()
    before = run_ids(backed_up_sqlite)
    with pytest.raises(RestoreRefused, match=r"is not empty \(3 runs, .*add --replace"):
        restore(backed_up_sqlite.settings, tmp_path / "backup")
    assert run_ids(backed_up_sqlite) == before


def test_an_open_database_is_refused(backed_up, tmp_path):
    with backed_up.database.reading() as session:
        runs.list_page(session, limit=1)
        with pytest.raises(RestoreRefused, match=r"(open|are open: trainyard from).* Stop API and workers first"):
            restore(backed_up.settings, tmp_path / "backup", replace=True)


def test_a_service_that_opens_the_database_at_the_last_moment_is_refused_too(backed_up_sqlite, tmp_path):
    path = Path(backed_up_sqlite.database.url.database)
    shutil.copyfile(path, tmp_path / "prepared")
    with backed_up_sqlite.database.reading() as session:
        runs.list_page(session, limit=1)
        with pytest.raises(DatabaseInUse, match="Stop API and workers first"):
            sqlite_copies.replace_file(path, tmp_path / "prepared")
    assert (tmp_path / "prepared").exists()
    assert len(run_ids(backed_up_sqlite)) == 2


def test_a_live_worker_on_another_machine_is_refused(backed_up_sqlite, tmp_path):
    with backed_up_sqlite.database.transaction() as session:
        workers.report(session, "elsewhere:7", "elsewhere", WorkerHealth(WorkerState.READY, 1, 1))
    backed_up_sqlite.database.dispose()
    with pytest.raises(RestoreRefused, match="A worker is running: elsewhere:7 reported less than 30 s ago"):
        restore(backed_up_sqlite.settings, tmp_path / "backup", replace=True)


def test_nothing_starts_while_a_backup_is_restored(backed_up_sqlite, tmp_path):
    check_data_dir(backed_up_sqlite.settings.data_dir)
    with lock_data(backed_up_sqlite.settings.data_dir) as is_alone:
        assert is_alone
        with pytest.raises(InvalidSetup, match="A backup is being restored to"):
            check_data_dir(backed_up_sqlite.settings.data_dir)
        with pytest.raises(RestoreRefused, match="Another restore"):
            restore(backed_up_sqlite.settings, tmp_path / "backup", replace=True)
    check_data_dir(backed_up_sqlite.settings.data_dir)


def change_manifest(folder: Path, **changes: object) -> None:
    path = folder / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def link(path: Path) -> None:
    shutil.copyfile(path, path.parent.parent / "elsewhere")
    path.unlink()
    path.symlink_to(path.parent.parent / "elsewhere")


def link_folder(path: Path) -> None:
    path.parent.rename(path.parent.with_name("elsewhere"))
    path.parent.symlink_to("elsewhere")


DAMAGES = {
    "a flipped bit of a file": (lambda _, path: flip(path), "The backup is damaged: .* has changed"),
    "a flipped bit of the database": (lambda folder, _: flip(folder / "database"), "The backup is damaged"),
    "a truncated database": (lambda folder, _: os.truncate(folder / "database", 5000), "The backup is damaged"),
    "a missing file": (lambda _, path: path.unlink(), "is missing from the backup"),
    "no manifest": (lambda folder, _: (folder / "manifest.json").unlink(), "an unfinished backup"),
    "a truncated manifest": (lambda folder, _: os.truncate(folder / "manifest.json", 300), "cannot be read"),
    "a newer format": (lambda folder, _: change_manifest(folder, format=2), "of a newer version of Trainyard"),
    "a link": (lambda _, path: link(path), "is a symbolic link"),
    "a linked folder": (lambda _, path: link_folder(path), "is a symbolic link"),
    "a newer revision": (
        lambda folder, _: change_manifest(folder, revision="9999"),
        f"of revision 9999 .* knows those up to {NEWEST_REVISION}",
    ),
    "another kind of database": (
        lambda folder, _: change_manifest(folder, kind="postgresql"),
        "Restore it to a database of its own kind",
    ),
    "other numbers of rows": (
        lambda folder, _: change_manifest(folder, counts={"runs": 3}),
        "has 2 rows in runs, expected 3",
    ),
    "a path that leads out": (
        lambda folder, _: change_manifest(
            folder, files=[{"path": "datasets/uploads/../../../x", "sha256": "a" * 64, "num_bytes": 1}]
        ),
        "is no path of an artifact or a dataset",
    ),
    "a path of something else": (
        lambda folder, _: change_manifest(folder, files=[{"path": ".bashrc", "sha256": "a" * 64, "num_bytes": 1}]),
        "is no path of an artifact or a dataset",
    ),
}


def test_a_backup_that_is_damaged_changes_nothing(sqlite_service, tmp_path):
    sqlite_service.work()
    made = back_up(sqlite_service.settings, tmp_path / "backup")
    sqlite_service.train("later")
    sqlite_service.database.dispose()
    stored, ids = sqlite_service.contents(), run_ids(sqlite_service)
    for name, (damage, said) in DAMAGES.items():
        folder = tmp_path / name
        shutil.copytree(tmp_path / "backup", folder)
        damage(folder, folder / made.files[0].path)
        with pytest.raises((BackupDamaged, RestoreRefused), match=said):
            restore(sqlite_service.settings, folder, replace=True)
        assert (sqlite_service.contents(), run_ids(sqlite_service)) == (stored, ids), name


def test_a_damaged_dump_of_postgresql_changes_nothing(make_service, postgresql_url, tmp_path):
    service = make_service(postgresql_url)
    service.work()
    made = back_up(service.settings, tmp_path / "backup")
    dump = tmp_path / "backup" / "database"
    os.truncate(dump, made.database.num_bytes * 3 // 4)
    # Whoever changes the manifest too is told by pg_restore.
    database = {"path": "database", "sha256": hash_file(dump), "num_bytes": dump.stat().st_size}
    change_manifest(tmp_path / "backup", database=database)
    service.database.dispose()
    ids = run_ids(service)
    with pytest.raises(CopyDamaged, match="cannot read the copy"):
        restore(service.settings, tmp_path / "backup", replace=True)
    with pytest.raises(CopyDamaged, match="Nothing was changed"):
        postgresql_copies.replace_all(service.database, dump, made.counts)
    back_up(service.settings, tmp_path / "other")
    with pytest.raises(CopyDamaged, match=r"runs has 2 rows, expected 5\. Nothing was changed"):
        postgresql_copies.replace_all(service.database, tmp_path / "other" / "database", {"runs": 5})
    assert run_ids(service) == ids


def test_tables_of_others_are_not_deleted(make_service, postgresql_url, sqlite_service, tmp_path):
    service = make_service(postgresql_url, "other")
    back_up(sqlite_service.settings, tmp_path / "backup")
    change_manifest(tmp_path / "backup", kind="postgresql")
    with service.database.engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE accounts (id int)")
    service.database.dispose()
    try:
        with pytest.raises(RestoreRefused, match=r"tables that are not Trainyard's \(accounts\)"):
            restore(service.settings, tmp_path / "backup", replace=True)
    finally:
        with service.database.engine.begin() as connection:
            connection.exec_driver_sql("DROP TABLE accounts")


def test_a_full_disk_changes_nothing(sqlite_service, tmp_path, monkeypatch):
    sqlite_service.work()
    back_up(sqlite_service.settings, tmp_path / "backup")
    sqlite_service.database.dispose()
    before = sqlite_service.contents()
    free = shutil.disk_usage(tmp_path)._replace(free=1000)
    with monkeypatch.context() as patch:
        patch.setattr("shutil.disk_usage", lambda _: free)
        with pytest.raises(RestoreRefused, match=r"has 1,000 left\. Free some"):
            restore(sqlite_service.settings, tmp_path / "backup", replace=True)
    copied = []

    def fill(source, target, sha256):
        if len(copied) == 3:
            raise OSError(28, "No space left on device")
        copied.append(target)
        return copy_file(source, target, sha256)

    monkeypatch.setattr(restore_module, "copy_file", fill)
    with pytest.raises(RestoreRefused, match=r"There is no space left for .*The data is as it was"):
        restore(sqlite_service.settings, tmp_path / "backup", replace=True)
    assert sqlite_service.contents() == before
    assert is_whole(sqlite_service)


def test_a_database_that_cannot_be_read_is_kept_beside_the_restored_one(sqlite_service, tmp_path):
    sqlite_service.work()
    back_up(sqlite_service.settings, tmp_path / "backup")
    ids = run_ids(sqlite_service)
    path = Path(sqlite_service.database.url.database)
    path.write_bytes(b"not a database, but as long as one" * 1000)
    said: list[str] = []
    with pytest.raises(RestoreRefused, match=r"cannot be read \(file is not a database\)"):
        restore(sqlite_service.settings, tmp_path / "backup")
    restore(sqlite_service.settings, tmp_path / "backup", replace=True, log=said.append)
    assert run_ids(sqlite_service) == ids
    assert path.with_name("trainyard.db.damaged").read_bytes().startswith(b"not a database")
    assert said[-1].endswith("trainyard.db.damaged.")


def test_a_restore_that_is_killed_leaves_the_old_data_or_the_new(sqlite_service, tmp_path):
    sqlite_service.work()
    back_up(sqlite_service.settings, tmp_path / "backup")
    new = run_ids(sqlite_service)
    sqlite_service.train("later")
    old = run_ids(sqlite_service)
    shutil.copytree(sqlite_service.settings.data_dir, tmp_path / "old")
    database = Path(sqlite_service.database.url.database)
    shutil.copyfile(database, tmp_path / "old.db")

    def restore_it() -> None:
        restore(sqlite_service.settings, tmp_path / "backup", replace=True)

    def go_back() -> None:
        shutil.rmtree(sqlite_service.settings.data_dir)
        shutil.copytree(tmp_path / "old", sqlite_service.settings.data_dir)
        shutil.copyfile(tmp_path / "old.db", database)

    num_changes = count_changes(restore_it)
    assert 50 < num_changes < 255
    go_back()
    outcomes = []
    # The last changes are those of the database.
    for number in (*range(0, num_changes - 10, 13), *range(num_changes - 10, num_changes)):
        assert is_killed_at(number, restore_it)
        found = run_ids(sqlite_service)
        assert found in (old, new), number
        assert is_whole(sqlite_service), number
        outcomes.append(found == new)
        if found == new:
            go_back()
    # From one change on everything is new.
    assert outcomes == sorted(outcomes)
    assert set(outcomes) == {False, True}
    # What the last one left is removed by the next, which succeeds.
    restore(sqlite_service.settings, tmp_path / "backup", replace=True)
    assert run_ids(sqlite_service) == new
    assert not list(sqlite_service.settings.data_dir.rglob(".restoring*"))
    assert not list(database.parent.glob(".restoring*"))


def test_a_restore_of_postgresql_that_is_killed_leaves_the_old_data(make_service, postgresql_url, tmp_path):
    service = make_service(postgresql_url)
    service.work()
    back_up(service.settings, tmp_path / "backup")
    service.train("later")
    old = run_ids(service)

    def stop_in_the_middle() -> None:
        def copy_half(source, target):
            target.write(source.read(20_000))
            target.flush()
            os.kill(os.getpid(), signal.SIGKILL)

        postgresql_copies.shutil.copyfileobj = copy_half
        restore(service.settings, tmp_path / "backup", replace=True)

    assert is_killed_at(10**9, stop_in_the_middle)
    assert run_ids(service) == old
    deadline = time.monotonic() + 20
    while True:
        # The server takes a moment to notice that the other one is gone.
        with suppress(RestoreRefused):
            restore(service.settings, tmp_path / "backup", replace=True)
            break
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert len(run_ids(service)) == 2
    assert is_whole(service)


def test_a_backup_that_is_killed_is_recognised_as_unfinished(sqlite_service, tmp_path):
    sqlite_service.work()
    before = sqlite_service.contents()
    sqlite_service.database.dispose()
    num_changes = count_changes(lambda: back_up(sqlite_service.settings, tmp_path / "whole"))
    outcomes = []
    for number in (*range(0, num_changes - 3, 9), *range(num_changes - 3, num_changes)):
        folder = tmp_path / f"backup {number}"
        assert is_killed_at(number, lambda folder=folder: back_up(sqlite_service.settings, folder))
        with pytest.raises(BackupDamaged):
            read_manifest(folder)
        outcomes.append(folder.exists())
    # The last change makes it a backup.
    made = read_manifest(tmp_path / "whole")
    assert all(hash_file(tmp_path / "whole" / file.path) == file.sha256 for file in (made.database, *made.files))
    assert any(outcomes)
    assert sqlite_service.contents() == before
