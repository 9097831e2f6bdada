"""Archives of runs, read by TensorBoard itself."""

import io
import json
import math
import subprocess
import zipfile
from pathlib import Path
from uuid import UUID

import numpy as np
import pytest

from api.tensorboard.archive import name_folder, stream_archive
from core.errors import UnknownRun
from db import points, runs

READER = Path(__file__).parent / "readers" / "read_events.py"
LOSSES = [1.0, 0.1, math.nan, math.inf, -math.inf, 1e300, 1e-300, 3.4028234663852886e38, 1 / 3]


@pytest.fixture
def submit(client):
    """Submit a run; returns it as the service describes it."""

    def post(**body):
        answer = client.post("/v1/runs", json={"preset": "perceptron-or"} | body)
        assert answer.status_code == 202, answer.text
        return answer.json()

    return post


def unpack(answer, folder):
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.testzip() is None
        archive.extractall(folder)


def read_with_tensorboard(python, folder):
    done = subprocess.run([python, READER, folder], capture_output=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr.decode()[-2000:]
    return json.loads(done.stdout)


def single(value):
    with np.errstate(over="ignore"):
        return float(np.float32(value)).hex()


def test_archives_of_several_runs_unpack_side_by_side_and_tensorboard_reads_every_point(
    client, worker, submit, tools_python, tmp_path
):
    first = submit(experiment="gates & more", tags={"owner": "Ada"})
    worker.report(worker.claim(), train__loss=LOSSES, epoch__train__loss=[2.0])
    second = submit(experiment="gates & more")
    folder = tmp_path / "logs"
    for run in (first, second):
        unpack(client.get(f"/v1/runs/{run['id']}/tensorboard"), folder)
    read = read_with_tensorboard(tools_python, folder)
    assert sorted(read) == [f"gates_more/perceptron-or-{run['id']}" for run in (first, second)]
    events, without_curves = (read[key] for key in sorted(read))
    # The fixture's times are 0, 1, 2 … seconds.
    assert events["scalars"]["train/loss"] == [
        [float(index).hex(), index + 1, single(value)] for index, value in enumerate(LOSSES)
    ]
    assert events["scalars"]["epoch/train/loss"] == [[(0.0).hex(), 1, (2.0).hex()]]
    assert without_curves["scalars"] == {}
    assert json.loads(events["texts"]["spec"]) == client.get(f"/v1/runs/{first['id']}").json()["spec"]
    assert json.loads(events["texts"]["run"])["tags"] == {"owner": "Ada"}
    assert events["hyperparameters"]["training.epochs"] == first["spec"]["training"]["epochs"]
    assert events["hyperparameters"]["dataset.name"] == first["spec"]["dataset"]["name"]


def test_an_experiment_is_one_archive_of_its_runs(client, submit):
    ids = [submit(experiment="gates")["id"] for _ in range(3)]
    submit(experiment="others")
    answer = client.get("/v1/experiments/gates/tensorboard")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        names = archive.namelist()
    assert [name.split("/")[:2] for name in names] == [["gates", f"perceptron-or-{run_id}"] for run_id in ids]
    assert answer.headers["content-disposition"] == "attachment; filename*=UTF-8''gates.tensorboard.zip"


def test_unknown_runs_and_experiments_are_not_found(client, submit):
    submit(experiment="gates")
    missing = "01920000-0000-7000-8000-000000000001"
    assert client.get(f"/v1/runs/{missing}/tensorboard").json()["code"] == "unknown_run"
    answer = client.get("/v1/experiments/gatez/tensorboard")
    assert answer.json()["code"] == "unknown_experiment"
    assert "'gates'" in answer.json()["detail"]


def test_a_run_that_is_deleted_while_it_is_sent_breaks_the_archive_off(worker, submit, database, monkeypatch):
    run_id = UUID(submit()["id"])
    claimed = worker.claim()
    worker.report(claimed, train__loss=[1.0])
    worker.fail(claimed)
    list_series, num_calls = points.list_series, 0

    def list_then_delete(session, *arguments):
        nonlocal num_calls
        num_calls += 1
        if num_calls == 2:
            with database.transaction() as other:
                runs.delete(other, run_id)
        return list_series(session, *arguments)

    monkeypatch.setattr(points, "list_series", list_then_delete)
    with pytest.raises(UnknownRun, match="was deleted while"):
        list(stream_archive(database, [run_id]))


def test_a_run_that_was_deleted_before_its_turn_is_left_out(submit, database):
    run_id = UUID(submit()["id"])
    missing = UUID("01920000-0000-7000-8000-000000000001")
    with zipfile.ZipFile(io.BytesIO(b"".join(stream_archive(database, [missing, run_id])))) as archive:
        assert len(archive.namelist()) == 1


@pytest.mark.parametrize(
    ("experiment", "model", "folder"),
    [
        ("iris", "net-v1.2", "iris/net-v1.2"),
        ("a/b\\c:d", "../..", "a_b_c_d/_"),
        ("..", "zwölf Netze", "_/zwölf_Netze"),
        ("x" * 200, "y", f"{'x' * 80}/y"),
    ],
)
def test_folders_have_names_that_file_systems_accept(experiment, model, folder):
    run_id = UUID("01920000-0000-7000-8000-000000000001")
    assert name_folder(experiment, model, run_id) == f"{folder}-{run_id}"
