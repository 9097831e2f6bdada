"""The doctor finds each kind of damage, in words that say what mends it, and nothing in a service that is well."""

import io
import json
import os
import re
import shutil
import sqlite3
import time
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import numpy as np
import pytest
from sqlalchemy import text

from core.curves.points import Points
from core.errors import DatabaseOutdated, InvalidSetup
from core.findings import Finding
from core.progress import MetricBatch
from core.settings import Settings
from core.uploads.folder import IMAGE_RECORD
from core.workers import WorkerHealth, WorkerState
from db import claims, job_checks, metrics, workers
from db.records.metrics import MetricPointRecord
from operations import doctor as doctor_module
from operations.doctor import examine
from operations.reporting import MAX_SHOWN, JsonReport, TextReport


def look(service, **options) -> list[dict]:
    """Findings, and nothing else of the document."""
    document, _ = read(service, **options)
    return document["findings"]


def read(service, **options) -> tuple[dict, int]:
    output = io.StringIO()
    report = JsonReport(output)
    examine(service.settings, report, **options)
    code = report.end()
    return json.loads(output.getvalue()), code


def one(service, **options) -> dict:
    findings = look(service, **options)
    assert len(findings) == 1, findings
    return findings[0]


def change(service, statement: str, **values: object) -> None:
    """Change rows as no code of ours does, in spite of foreign keys."""
    with service.database.engine.connect() as connection:
        if service.database.is_sqlite:
            connection.connection.cursor().execute("PRAGMA foreign_keys = OFF")
        else:
            connection.execute(text("SET session_replication_role = replica"))
        connection.execute(text(statement), values)
        connection.commit()
    service.database.dispose()


@pytest.fixture
def worked(service):
    """A service that has worked, with a live worker that trains a run now and another run in the queue."""
    service.made = service.work()
    service.running = service.queue()
    claimed = service.claim()
    service.report(claimed, num_points=10)
    service.queued = service.queue()
    with service.database.transaction() as session:
        workers.report(session, "worker-1", "here", WorkerHealth(WorkerState.READY, 1, 1))
    return service


@pytest.fixture
def trained(sqlite_service):
    """A run with a long curve, on SQLite."""
    sqlite_service.run_id = sqlite_service.train(num_points=2500)
    return sqlite_service


def test_a_service_that_is_well_has_no_findings(worked):
    document, code = read(worked)
    assert document["findings"] == []
    assert (document["ok"], code) == (True, 0)
    assert document["checked"] == {
        "runs": 4,
        "curves": 3,
        "points": 2513,
        "file references": 8,
        "hashed files": 4,
        "dataset versions": 1,
    }


def test_it_writes_nothing(sqlite_service):
    sqlite_service.work()
    change(sqlite_service, "UPDATE metric_series SET count = count - 1")
    before = sqlite_service.contents()
    with closing(sqlite3.connect(sqlite_service.database.url.database)) as connection:
        first = "\n".join(connection.iterdump())
        assert len(look(sqlite_service)) == 2
        assert "\n".join(connection.iterdump()) == first
    assert sqlite_service.contents() == before


def test_a_missing_file_is_named_with_all_that_need_it(trained):
    path = trained.files.path(trained.store("weights").sha256)
    path.unlink()
    findings = look(trained, is_quick=True)
    assert [(found["code"], found["subject"]) for found in findings] == [
        ("file_missing", f"run {trained.run_id}, model.onnx"),
        ("file_missing", "model version adder v1, model.onnx"),
    ]
    assert findings[0]["detail"] == f"{path} is missing."
    assert findings[0]["remedy"] == (
        f"Copy artifacts/{path.parent.name}/{path.name} of a backup to its place, "
        f"or train again: trainyard retry {trained.run_id}"
    )


def test_a_flipped_byte_is_found_by_its_hash_alone(trained):
    path = trained.files.path(trained.store("weights").sha256)
    path.write_text("weightz")
    assert look(trained, is_quick=True) == []
    found = one(trained)
    assert found["code"] == "file_changed"
    assert found["subject"] == f"run {trained.run_id}, model.onnx; model version adder v1, model.onnx"
    path.write_text("shorter or not")
    assert [found["code"] for found in look(trained, is_quick=True)] == ["file_wrong_size"]


def test_files_of_nobody_are_a_note_once_they_are_old(trained):
    path = trained.files.path(trained.store("nobody's").sha256)
    assert look(trained) == []
    os.utime(path, (time.time() - 100_000, time.time() - 100_000))
    document, code = read(trained)
    (found,) = document["findings"]
    assert (found["code"], found["is_note"], code) == ("file_unowned", True, 0)
    assert found["detail"] == "No row refers to this file, which is 28 hours old."


def test_a_file_whose_run_is_deleted_meanwhile_is_not_missing(trained, monkeypatch):
    original = type(trained.files).find_size

    def delete_first(store, sha256):
        monkeypatch.setattr(type(store), "find_size", original)
        trained.delete(trained.run_id)
        return original(store, sha256)

    monkeypatch.setattr(type(trained.files), "find_size", delete_first)
    assert look(trained) == []


@pytest.mark.parametrize(
    ("damage", "code", "detail"),
    [
        (lambda folder: (folder / "original").unlink(), "dataset_missing", "original is missing"),
        (lambda folder: (folder / "description.json").unlink(), "dataset_missing", "description.json is missing"),
        (lambda folder: (folder / "table.parquet").unlink(), "dataset_missing", "table.parquet is missing"),
        (lambda folder: (folder / "original").write_bytes(b"a,b\n1,3\n"), "dataset_damaged", "do not have the sha256"),
        (lambda folder: (folder / "original").write_bytes(b"a,b\n"), "dataset_damaged", "has 4 bytes, expected 8"),
        (lambda folder: (folder / "description.json").write_text("{}"), "dataset_damaged", "cannot be read"),
        (lambda folder: os.truncate(folder / "table.parquet", 15), "dataset_damaged", "is not a whole Parquet file"),
        (shutil.rmtree, "dataset_missing", "original is missing"),
    ],
)
def test_damaged_datasets_are_found(sqlite_service, damage, code, detail):
    version = sqlite_service.upload()
    damage(sqlite_service.datasets.folder(version.key).path)
    found = one(sqlite_service)
    assert (found["code"], found["subject"]) == (code, "dataset pairs v1")
    assert detail in found["detail"]
    assert "upload the file again: trainyard data delete pairs 1" in found["remedy"]


def test_arrays_and_images_must_have_the_form_of_their_description(sqlite_service):
    version = sqlite_service.upload()
    folder = sqlite_service.datasets.folder(version.key)
    array = {"name": "x", "shape": [3, 2], "dtype": "float32"}
    folder.description.write_text(json.dumps({"format": "npz", "description": {"kind": "arrays", "arrays": [array]}}))
    folder.arrays.mkdir()
    np.save(folder.arrays / "x.npy", np.zeros((3, 2), np.float32))
    assert look(sqlite_service) == []
    np.save(folder.arrays / "x.npy", np.zeros((2, 2), np.float32))
    assert "x.npy has float32 (2, 2), expected float32 (3, 2)" in one(sqlite_service)["detail"]
    os.truncate(folder.arrays / "x.npy", 130)
    assert "cannot be read" in one(sqlite_service)["detail"]
    size = dict.fromkeys(("least_height", "greatest_height", "least_width", "greatest_width", "num_grey"), 1)
    images = {"kind": "images", "num_images": 2, "classes": [], **size}
    folder.description.write_text(json.dumps({"format": "zip", "description": images}))
    np.save(folder.image_records, np.array([(0, 5, 1, 1, 0, 0), (5, 5, 1, 1, 0, 0)], IMAGE_RECORD))
    folder.image_bytes.write_bytes(bytes(10))
    assert look(sqlite_service) == []
    folder.image_bytes.write_bytes(bytes(9))
    assert "images.bin is truncated: it has 9 bytes" in one(sqlite_service)["detail"]
    np.save(folder.image_records, np.array([(0, 5, 1, 1, 0, 0)], IMAGE_RECORD))
    assert "has 1 images, expected 2" in one(sqlite_service)["detail"]


def test_summaries_that_differ_from_the_points_are_found_and_repaired(service):
    run_id = service.train(num_points=2500)
    change(service, "UPDATE metric_series SET count = 2499, last = 7.0, max_step = 3, best = NULL")
    found = one(service)
    assert (found["code"], found["subject"]) == ("summary_wrong", f"run {run_id}, curve train/loss")
    assert found["remedy"].endswith("trainyard doctor --repair")
    last = float(np.sin(2500) + 2.0)
    for words in ("count is 2499, by its points 2500", f"last is 7.0, by its points {last}", "best is None"):
        assert words in found["detail"]
    document, code = read(service, repairs=True)
    assert (document["num_repaired"], document["num_wrong"], code) == (1, 0, 0)
    assert look(service) == []


def test_wrong_columns_of_chunks_and_wrong_rollups_are_found_and_repaired(service):
    service.train(num_points=140_000)
    change(service, "UPDATE metric_chunks SET min = -9.0 WHERE first_step = 1025")
    change(service, "DELETE FROM metric_rollups WHERE level = 1 AND first_step = 64")
    chunk, rollup = look(service)
    assert (chunk["code"], rollup["code"]) == ("chunk_wrong", "rollup_wrong")
    assert "chunks from step 1025 on" in chunk["detail"]
    assert "ranges at level 1 are not the 2,176 of its points" in rollup["detail"]
    assert read(service, repairs=True)[0]["num_repaired"] == 2
    assert look(service) == []


def test_lost_points_are_not_hidden_by_a_repair(trained):
    change(trained, "DELETE FROM metric_chunks WHERE first_step = 1025")
    found = one(trained, repairs=True)
    assert (found["code"], found["is_repaired"]) == ("points_missing", False)
    assert found["detail"] == "1,024 of its 2,500 points are missing."
    assert found["remedy"] == f"Restore a backup, or delete the run: trainyard delete {trained.run_id}"
    change(trained, "DELETE FROM metric_chunks")
    assert one(trained)["detail"] == "All its 2,500 points are missing."


def test_a_flipped_bit_of_a_chunk_is_found(service):
    service.train(num_points=2500)
    with service.database.reading() as session:
        block = session.execute(text("SELECT points FROM metric_chunks WHERE first_step = 1")).scalar_one()
    damaged = bytes(block[:100]) + bytes([block[100] ^ 1]) + bytes(block[101:])
    change(service, "UPDATE metric_chunks SET points = :damaged WHERE first_step = 1", damaged=damaged)
    found = one(service, repairs=True)
    assert (found["code"], found["is_repaired"]) == ("points_damaged", False)
    assert "from step 1 on are damaged" in found["detail"]


def test_curves_of_rows_are_checked_too(trained):
    with trained.database.transaction() as session:
        points = Points(np.arange(1, 2501), np.sin(np.arange(1, 2501)) + 2.0, np.arange(1, 2501) / 10.0)
        rows = zip(points.steps.tolist(), points.values.tolist(), points.times.tolist(), strict=True)
        session.add_all(
            MetricPointRecord(series_id=1, step=step, value=value, unix_seconds=moment) for step, value, moment in rows
        )
    change(trained, "DELETE FROM metric_chunks")
    change(trained, "DELETE FROM metric_rollups")
    assert look(trained) == []
    change(trained, "DELETE FROM metric_points WHERE step = 2000")
    assert one(trained)["detail"] == "1 of its 2,500 points are missing."


def test_curves_are_right_however_they_came_about(sqlite_service):
    sqlite_service.queue()
    claimed = sqlite_service.claim()
    random = np.random.default_rng(7)
    for _ in range(12):
        first = int(random.integers(1, 20_000))
        values = random.normal(size=int(random.integers(1, 12_000)))
        values[random.random(len(values)) < 0.1] = np.nan
        steps = np.arange(first, first + len(values))
        with sqlite_service.database.transaction() as session:
            batches = [MetricBatch("train/accuracy", steps, values, steps / 3.0)]
            claims.record_progress(session, claimed.run_id, claimed.attempt, 60.0, batches=batches)
            metrics.truncate_after(session, claimed.run_id, int(random.integers(100, 25_000)))
        codes = [found["code"] for found in look(sqlite_service, is_quick=True)]
        assert codes == ["owner_silent"]


def test_a_lease_that_nobody_takes_back_is_found(service):
    run_id = service.queue()
    service.claim()
    change(service, "UPDATE runs SET lease_expires_at = lease_expires_at - 172000000")
    found = one(service)
    assert (found["code"], found["subject"]) == ("lease_overdue", f"run {run_id}")
    assert "attempt 1 of worker-1 ended at" in found["detail"]
    assert "nobody has taken it back" in found["detail"]
    assert found["remedy"] == "Start a worker: python -m launch worker. It queues the run again."


@pytest.mark.parametrize(
    ("statement", "code", "words"),
    [
        ("UPDATE runs SET lease_expires_at = lease_expires_at + 3600000000", "lease_too_long", "the clock"),
        ("UPDATE runs SET progress_at = progress_at - 1000000000", "job_stalled", "no progress since"),
        ("DELETE FROM attempts", "attempt_missing", "no record of attempt 1"),
        ("UPDATE runs SET attempt = 2", "attempt_lost", "has no end, and the run has a later one"),
        ("DELETE FROM workers", "owner_silent", "Its worker worker-1 has not reported for 30 s"),
        (
            "UPDATE workers SET state = 'broken', error = 'No space left.'",
            "worker_broken",
            "cannot start a trainer: No space left.",
        ),
    ],
)
def test_jobs_and_workers_that_are_not_as_they_should_be_are_found(sqlite_service, statement, code, words):
    sqlite_service.queue()
    sqlite_service.claim()
    with sqlite_service.database.transaction() as session:
        workers.report(session, "worker-1", "here", WorkerHealth(WorkerState.READY, 1, 1))
    change(sqlite_service, statement)
    found = {found["code"]: found for found in look(sqlite_service)}
    assert words in found[code]["detail"]


def test_a_queue_without_workers_is_found(sqlite_service):
    sqlite_service.queue()
    sqlite_service.queue()
    found = one(sqlite_service)
    assert (found["code"], found["remedy"]) == ("no_worker", "Start a worker: python -m launch worker")
    assert found["detail"].startswith("2 runs wait, the oldest for ")
    assert found["detail"].endswith(", and no worker is running.")


def test_names_of_what_is_not_there_are_found(sqlite_service):
    sqlite_service.work()
    for statement, code, subject, words in (
        ("UPDATE aliases SET version = 9", "alias_broken", "alias adder@production", "points to version 9"),
        ("UPDATE models SET last_version = 1", "numbers_behind", "model adder", "there is a version 2"),
        ("DELETE FROM models", "version_broken", "model version adder v1", "Its model does not exist"),
        ("DELETE FROM datasets", "dataset_broken", "dataset pairs v1", "Its dataset does not exist"),
        ("DELETE FROM runs", "version_broken", "model version adder v1", "does not exist"),
    ):
        change(sqlite_service, statement)
        found = {found["code"]: found for found in reversed(look(sqlite_service, is_quick=True))}
        assert found[code]["subject"] == subject
        assert words in found[code]["detail"]


def test_the_dataset_of_a_run_must_be_there(worked):
    change(
        worked,
        "INSERT INTO run_datasets (run_id, dataset_name, version) VALUES (:run_id, 'lost', 3)",
        run_id=worked.queued.hex if worked.database.is_sqlite else worked.queued,
    )
    found = one(worked, is_quick=True)
    assert (found["code"], found["detail"]) == ("run_broken", "Its dataset lost v3 does not exist.")


def test_results_of_batch_predictions_are_checked(service):
    service.train()
    dataset = service.upload()
    batch_id = service.ask(dataset)
    service.answer("answers")
    assert look(service) == []
    service.files.path(service.store("answers").sha256).unlink()
    found = one(service)
    assert (found["code"], found["subject"]) == ("file_missing", f"batch prediction {batch_id}, answers.csv")
    assert found["remedy"].endswith("of a backup to its place.")


def test_a_batch_prediction_that_waits_needs_its_model_and_its_dataset(sqlite_service):
    sqlite_service.train()
    batch_id = sqlite_service.ask(sqlite_service.upload())
    assert one(sqlite_service)["detail"].startswith("1 batch prediction waits, the oldest for")
    for statement, words in (
        ("DELETE FROM dataset_versions", "its dataset pairs v1 does not exist"),
        ("DELETE FROM model_versions", "its model version adder v1 does not exist"),
    ):
        change(sqlite_service, statement)
        found = [found for found in look(sqlite_service) if words in found["detail"]]
        assert [(one["code"], one["subject"]) for one in found] == [
            ("batch_prediction_broken", f"batch prediction {batch_id}")
        ]


def test_a_damaged_sqlite_file_is_found(trained):
    path = Path(trained.database.url.database)
    trained.database.dispose()
    size = path.stat().st_size
    with path.open("rb+") as file:
        file.seek(size // 2)
        file.write(b"\xff" * (size // 4))
    document, code = read(trained)
    assert code == 1
    assert document["totals"].keys() >= {"database_damaged"}
    assert document["findings"][0]["remedy"] == "Restore a backup: trainyard restore FOLDER --replace"
    path.write_bytes(b"something else entirely" * 1000)
    assert one(trained)["detail"] == "file is not a database."


def test_rows_that_foreign_keys_should_have_kept_are_found(sqlite_service):
    sqlite_service.train()
    change(
        sqlite_service,
        "INSERT INTO artifacts SELECT :run_id, name, attempt, sha256, num_bytes, media_type, created_at FROM artifacts "
        "WHERE name = 'model.onnx'",
        run_id=uuid4().hex,
    )
    found = one(sqlite_service)
    assert found["code"] == "row_lost"
    assert found["detail"] == "It belongs to a row of runs that is not there."


def test_a_full_disk_and_a_wrong_clock_are_found(trained, monkeypatch):
    free = shutil.disk_usage(trained.settings.data_dir)._replace(free=5_000)
    monkeypatch.setattr("shutil.disk_usage", lambda _: free)
    original = job_checks.read_clock
    for seconds, is_note in ((30, True), (120, False)):
        with monkeypatch.context() as patch:
            patch.setattr(
                doctor_module.job_checks,
                "read_clock",
                lambda session, s=seconds: original(session) - timedelta(seconds=s),
            )
            clock, disk = look(trained)
        assert disk["detail"] == "The disk has 5,000 bytes left, less than 1,073,741,824."
        assert (clock["code"], clock["is_note"]) == ("clock_differs", is_note)
        # The time of the question cannot be told from a difference.
        (difference,) = map(float, re.findall(r"differ by ([\d.]+) s", clock["detail"]))
        assert seconds - 5 < difference <= seconds


def test_what_cannot_be_checked_is_an_error(tmp_path, trained):
    with pytest.raises(InvalidSetup, match="There is no data directory"):
        examine(Settings(data_dir=tmp_path / "nowhere"), JsonReport(io.StringIO()))
    (tmp_path / "empty").mkdir()
    with pytest.raises(DatabaseOutdated, match="does not exist"):
        examine(Settings(data_dir=tmp_path / "empty"), JsonReport(io.StringIO()))
    assert list((tmp_path / "empty").iterdir()) == []
    change(trained, "UPDATE trainyard_alembic_version SET version_num = '0015'")
    with pytest.raises(DatabaseOutdated, match=r"is not up to date\. Upgrade it"):
        examine(trained.settings, JsonReport(io.StringIO()))


def test_the_report_for_people_names_at_most_a_hundred_of_a_kind():
    output = io.StringIO()
    report = TextReport(output, io.StringIO())
    report.count("hashed files", 1200)
    for number in range(MAX_SHOWN + 3):
        report.add(Finding("file_missing", f"run {number}", "It is missing.", "Restore it."))
    report.add(Finding("file_unowned", "x", "Nobody's.", "Nothing.", is_note=True))
    assert report.end() == 1
    lines = output.getvalue().splitlines()
    assert lines[:2] == ["Wrong [file_missing] run 0: It is missing.", "  -> Restore it."]
    assert lines[-2:] == [
        "3 more of [file_missing] are not shown.",
        "103 wrong, 1 note. Checked: 1,200 hashed files.",
    ]
