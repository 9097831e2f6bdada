"""Backups as docs/operations.md describes them: made of a running stack, restored into another."""

import gzip
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from benchmarks.stack import stack_of_its_own

ROOT = Path(__file__).parents[2]
OLDER_VOLUME = Path(__file__).parent / "older_volume"
QUESTION = {"instances": [[0, 0], [0, 1], [1, 0], [1, 1]]}


def run_script(stack, name, folder):
    environment = {**os.environ, "COMPOSE": " ".join(stack.compose_words)}
    return subprocess.run(
        [ROOT / "deploy" / name, folder],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def predict(stack):
    return stack.http.post("/v1/models/perceptron-or:predict", json=QUESTION).raise_for_status().json()["predictions"]


@pytest.fixture(scope="module")
def other(built):
    with stack_of_its_own(built) as stack:
        stack.up()
        stack.wait_until_ready()
        yield stack


def test_a_backup_put_into_another_stack_answers_as_the_first_did(stack, other, tmp_path, wait_until):
    run_id = stack.submit("perceptron-or")
    wait_until(lambda: stack.show(run_id)["state"] == "succeeded")
    expected = predict(stack)
    taken = run_script(stack, "backup", tmp_path / "backup")
    assert taken.returncode == 0, taken.stderr
    assert {path.name for path in (tmp_path / "backup").iterdir()} == {"database.dump", "data.tar.gz"}

    lost = other.submit("iris-keras")
    restored = run_script(other, "restore", tmp_path / "backup")
    assert restored.returncode == 0, restored.stderr
    other.wait_until_ready()
    assert predict(other) == expected
    assert other.http.get(f"/v1/runs/{lost}").status_code == 404
    again = other.submit("perceptron-or")
    wait_until(lambda: other.show(again)["state"] == "succeeded")
    assert other.show(again)["model_version"]["version"] == 2


def test_a_backup_of_an_older_release_is_upgraded(stack, other, tmp_path):
    (server,) = stack.containers("postgres")
    older = ("--username", "trainyard")
    stack.engine.run("exec", server, "createdb", *older, "older")
    dump = gzip.decompress((OLDER_VOLUME / "database.sql.gz").read_bytes())
    stack.engine.run("exec", "-i", server, "psql", "--quiet", *older, "--output", "/dev/null", "older", stdin=dump)
    command = [stack.engine.command, "exec", server, "pg_dump", *older, "--format", "custom", "older"]
    with (tmp_path / "database.dump").open("wb") as file:
        subprocess.run(command, stdout=file, check=True)
    shutil.copy(OLDER_VOLUME / "data.tar.gz", tmp_path)

    restored = run_script(other, "restore", tmp_path)
    assert restored.returncode == 0, restored.stderr
    other.wait_until_ready()
    names = {run["model"] for run in other.http.get("/v1/runs").raise_for_status().json()["items"]}
    assert names == {"perceptron-or", "cubic-regression", "iris-keras", "interrupted", "waiting"}
    # Tables that the older release did not have are there, and empty.
    assert [key["source"] for key in other.http.get("/v1/keys").raise_for_status().json()["items"]] == [
        "environment"
    ] * 2


@pytest.mark.parametrize("file", ["database.dump", "data.tar.gz"])
def test_a_damaged_backup_is_rejected_before_anything_is_stopped(stack, tmp_path, file):
    taken = run_script(stack, "backup", tmp_path / "backup")
    assert taken.returncode == 0, taken.stderr
    whole = (tmp_path / "backup" / file).read_bytes()
    (tmp_path / "backup" / file).write_bytes(whole[: len(whole) // 2])
    rejected = run_script(stack, "restore", tmp_path / "backup")
    assert rejected.returncode == 1
    assert "damaged; nothing was changed" in rejected.stderr
    assert stack.is_ready()
    assert stack.http.get("/v1/runs").is_success


def test_a_folder_that_is_there_is_not_written_over(stack, tmp_path):
    rejected = run_script(stack, "backup", tmp_path)
    assert rejected.returncode == 1
    assert "already exists" in rejected.stderr


def test_a_folder_without_a_backup_is_rejected_before_anything_is_stopped(stack, tmp_path):
    rejected = run_script(stack, "restore", tmp_path)
    assert rejected.returncode == 1
    assert "not a backup" in rejected.stderr
    assert stack.is_ready()
