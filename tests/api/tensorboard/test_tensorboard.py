"""TensorBoard itself, started on an unpacked archive: the answers that its pages are drawn from."""

import io
import time
import zipfile

import httpx


def test_tensorboard_shows_curves_hyperparameters_and_texts(
    client, worker, tools_python, start_program, free_port, tmp_path
):
    runs = [client.post("/v1/runs", json={"preset": "perceptron-or"}).json() for _ in range(2)]
    for index in range(2):
        claimed = worker.claim()
        worker.report(claimed, train__loss=[0.5 + index, float("nan"), float("inf"), 0.25])
        worker.fail(claimed)
    folder = tmp_path / "logs"
    for run in runs:
        content = client.get(f"/v1/runs/{run['id']}/tensorboard").content
        zipfile.ZipFile(io.BytesIO(content)).extractall(folder)
    address = f"http://127.0.0.1:{free_port}"
    # Its data server in Rust is the default, and reads less than its Python does.
    arguments = ["--logdir", str(folder), "--port", str(free_port), "--load_fast", "true"]
    start_program([tools_python, "-m", "tensorboard.main", *arguments], f"{address}/data/environment")

    names = [f"perceptron-or/perceptron-or-{run['id']}" for run in runs]
    with httpx.Client(base_url=f"{address}/data", trust_env=False) as board:
        deadline = time.monotonic() + 60
        while set(board.get("/plugin/scalars/tags").json()) != set(names) and time.monotonic() < deadline:
            time.sleep(0.1)  # TensorBoard answers before it has read the files.
        for index, name in enumerate(names):
            points = board.get("/plugin/scalars/scalars", params={"run": name, "tag": "train/loss"}).json()
            assert points == [[0.0, 1, 0.5 + index], [1.0, 2, "NaN"], [2.0, 3, "Infinity"], [3.0, 4, 0.25]]
            (text,) = board.get("/plugin/text/text", params={"run": name, "tag": "spec"}).json()
            assert "truth_table" in text["text"]
        experiment = board.post("/plugin/hparams/experiment", json={}).json()
        columns = {column["name"] for column in experiment["hparamInfos"]}
        assert {"dataset.name", "training.epochs", "training.optimizer.learning_rate"} <= columns
        query = {"allowedStatuses": ["STATUS_FAILURE"], "startIndex": 0, "sliceSize": 10, "colParams": []}
        groups = board.post("/plugin/hparams/session_groups", json=query).json()["sessionGroups"]
        assert {session["name"] for group in groups for session in group["sessions"]} == set(names)
