"""Backup, restore and doctor of a service whose files are in a bucket of a real server, or in a folder elsewhere."""

import io
import json
import shutil

import pytest

from core.settings import Settings
from operations.backup import back_up
from operations.doctor import examine
from operations.errors import BackupFailed
from operations.reporting import JsonReport
from operations.restore import restore
from storage.bucket import Bucket


@pytest.fixture
def stored(make_service, s3_server, sqlite_url, tmp_path, monkeypatch):
    """A service that has worked with files in a bucket, and its bucket."""
    for name, value in s3_server.credentials.items():
        monkeypatch.setenv(name, value)
    service = make_service(
        sqlite_url, storage_url=f"s3://{s3_server.bucket}/{tmp_path.name}", storage_endpoint=s3_server.url
    )
    service.made = service.work()
    service.bucket = Bucket(service.settings.storage_url, service.settings.storage_endpoint)
    return service


def keys(service):
    return {found.key for found in service.bucket.list_objects("")}


def find(service, ending):
    return next(key for key in sorted(keys(service)) if key.endswith(ending))


def codes(service, *, is_quick=False):
    text = io.StringIO()
    report = JsonReport(text)
    examine(service.settings, report, is_quick=is_quick)
    report.end()
    return {finding["code"] for finding in json.loads(text.getvalue())["findings"]} - {"disk_low"}


def test_a_service_that_is_well_has_no_findings(stored):
    assert codes(stored) == set()
    assert codes(stored, is_quick=True) == set()


def test_damage_is_found_by_the_hashes_of_objects(stored):
    artifact = find(stored, stored.store("first").sha256)
    stored.bucket.put_bytes(artifact, b"FIRST")
    assert codes(stored, is_quick=True) == set()
    assert codes(stored) == {"file_changed"}
    stored.bucket.delete([artifact])
    assert codes(stored) == {"file_missing"}
    stored.store("first")
    stored.bucket.put_bytes(find(stored, "table.parquet"), b"PAR1")
    assert codes(stored) == {"dataset_damaged"}
    stored.bucket.delete([find(stored, "table.parquet")])
    assert codes(stored) == {"dataset_missing"}
    stored.bucket.delete([find(stored, "manifest.json")])
    assert codes(stored, is_quick=True) == {"dataset_missing"}


def test_a_backup_has_every_object_and_is_restored_to_the_bucket(stored, tmp_path):
    before = {name: stored.bucket.read_bytes(name) for name in keys(stored)}
    made = back_up(stored.settings, tmp_path / "backup")
    assert {file.path.split("/")[0] for file in made.files} == {"artifacts", "datasets"}
    assert len(made.files) == len([name for name in before if not name.endswith(("manifest.json", "clock"))])
    stored.bucket.delete(keys(stored))
    stored.database.dispose()
    restore(stored.settings, tmp_path / "backup", replace=True)
    assert codes(stored) == set()
    for name, content in before.items():
        if name.startswith("artifacts/"):
            assert stored.bucket.read_bytes(name) == content


def test_a_backup_of_a_bucket_moves_the_service_to_a_folder(stored, tmp_path):
    back_up(stored.settings, tmp_path / "backup")
    there = Settings(data_dir=tmp_path / "there")
    restore(there, tmp_path / "backup")
    text = io.StringIO()
    report = JsonReport(text)
    examine(there, report)
    report.end()
    assert [finding for finding in json.loads(text.getvalue())["findings"] if finding["code"] != "disk_low"] == []


def test_an_earlier_backup_shares_what_it_has(stored, tmp_path):
    back_up(stored.settings, tmp_path / "one")
    made = back_up(stored.settings, tmp_path / "two", earlier=tmp_path / "one")
    artifacts = [file.path for file in made.files if file.path.startswith("artifacts/")]
    assert artifacts
    for path in artifacts:
        assert (tmp_path / "one" / path).samefile(tmp_path / "two" / path)


def test_a_missing_object_is_named(stored, tmp_path):
    name = find(stored, stored.store("first").sha256)
    stored.bucket.delete([name])
    with pytest.raises(BackupFailed, match=r"One stored file is missing or damaged: The artifact .* is missing"):
        back_up(stored.settings, tmp_path / "backup")
    assert len(back_up(stored.settings, tmp_path / "backup", accept_damage=True).damaged) == 1


def test_files_in_a_folder_elsewhere_are_backed_up_and_restored(make_service, sqlite_url, tmp_path):
    service = make_service(sqlite_url, storage_url=f"file://{tmp_path}/some%20disk")
    service.work()
    assert (tmp_path / "some disk" / "artifacts").is_dir()
    assert not service.settings.data_dir.joinpath("artifacts").exists()
    back_up(service.settings, tmp_path / "backup")
    service.database.dispose()
    shutil.rmtree(tmp_path / "some disk")
    assert codes(service) >= {"file_missing", "dataset_missing"}
    restore(service.settings, tmp_path / "backup", replace=True)
    assert codes(service) == set()
    assert not service.settings.data_dir.joinpath("artifacts").exists()
