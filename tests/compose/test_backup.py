"""What docs/operations.md says of backups: one taken from a stack at work, put into another."""

import os
import subprocess
from pathlib import Path

import pytest

from benchmarks.stack import stack_of_its_own

ROOT = Path(__file__).parents[2]
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


def test_a_folder_that_is_there_is_not_written_over(stack, tmp_path):
    refused = run_script(stack, "backup", tmp_path)
    assert refused.returncode == 1
    assert "is there already" in refused.stderr


def test_a_folder_without_a_backup_is_refused_before_anything_is_stopped(stack, tmp_path):
    refused = run_script(stack, "restore", tmp_path)
    assert refused.returncode == 1
    assert "no backup" in refused.stderr
    assert stack.is_ready()
