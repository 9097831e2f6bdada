"""A backup of a service that goes on working has all that the copied database refers to."""

import errno
import io
import json
import os
import shutil
import stat
import threading
from pathlib import Path

import pytest

from core.errors import DatabaseOutdated, InvalidSetup
from core.settings import Settings
from db import postgresql_copies
from operations import backup as backup_module
from operations import copying
from operations.backup import back_up
from operations.doctor import examine
from operations.errors import BackupDamaged, BackupFailed
from operations.manifest import read_manifest
from operations.reporting import JsonReport
from operations.restore import restore


def test_a_backup_has_everything_and_its_manifest_says_so(service, tmp_path):
    service.ask(service.work().dataset)
    service.answer("answers")
    folder = tmp_path / "backups" / "one"
    made = back_up(service.settings, folder)
    assert made == read_manifest(folder)
    stored = service.contents()
    assert {file.path for file in made.files} == stored.keys()
    assert all((folder / file.path).read_bytes() == stored[file.path] for file in made.files)
    assert made.kind == ("sqlite" if service.database.is_sqlite else "postgresql")
    assert (made.counts["runs"], made.counts["model_versions"], made.counts["dataset_versions"]) == (2, 2, 1)
    assert made.damaged == ()


def test_only_its_owner_can_read_it_and_no_file_is_the_stored_one(sqlite_service, tmp_path):
    sqlite_service.work()
    folder = tmp_path / "backup"
    made = back_up(sqlite_service.settings, folder)
    paths = [folder, *folder.rglob("*")]
    assert {stat.S_IMODE(path.stat().st_mode) for path in paths if path.is_dir()} == {0o700}
    assert {stat.S_IMODE(path.stat().st_mode) for path in paths if path.is_file()} == {0o600}
    for file in made.files:
        assert not (folder / file.path).samefile(sqlite_service.settings.data_dir / file.path)


def test_what_nothing_refers_to_is_left_out(sqlite_service, tmp_path):
    sqlite_service.train()
    orphan = sqlite_service.store("orphan")
    made = back_up(sqlite_service.settings, tmp_path / "backup")
    assert orphan.sha256 not in {file.sha256 for file in made.files}
    assert len(made.files) == 2


def test_files_that_an_earlier_backup_has_take_no_further_space(sqlite_service, tmp_path):
    sqlite_service.train("first")
    back_up(sqlite_service.settings, tmp_path / "one")
    sqlite_service.train("second")
    made = back_up(sqlite_service.settings, tmp_path / "two", earlier=tmp_path / "one")
    shared = [file for file in made.files if (tmp_path / "two" / file.path).stat().st_nlink == 2]
    assert (len(shared), len(made.files)) == (2, 4)


def test_a_damaged_file_of_an_earlier_backup_is_copied_again(sqlite_service, tmp_path):
    sqlite_service.train("first")
    made = back_up(sqlite_service.settings, tmp_path / "one")
    (tmp_path / "one" / made.files[0].path).write_text("other")
    back_up(sqlite_service.settings, tmp_path / "two", earlier=tmp_path / "one")
    assert copying.hash_file(tmp_path / "two" / made.files[0].path) == made.files[0].sha256


def test_a_file_that_is_deleted_meanwhile_is_noticed(service, tmp_path, monkeypatch):
    doomed = service.train("doomed")
    service.train("kept")
    original, said = backup_module.copy_file, []

    def delete_first(source, target, sha256, **options):
        if not said:
            said.append("deleted")
            service.delete(doomed)
        return original(source, target, sha256, **options)

    monkeypatch.setattr(backup_module, "copy_file", delete_first)
    made = back_up(service.settings, tmp_path / "backup", log=said.append)
    assert made.counts["runs"] == 1
    assert {file.path for file in made.files} == service.contents().keys()
    assert any("copying the database again" in line for line in said)
    assert made.damaged == ()
    # What had been copied of the deleted run is not left behind.
    kept = {str(path.relative_to(tmp_path / "backup")) for path in (tmp_path / "backup").rglob("*") if path.is_file()}
    assert kept == {"database", "manifest.json", *(file.path for file in made.files)}


def test_runs_that_come_and_go_leave_no_gap(service, tmp_path):
    for number in range(3):
        service.train(f"before {number}")
    is_over = threading.Event()

    def work() -> None:
        number = 0
        while not is_over.is_set():
            run_id = service.train(f"meanwhile {number}")
            if number % 2:
                service.delete(run_id)
            number += 1

    thread = threading.Thread(target=work)
    thread.start()
    try:
        made = [back_up(service.settings, tmp_path / f"backup {number}") for number in range(2)]
    finally:
        is_over.set()
        thread.join()
    for number, manifest in enumerate(made):
        assert manifest.damaged == ()
        assert manifest.counts["runs"] >= 3
        for file in manifest.files:
            assert copying.hash_file(tmp_path / f"backup {number}" / file.path) == file.sha256
    service.database.dispose()
    restore(service.settings, tmp_path / "backup 1", replace=True)
    output = io.StringIO()
    report = JsonReport(output)
    examine(service.settings, report)
    report.end()
    # A run may just have been queued or claimed, and there is no worker.
    assert json.loads(output.getvalue())["totals"].keys() <= {"no_worker", "owner_silent"}


@pytest.mark.parametrize("damage", ["missing", "changed", "dataset"])
def test_stored_files_that_are_damaged_are_named_and_left_out_only_on_request(sqlite_service, tmp_path, damage):
    made = sqlite_service.work()
    path = sqlite_service.files.path(sqlite_service.store("first").sha256)
    match damage:
        case "missing":
            path.unlink()
        case "changed":
            path.write_text("f1rst")
        case "dataset":
            path = sqlite_service.datasets.folder(made.dataset.key).path
            (path / "description.json").unlink()
    with pytest.raises(BackupFailed, match="One stored file is missing or damaged") as caught:
        back_up(sqlite_service.settings, tmp_path / "backup")
    assert str(path) in str(caught.value)
    assert "trainyard doctor" in str(caught.value)
    assert not (tmp_path / "backup").exists()
    made = back_up(sqlite_service.settings, tmp_path / "backup", accept_damage=True)
    assert [str(path) in fault for fault in made.damaged] == [True]
    assert str(path.relative_to(sqlite_service.settings.data_dir)) not in {file.path for file in made.files}


def test_a_file_that_a_bad_disk_cannot_read_is_damage_too(sqlite_service, tmp_path, monkeypatch):
    sqlite_service.train()
    path = sqlite_service.files.path(sqlite_service.store("weights").sha256)
    original = backup_module.copy_file

    def fail(source, target, sha256, **options):
        if source == path:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return original(source, target, sha256, **options)

    monkeypatch.setattr(backup_module, "copy_file", fail)
    made = back_up(sqlite_service.settings, tmp_path / "backup", accept_damage=True)
    assert made.damaged == (f"{path} cannot be read: Input/output error",)
    assert len(made.files) == 1


def test_an_existing_folder_is_refused_and_an_unfinished_backup_is_called_so(sqlite_service, tmp_path):
    (tmp_path / "folder").mkdir()
    with pytest.raises(BackupFailed, match="which is not overwritten"):
        back_up(sqlite_service.settings, tmp_path / "folder")
    (tmp_path / "folder" / "database").touch()
    with pytest.raises(BackupFailed, match="an unfinished backup: delete it"):
        back_up(sqlite_service.settings, tmp_path / "folder")
    with pytest.raises(BackupDamaged, match=r"an unfinished backup: it has no manifest\.json"):
        read_manifest(tmp_path / "folder")
    assert (tmp_path / "folder" / "database").exists()


def test_a_name_that_no_address_of_a_database_can_have_is_refused(sqlite_service, tmp_path):
    with pytest.raises(BackupFailed, match=r"has a '\?' in its name"):
        back_up(sqlite_service.settings, tmp_path / "today?")


def test_a_full_disk_is_named_and_leaves_nothing(sqlite_service, tmp_path, monkeypatch):
    sqlite_service.work()

    def fail(*_, **__):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(backup_module, "copy_file", fail)
    with pytest.raises(BackupFailed, match=r"no space left for .*backup\. Free some, or name a folder on another disk"):
        back_up(sqlite_service.settings, tmp_path / "backup")
    assert not (tmp_path / "backup").exists()


def test_a_disk_that_is_too_small_is_refused_before_anything_is_copied(sqlite_service, tmp_path, monkeypatch):
    sqlite_service.work()
    usage = shutil.disk_usage(tmp_path)._replace(free=1000)
    monkeypatch.setattr("shutil.disk_usage", lambda _: usage)
    monkeypatch.setattr(backup_module, "copy_file", lambda *_, **__: pytest.fail("it copied"))
    with pytest.raises(BackupFailed, match=r"take [\d,]+ bytes, and the disk of .* has 1,000 left"):
        back_up(sqlite_service.settings, tmp_path / "backup")


def test_a_database_that_is_missing_is_not_created(tmp_path):
    with pytest.raises(DatabaseOutdated, match="does not exist"):
        back_up(Settings(data_dir=tmp_path / "var"), tmp_path / "backup")
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_sqlite_file_is_not_backed_up(sqlite_service, tmp_path):
    sqlite_service.train(num_points=2000)
    path = Path(sqlite_service.database.url.database)
    sqlite_service.database.dispose()
    size = path.stat().st_size
    with path.open("rb+") as file:
        file.seek(size // 2)
        file.write(b"\xff" * (size // 4))
    with pytest.raises(InvalidSetup, match="is damaged"):
        back_up(sqlite_service.settings, tmp_path / "backup")
    assert not (tmp_path / "backup").exists()


@pytest.mark.parametrize(
    ("version", "said"),
    [
        (None, "program pg_dump is missing"),
        ("pg_dump (PostgreSQL) 9.6.24", "is of version 9, and the server of version"),
    ],
)
def test_programs_of_postgresql_must_be_there_and_new_enough(
    make_service, postgresql_url, tmp_path, monkeypatch, version, said
):
    service = make_service(postgresql_url)
    (tmp_path / "bin").mkdir()
    if version:
        program = tmp_path / "bin" / "pg_dump"
        program.write_text(f"#!/bin/sh\necho '{version}'\n")
        program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setattr(postgresql_copies.os, "environ", {**os.environ, "PATH": str(tmp_path / "bin")})
    with pytest.raises(InvalidSetup, match=f"{said}.* Install PostgreSQL's client programs"):
        back_up(service.settings, tmp_path / "backup")


def test_no_password_is_written_or_shown(make_service, postgresql_url, tmp_path, monkeypatch):
    service = make_service(postgresql_url)
    seen = []
    original = postgresql_copies.subprocess.run

    def watch(command, **options):
        seen.append(" ".join(command))
        return original(command, **options)

    monkeypatch.setattr(postgresql_copies.subprocess, "run", watch)
    secret = service.database.url.set(password="hunter2")  # noqa: S106 - to be looked for.
    settings = Settings(data_dir=service.settings.data_dir, database_url=secret.render_as_string(hide_password=False))
    back_up(settings, tmp_path / "backup")
    assert any(line.startswith("pg_dump") for line in seen)
    assert not any("hunter2" in line for line in seen)
    assert "hunter2" not in (tmp_path / "backup" / "manifest.json").read_text()
    assert json.loads((tmp_path / "backup" / "manifest.json").read_text())["kind"] == "postgresql"
