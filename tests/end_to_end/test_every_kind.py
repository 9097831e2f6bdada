"""Training and prediction over HTTP with every kind of network, on a service started as a user starts it."""

import base64
import io
import time

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_iris

ADDER = {
    "name": "adder-by-spec",
    "dataset": {"name": "binary_addition", "num_bits": 8, "num_train": 10_000, "num_test": 2_000},
    "model": {"kind": "binary_adder", "cell": "simple_rnn", "units": 16, "activation": "relu"},
    "training": {
        "optimizer": {"name": "sgd", "learning_rate": 0.1},
        "loss": "mean_squared_error",
        "metrics": ["accuracy"],
        "epochs": 3,
        "batch_size": 2,
    },
}


@pytest.fixture(scope="module")
def adder(service):
    return service.train(preset="binary-adder")


def test_the_binary_adder_learns_to_add_without_a_mistake(adder):
    assert adder["latest_metrics"]["test/accuracy"] == 1.0


@pytest.mark.usefixtures("adder")
def test_the_binary_adder_adds_two_numbers(service):
    (prediction,) = service.predict("binary-adder", instances=[{"a": 45, "b": 77}])["predictions"]

    assert prediction["sum"] == 122
    # 122 is 64 + 32 + 16 + 8 + 2; the least significant bit stands first.
    assert prediction["bits"] == [0, 1, 0, 1, 1, 1, 1, 0]


@pytest.mark.usefixtures("adder")
def test_the_binary_adder_answers_raw_bits_with_a_probability_for_each(service):
    bits = [[(45 >> place) & 1, (77 >> place) & 1] for place in range(8)]

    (prediction,) = service.predict("binary-adder", instances=[bits])["predictions"]

    assert np.shape(prediction) == (8, 1)
    assert np.round(prediction).astype(int).ravel().tolist() == [0, 1, 0, 1, 1, 1, 1, 0]


def test_a_run_keeps_how_it_was_made(adder, service):
    assert adder["spec"]["training"]["optimizer"]["momentum"] == 0.0
    assert {"queue", "start", "compile", "train", "export"} <= set(adder["phases"])
    assert {"keras", "tensorflow"} <= set(adder["environment"])
    assert adder["device"]
    assert service.http.get(f"/v1/runs/{adder['id']}/logs").text
    names = {artifact["name"] for artifact in adder["artifacts"]}
    assert {"model.keras", "model.onnx", "signature.json", "trainer.log"} <= names


def test_every_recorded_curve_can_be_read_afterwards(adder, service):
    history = service.http.get(f"/v1/runs/{adder['id']}/metrics/history").raise_for_status().json()

    curves = {series["key"]: series for series in history["series"]}
    assert {"train/loss", "epoch/train/loss", "test/loss"} <= set(curves)
    assert len(curves["epoch/train/loss"]["x"]) == 5
    assert curves["train/loss"]["x"] == sorted(curves["train/loss"]["x"])
    assert curves["epoch/train/loss"]["y"][-1] < curves["epoch/train/loss"]["y"][0]


def test_progress_is_shown_while_a_run_trains(service):
    run = service.submit(preset="binary-adder", overrides={"name": "watched", "training": {"epochs": 60}})

    shown = service.wait_for(run, lambda run: bool(run["progress"]) and run["progress"]["epoch"] >= 1)

    assert shown["state"] == "running"
    assert shown["progress"]["num_epochs"] == 60
    assert shown["progress"]["eta_seconds"] > 0
    assert "train/loss" in shown["latest_metrics"]
    assert service.wait_for_end(run)["state"] == "succeeded"


def test_irises_are_classified_by_rows_of_numbers_and_by_column_names(service):
    run = service.train(preset="iris-keras")
    assert run["latest_metrics"]["epoch/validation/accuracy"] >= 0.9

    rows, labels = load_iris(return_X_y=True)
    predictions = service.predict("iris-keras", instances=rows.tolist())["predictions"]
    assert np.mean(np.argmax(predictions, axis=1) == labels) >= 0.9

    named = {"sepal_length": 5.1, "sepal_width": 3.5, "petal_length": 1.4, "petal_width": 0.2}
    (prediction,) = service.predict("iris-keras", instances=[named])["predictions"]
    assert prediction["label"] == "setosa"
    assert sum(prediction["probabilities"].values()) == pytest.approx(1.0, abs=1e-5)


def test_a_run_is_evaluated_on_held_out_samples(service, tmp_path):
    run = service.train(
        preset="iris-keras",
        overrides={"name": "iris-evaluated", "dataset": {"split": {"validation": 15, "test": 30, "stratify": True}}},
    )

    report = service.http.get(run["links"]["evaluation"]).raise_for_status().json()

    assert report["num_samples"] == {"train": 105, "validation": 15, "test": 30}
    answered = report["test"]["classification"]
    assert [part["label"] for part in answered["classes"]] == ["setosa", "versicolor", "virginica"]
    assert np.sum(answered["confusion_matrix"], axis=1).tolist() == [10, 10, 10]
    assert np.trace(answered["confusion_matrix"]) / 30 == pytest.approx(run["latest_metrics"]["test/accuracy"])
    last_validated = run["latest_metrics"]["epoch/validation/accuracy"]
    assert report["validation"]["classification"]["accuracy"] == pytest.approx(last_validated)
    path = tmp_path / "evaluation.svg"
    assert service.command("evaluation", run["id"], "--svg", str(path)).returncode == 0
    assert "versicolor" in path.read_text(encoding="utf-8")
    assert "macro average" in service.command("show", run["id"]).stdout


def test_a_column_request_answers_like_a_row_request(service):
    service.train(preset="iris-keras", overrides={"name": "iris-columns", "training": {"epochs": 1}})
    rows = [[5.1, 3.5, 1.4, 0.2], [6.2, 2.9, 4.3, 1.3]]

    by_row = service.predict("iris-columns", instances=rows)["predictions"]
    by_column = service.predict("iris-columns", inputs=rows)["outputs"]

    assert by_column == by_row


def test_a_regression_follows_the_sine(service):
    service.train(preset="sine-regression", overrides={"training": {"epochs": 30, "steps_per_epoch": 30}})
    x = np.linspace(0.5, 6, 20)

    predictions = service.predict("sine-regression", instances=x[:, None].tolist())["predictions"]

    assert np.mean(np.abs(np.ravel(predictions) - np.sin(x))) < 0.2


@pytest.mark.parametrize("cell", ["simple_rnn", "gru", "lstm"])
def test_a_sequence_becomes_one_value(service, cell):
    layers = [{"type": "recurrent", "cell": cell, "units": 16}, {"type": "dense", "units": 1}]
    name = f"next-{cell.replace('_', '-')}"
    service.train(preset="sine-sequence", overrides={"name": name, "model": {"layers": layers}})
    times = np.arange(21) * 0.1

    (prediction,) = service.predict(name, instances=[np.sin(times[:20])[:, None].tolist()])["predictions"]

    assert prediction[0] == pytest.approx(np.sin(times[20]), abs=0.1)


@pytest.mark.parametrize("cell", ["simple_rnn", "gru", "lstm"])
def test_a_sequence_becomes_a_sequence(service, cell):
    spec = ADDER | {
        "name": f"bits-{cell.replace('_', '-')}",
        "model": {
            "kind": "rnn",
            "layers": [
                {"type": "recurrent", "cell": cell, "units": 16, "return_sequences": True},
                {"type": "dense", "units": 1, "activation": "sigmoid"},
            ],
        },
        "training": {"optimizer": "adam", "loss": "binary_crossentropy", "epochs": 1, "batch_size": 32},
    }
    service.train(spec=spec)

    (prediction,) = service.predict(spec["name"], instances=[[[0, 1]] * 8])["predictions"]

    assert np.shape(prediction) == (8, 1)


def test_digits_are_read_by_an_mlp_and_a_cnn_from_arrays_and_from_a_picture(service, mnist_dir):
    added = service.command("data", "add", "mnist", str(mnist_dir))
    assert added.returncode == 0, added.stderr
    fewer = {"max_train_samples": 4000, "max_test_samples": 1000}
    mlp = service.train(preset="mnist-mlp", overrides={"dataset": fewer, "training": {"epochs": 3}})
    cnn = service.train(preset="mnist-cnn", overrides={"dataset": fewer, "training": {"epochs": 1}})
    assert mlp["latest_metrics"]["test/accuracy"] >= 0.88
    assert cnn["latest_metrics"]["test/accuracy"] >= 0.85

    # A one, drawn as MNIST draws: white on black.
    pixels = np.zeros((28, 28), np.uint8)
    pixels[4:24, 13:16] = 255
    picture = io.BytesIO()
    Image.fromarray(pixels).save(picture, format="PNG")
    encoded = {"b64": base64.b64encode(picture.getvalue()).decode()}
    for model in ("mnist-mlp", "mnist-cnn"):
        by_array = service.predict(model, instances=[pixels.tolist()])["predictions"]
        by_picture = service.predict(model, instances=[encoded])["predictions"]
        assert int(np.argmax(by_array[0])) == 1
        assert by_picture == by_array


def test_a_running_run_is_cancelled_and_then_deleted_with_its_files(service):
    run = service.submit(preset="binary-adder", overrides={"training": {"epochs": 1000}, "name": "long"})
    service.wait_for(run, lambda run: bool(run["progress"]) and run["progress"]["step"] > 0)

    started = time.monotonic()
    service.http.post(f"/v1/runs/{run['id']}:cancel").raise_for_status()
    ended = service.wait_for_end(run)
    waited = time.monotonic() - started

    assert ended["state"] == "cancelled"
    # The promise is two seconds; this allows for a busy machine and still tells a stop from an end of training.
    assert waited < 20
    assert service.http.delete(f"/v1/runs/{run['id']}").status_code == 204
    assert service.http.get(f"/v1/runs/{run['id']}").status_code == 404


def test_a_queued_run_is_cancelled_at_once(service):
    first = service.submit(preset="binary-adder", overrides={"training": {"epochs": 1000}, "name": "in-the-way"})
    waiting = service.submit(preset="perceptron-or")

    answer = service.http.post(f"/v1/runs/{waiting['id']}:cancel").raise_for_status().json()

    assert answer["state"] == "cancelled"
    service.http.post(f"/v1/runs/{first['id']}:cancel").raise_for_status()
    service.wait_for_end(first)


def test_a_loss_that_explodes_fails_the_run_with_advice(service):
    run = service.submit(
        preset="cubic-regression",
        overrides={"name": "explodes", "training": {"optimizer": {"name": "sgd", "learning_rate": 100.0}}},
    )

    ended = service.wait_for_end(run)

    assert ended["state"] == "failed"
    assert "learning_rate" in ended["error"]["detail"]


def test_the_command_line_trains_shows_and_predicts(service):
    trained = service.command("run", "perceptron-or", "--watch", "--set", "training.epochs=300")
    assert trained.returncode == 0, trained.stderr + trained.stdout

    listed = service.command("runs")
    assert "perceptron-or" in listed.stdout
    predicted = service.command("predict", "perceptron-or", "[[1, 1]]", "--json")
    assert predicted.returncode == 0, predicted.stderr
    assert service.command("presets").returncode == 0
