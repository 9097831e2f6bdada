"""A network learns, and another starts from its weights: submitted, trained, and written as a program."""

import io
import zipfile

import h5py
import numpy as np

INPUTS = [[number % 7, number % 5, number % 2] for number in range(40)]


def spec_of(name, units, targets, **fields):
    layers = [
        {"units": 6, "activation": "relu", "batch_normalization": "before_activation"},
        {"units": units, "activation": "softmax"},
    ]
    return {
        "name": name,
        "dataset": {"name": "inline", "inputs": INPUTS, "targets": targets, "class_labels": list("abc")[:units]},
        "model": {"kind": "mlp", "layers": layers},
        "training": {"loss": "sparse_categorical_crossentropy", "epochs": 2, "plan": "step"},
    } | fields


def arrays_of(service, run, name="model.keras"):
    """The arrays of a run's network, by their places in its file."""
    content = service.http.get(f"/v1/runs/{run['id']}/artifacts/{name}").raise_for_status().content
    found = {}
    with zipfile.ZipFile(io.BytesIO(content)) as archive, h5py.File(archive.open("model.weights.h5")) as saved:
        saved.visititems(lambda name, one: found.update({name: one[()]}) if isinstance(one, h5py.Dataset) else None)
    return found


def test_a_new_head_learns_on_frozen_layers_of_a_run_that_is_then_deleted(service):
    spec = spec_of("teacher", 3, [number % 3 for number in range(40)])
    teacher = service.train(spec=spec)
    learned = arrays_of(service, teacher)

    spec = spec_of("pupil", 2, [number % 2 for number in range(40)], seed=5)
    refused = service.http.post("/v1/runs", json={"spec": spec | {"initial_weights": {"run": teacher["id"]}}})
    assert refused.status_code == 422
    assert 'set new_layers: ["dense_2"]' in refused.json()["detail"]
    spec["initial_weights"] = {"run": teacher["id"], "new_layers": ["dense_2"]}
    spec["training"]["frozen_layers"] = ["dense_1", "batch_normalization_*"]
    pupil = service.train(spec=spec)

    tuned = arrays_of(service, pupil)
    assert tuned["layers/dense_1/vars/0"].shape != learned["layers/dense_1/vars/0"].shape
    for place in learned:
        if not place.startswith("layers/dense_1/"):
            np.testing.assert_array_equal(tuned[place], learned[place], err_msg=place)

    service.http.delete(f"/v1/runs/{teacher['id']}").raise_for_status()
    kept = arrays_of(service, pupil, "initial_weights.keras")
    np.testing.assert_equal(kept, learned)
    again = service.http.post(f"/v1/runs/{pupil['id']}:retry").raise_for_status().json()
    repeated = arrays_of(service, service.wait_for_end(again))
    np.testing.assert_equal(repeated, tuned)
    program = service.http.get(f"/v1/runs/{pupil['id']}/code").raise_for_status().text
    assert f'WEIGHTS = "{teacher["id"]}.keras"' in program


def test_weights_that_have_changed_on_disk_are_not_trained_with(service):
    teacher = service.train(spec=spec_of("other", 3, [number % 3 for number in range(40)]))
    files = service.http.get(f"/v1/runs/{teacher['id']}/artifacts").raise_for_status().json()["items"]
    (sha256,) = {file["sha256"] for file in files if file["name"] == "model.keras"}
    stored = service.data_dir / "artifacts" / sha256[:2] / sha256
    content = bytearray(stored.read_bytes())
    # One bit of the arrays; the configuration is as it was.
    content[len(content) * 3 // 4] ^= 1
    stored.write_bytes(content)

    spec = spec_of("other", 3, [number % 3 for number in range(40)], initial_weights={"run": teacher["id"]})
    run = service.http.post("/v1/runs", json={"spec": spec}).raise_for_status().json()
    run = service.wait_for_end(run)

    assert (run["state"], run["error"]["code"]) == ("failed", "artifact_corrupt")
    assert "has changed on disk" in run["error"]["detail"]
