"""Curves recorded inside a network, from training to the terminal."""

WEIGHT, BIAS = "train/weight/dense_1/kernel_0_0", "train/weight/dense_1/bias_0"


def test_the_weights_of_a_line_are_watched_while_they_find_it(service):
    run = service.train(preset="linear-regression")

    assert 2.85 < run["latest_metrics"][WEIGHT] < 3.15
    assert 1.9 < run["latest_metrics"][BIAS] < 2.15
    path = f"/v1/runs/{run['id']}/metrics"
    items = service.http.get(path).raise_for_status().json()["items"]
    assert {WEIGHT, BIAS} < {item["key"] for item in items}
    history = service.http.get(f"{path}/history", params={"keys": f"{BIAS},{WEIGHT}"}).raise_for_status().json()
    assert [curve["key"] for curve in history["series"]] == [BIAS, WEIGHT]
    # All start from zero; the first point is what the first step made of it.
    assert all(curve["x"] == list(range(1, 301)) and 0 < curve["y"][0] < 1 for curve in history["series"])
    shown = service.command("show", run["id"])
    assert shown.returncode == 0, shown.stderr
    assert BIAS in shown.stdout


def test_every_layer_of_a_deep_network_is_watched(service):
    spec = {
        "name": "deep",
        "dataset": {"name": "iris"},
        "model": {"kind": "mlp", "layers": [{"units": 3, "activation": "sigmoid"}] * 29 + [{"units": 3}]},
        "training": {"loss": "mean_squared_error", "epochs": 1, "record": ["gradient_norms", "activations"]},
    }

    run = service.train(spec=spec)

    assert sum(key.count("/") > 1 and key.startswith("train/") for key in run["latest_metrics"]) == 120
    history = service.http.get(f"/v1/runs/{run['id']}/metrics/history").raise_for_status().json()
    norms = [curve["y"][0] for curve in history["series"] if curve["key"] == "train/gradient_norm/dense_1"]
    assert norms[0] < 1e-6, "thirty sigmoids leave next to nothing of a gradient"
    shown = service.command("show", run["id"])
    assert shown.returncode == 0, shown.stderr
    assert "train/activation_zeros/dense_30" in shown.stdout
