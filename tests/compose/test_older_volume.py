"""A volume of the previous release is upgraded at the start, and loses no data.

older_volume/ was left behind by Trainyard at revision 0001 of the database, its worker killed in the middle of a run:
older_volume/README.md tells how it was made.
"""

import gzip
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.stack import Stack, stack_of_its_own
from db.upgrade import NEWEST_REVISION

OLDER_VOLUME = Path(__file__).parent / "older_volume"
FLOWER = {"instances": [[5.1, 3.5, 1.4, 0.2]]}
# What the service that trained the model answered.
ANSWER = [0.919579, 0.037270036, 0.04315088]


@pytest.fixture(scope="module")
def stack(built) -> Iterator[Stack]:
    with stack_of_its_own(built) as stack:
        load_database(stack, gzip.decompress((OLDER_VOLUME / "database.sql.gz").read_bytes()))
        load_files(stack, (OLDER_VOLUME / "data.tar.gz").read_bytes())
        stack.up()
        stack.wait_until_ready()
        yield stack


def load_database(stack: Stack, dump: bytes) -> None:
    stack.up("postgres")
    (server,) = stack.containers("postgres")
    psql = ("psql", "--quiet", "--username", "trainyard", "--dbname", "trainyard", "--host", "127.0.0.1")
    login = ("--env", f"PGPASSWORD={stack.settings['POSTGRES_PASSWORD']}")
    deadline = time.monotonic() + 60
    while "accepting" not in stack.engine.run("exec", server, "sh", "-c", "pg_isready --host 127.0.0.1 || true"):
        assert time.monotonic() < deadline, stack.logs()
        time.sleep(0.2)
    stack.engine.run("exec", "-i", *login, server, *psql, "--set", "ON_ERROR_STOP=1", stdin=dump)


def load_files(stack: Stack, archive: bytes) -> None:
    volume = f"{stack.name}_trainyard-data:/var/lib/trainyard"
    command = ("--entrypoint", "tar", "trainyard-api", "-xz", "-C", "/var/lib/trainyard")
    stack.engine.run("run", "--rm", "-i", "--network", "none", "--volume", volume, *command, stdin=archive)


def runs_by_model(stack):
    listed = stack.http.get("/v1/runs", params={"limit": 200}).raise_for_status().json()["items"]
    return {run["model"]: run for run in listed}


def test_the_database_is_brought_to_the_newest_revision(stack):
    (server,) = stack.containers("postgres")
    query = "select version_num from trainyard_alembic_version"
    revision = stack.engine.run("exec", server, "psql", "-U", "trainyard", "-At", "-c", query, "trainyard")
    assert revision.strip() == NEWEST_REVISION


def test_runs_of_the_older_release_are_all_there_with_their_curves(stack):
    runs = runs_by_model(stack)
    assert set(runs) >= {"perceptron-or", "cubic-regression", "iris-keras", "interrupted", "waiting"}
    for name in ("perceptron-or", "cubic-regression", "iris-keras"):
        assert runs[name]["state"] == "succeeded"
    history = stack.http.get(f"/v1/runs/{runs['iris-keras']['id']}/metrics/history", params={"mode": "raw"})
    series = {curve["key"]: curve["total"] for curve in history.raise_for_status().json()["series"]}
    assert series["epoch/train/loss"] == 5


def test_a_model_of_the_older_release_answers_as_it_did(stack):
    answer = stack.http.post("/v1/models/iris-keras/labels/production:predict", json=FLOWER)
    assert answer.raise_for_status().json()["predictions"][0] == pytest.approx(ANSWER, abs=1e-6)


def test_what_the_older_release_left_waiting_and_interrupted_is_trained_to_the_end(stack, wait_until):
    wait_until(lambda: {runs_by_model(stack)[name]["state"] for name in ("waiting", "interrupted")} == {"succeeded"})
    interrupted = stack.show(runs_by_model(stack)["interrupted"]["id"])
    assert [attempt["outcome"] for attempt in interrupted["attempts"]] == ["lease_expired", "succeeded"]


def test_versions_go_on_where_the_older_release_stopped(stack, wait_until):
    run_id = stack.submit("iris-keras")
    wait_until(lambda: stack.show(run_id)["state"] == "succeeded")
    assert stack.show(run_id)["model_version"]["version"] == 2
    alias = stack.http.get("/v1/registry/models/iris-keras/aliases/production")
    assert alias.raise_for_status().json()["version"] == 1


def test_the_log_of_an_older_run_can_be_read(stack):
    run_id = runs_by_model(stack)["iris-keras"]["id"]
    assert stack.http.get(f"/v1/runs/{run_id}/logs").is_success
