import io
import json
import zipfile

import pytest

FIRST, SECOND = (f"0192000{n}-0000-7000-8000-000000000001" for n in (1, 2))


def make_archive(run_id):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr(f"gates/or-{run_id}/events.out.tfevents.1.trainyard", "events")
    return content.getvalue()


@pytest.fixture
def two_runs(fake, run_document):
    fake.on(
        "GET", "/v1/runs", {"items": [run_document(run_id=SECOND), run_document(run_id=FIRST)], "next_cursor": None}
    )
    for run_id in (FIRST, SECOND):
        fake.on("GET", f"/v1/runs/{run_id}/tensorboard", make_archive(run_id))


@pytest.mark.usefixtures("two_runs")
def test_runs_are_written_for_tensorboard(invoke, tmp_path):
    result = invoke("export", "tensorboard", FIRST, SECOND[:9], "--to", str(tmp_path / "logs"))
    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines() == [str(tmp_path / "logs" / "gates" / f"or-{run}") for run in (FIRST, SECOND)]
    assert f"tensorboard --logdir '{tmp_path / 'logs'}'" in result.stderr


@pytest.mark.usefixtures("two_runs")
def test_an_experiment_is_written_whole_oldest_first(invoke, fake, tmp_path):
    result = invoke("export", "tensorboard", "--experiment", "gates", "--to", str(tmp_path))
    assert [line.rpartition("or-")[2] for line in result.stdout.splitlines()] == [FIRST, SECOND]
    assert ("experiment", "gates") in fake.requests[0].query


@pytest.mark.parametrize("arguments", [[], [FIRST, "--experiment", "gates"], [FIRST, "--filter", "state = failed"]])
@pytest.mark.parametrize("tool", [["tensorboard"], ["mlflow", "http://127.0.0.1:9"]])
def test_runs_or_an_experiment_must_be_named(invoke, fake, tool, arguments):
    result = invoke("export", *tool, *arguments)
    assert result.exit_code == 1
    assert "Name the runs to export, or choose them" in result.stderr
    assert fake.requests == []


@pytest.mark.usefixtures("two_runs")
def test_runs_are_chosen_by_a_filter(invoke, fake, tmp_path):
    result = invoke("export", "tensorboard", "--filter", "state = succeeded", "--to", str(tmp_path))
    assert len(result.stdout.splitlines()) == 2
    assert ("filter", "state = succeeded") in fake.requests[0].query


def test_an_experiment_without_runs_is_an_error(invoke, fake):
    fake.on("GET", "/v1/runs", {"items": [], "next_cursor": None})
    result = invoke("export", "mlflow", "http://127.0.0.1:9", "--experiment", "gatez")
    assert (result.exit_code, "'gatez'" in result.stderr) == (1, True)


def test_what_was_sent_to_mlflow_is_printed(invoke, fake, run_document):
    # One server that answers for both.
    api = "/api/2.0/mlflow"
    fake.on("GET", f"/v1/runs/{FIRST}", run_document(run_id=FIRST, spec={"seed": 0}, experiment="gates"))
    fake.on("GET", f"{api}/experiments/get-by-name", {"experiment": {"experiment_id": "7"}})
    fake.on("POST", f"{api}/runs/search", {})
    info = {"run_id": "abc", "experiment_id": "7", "artifact_uri": "s3://bucket/abc"}
    fake.on("POST", f"{api}/runs/create", {"run": {"info": info, "data": {}}})
    fake.on("POST", f"{api}/runs/log-batch", {})
    fake.on("POST", f"{api}/runs/update", {})
    fake.on("GET", f"/v1/runs/{FIRST}/metrics/export", "")
    result = invoke("export", "mlflow", fake.url, FIRST, "--json")
    assert result.exit_code == 0, result.output
    (item,) = json.loads(result.stdout)["items"]
    assert (item["run_id"], item["mlflow_run_id"], item["num_points"]) == (FIRST, "abc", 0)
    assert item["url"] == f"{fake.url}/#/experiments/7/runs/abc"
    assert "s3://bucket/abc" in result.stderr
