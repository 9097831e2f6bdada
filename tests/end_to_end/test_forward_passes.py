"""The course's forward passes with given weights, computed by the service; the numbers are those published."""

import pytest

FORWARD_PASSES = {
    "forward-softmax": ([1, 2, 3], [0.00443583, 0.44573018, 0.00541793, 0.54441607], 0.60804),
    "forward-linear": ([1, 2, 3], [4.59, 9.2, 4.79, 9.4], 8.141525),
    "forward-sigmoid": ([1, 5, 2, -1], [0.99917558, 0.99925397, 0.99932492], None),
}


@pytest.mark.parametrize("preset", FORWARD_PASSES)
def test_a_network_with_given_weights_answers_the_published_numbers(service, preset):
    inputs, outputs, loss = FORWARD_PASSES[preset]

    run = service.train(preset=preset)

    assert run["progress"]["num_steps"] == 0
    assert run["progress"]["fraction"] == 1.0
    assert set(run["latest_metrics"]) == {"epoch/train/loss"}
    if loss is not None:
        assert run["latest_metrics"]["epoch/train/loss"] == pytest.approx(loss, abs=5e-6)
    (prediction,) = service.predict(preset, instances=[inputs])["predictions"]
    assert prediction == pytest.approx(outputs, rel=5e-7, abs=1e-8)


def test_a_dry_run_shows_the_shape_of_a_convolution_and_a_run_agrees(service):
    report = service.http.post("/v1/specs:validate", json={"preset": "conv-shapes"}).raise_for_status().json()
    run = service.train(preset="conv-shapes")
    (prediction,) = service.predict("conv-shapes", instances=[[[1] * 6] * 6])["predictions"]

    shapes = {layer["name"]: layer["output_shape"] for layer in report["layers"]}
    assert shapes["conv2d_1"] == [None, 7, 7, 1]
    # The mean over 7×7 of an image whose every pixel lies under four filters.
    assert prediction == [pytest.approx(144 / 49)]
    assert run["latest_metrics"]["epoch/train/loss"] == pytest.approx((144 / 49) ** 2)


def test_what_is_measured_without_a_step_is_shown_at_step_0(service):
    run = service.train(preset="forward-linear")

    history = service.http.get(f"/v1/runs/{run['id']}/metrics/history").raise_for_status().json()
    (curve,) = history["series"]
    assert (curve["key"], curve["x"]) == ("epoch/train/loss", [0])
    shown = service.command("show", run["id"])
    assert shown.returncode == 0, shown.stderr
    assert "epoch/train/loss" in shown.stdout
    watched = service.command("run", "forward-linear", "--watch")
    assert watched.returncode == 0, watched.stderr
    assert "8.142" in watched.stdout + watched.stderr


def test_first_weights_that_do_not_fit_are_rejected_before_anything_is_queued(service):
    overrides = {"initial_weights": {"dense_2": {"bias": [0.1, 0.2]}}}

    answer = service.http.post("/v1/runs", json={"preset": "forward-linear", "overrides": overrides})

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["detail"] == "Expected numbers of shape (4,) for dense_2/bias; got (2,)."
