"""Specs, presets and experiments."""

import io
import tarfile

import pytest
from PIL import Image

from core.catalogue.presets import list_presets
from core.experiment import parse_spec


def test_a_checked_spec_is_reported_with_its_layers_and_its_size(client):
    answer = client.post("/v1/specs:validate", json={"preset": "iris-keras"})
    assert answer.status_code == 200
    report = answer.json()
    # 4·12 + 12 and 12·3 + 3 weights; 150 samples less a fifth, in batches of 5.
    assert [(layer["type"], layer["output_shape"], layer["num_parameters"]) for layer in report["layers"]] == [
        ("Dense", [None, 12], 60),
        ("Dense", [None, 3], 39),
    ]
    assert (report["num_parameters"], report["num_train"], report["num_validation"]) == (99, 120, 30)
    assert (report["steps_per_epoch"], report["num_epochs"], report["num_steps"]) == (24, 20, 480)
    assert report["flops_per_step"] > 0
    assert report["memory_bytes"] > 0
    assert report["warnings"] == []
    assert report["spec"]["training"]["optimizer"]["name"] == "adam"
    assert client.get("/v1/runs").json()["items"] == []


def test_a_checked_spec_checks_again_to_the_same(client):
    report = client.post("/v1/specs:validate", json={"preset": "binary-adder"}).json()
    again = client.post("/v1/specs:validate", json={"spec": report["spec"]})
    assert again.json() == report


def test_a_preset_whose_data_are_not_there_says_how_to_upload_them(client):
    for path in ("/v1/specs:validate", "/v1/runs"):
        answer = client.post(path, json={"preset": "mnist-mlp"})
        assert answer.status_code == 422
        (problem,) = answer.json()["errors"]
        assert (problem["pointer"], problem["code"]) == ("/overrides/dataset/dataset", "unknown_dataset")
        assert problem["detail"].startswith("There is no dataset 'mnist'. Upload it: trainyard data add mnist DIR")


def test_a_network_known_by_a_name_can_be_copied_layer_by_layer(client, upload_digits):
    upload_digits(client)
    named = {"kind": "cnn_family", "family": "resnet", "depth": 8, "layers": None}
    report = client.post("/v1/specs:validate", json={"preset": "mnist-cnn", "overrides": {"model": named}}).json()

    assert report["layers"][-1]["output_shape"] == [None, 10]
    spec = report["spec"] | {"model": report["expanded_model"]}
    copied = client.post("/v1/specs:validate", json={"spec": spec}).json()
    assert copied["layers"] == report["layers"]
    assert copied["expanded_model"] is None


def few_photographs():
    """An archive like that of CIFAR-10, with one photograph of each class to train on and one to test."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        for number in range(20):
            image = io.BytesIO()
            Image.new("RGB", (32, 32), (number * 12, 0, 0)).save(image, "png")
            entry = tarfile.TarInfo(f"{'train' if number < 10 else 'test'}/{number % 10}/0.png")
            entry.size = image.tell()
            image.seek(0)
            tar.addfile(entry, image)
    return archive.getvalue()


@pytest.mark.parametrize("name", [preset.name for preset in list_presets()])
def test_every_preset_and_every_variant_can_be_run(client, name, upload_digits):
    preset = client.get(f"/v1/presets/{name}").json()
    assert preset["name"] == name
    if parse_spec(preset["spec"]).dataset.name == "mnist":
        upload_digits(client)
    if parse_spec(preset["spec"]).dataset.name == "images":
        photographs = few_photographs()
        added = client.post("/v1/datasets/cifar10/versions", content=photographs, params={"filename": "c.tar"})
        assert added.status_code == 201, added.text
    for variant, patch in [(None, {}), *preset["variants"].items()]:
        answer = client.post("/v1/specs:validate", json={"preset": name, "variant": variant})
        assert answer.status_code == 200, answer.text
        by_patch = client.post("/v1/specs:validate", json={"preset": name, "overrides": patch})
        assert by_patch.json()["spec"] == answer.json()["spec"]


def test_presets_are_listed_whole(client):
    items = client.get("/v1/presets").json()["items"]
    assert [item["name"] for item in items] == [preset.name for preset in list_presets()]
    published = next(item for item in items if item["name"] == "mnist-softmax")
    assert [figure["metric"] for figure in published["figures"]] == ["test/accuracy"]
    assert items[0] == client.get(f"/v1/presets/{items[0]['name']}").json()


def test_an_unknown_preset_is_reported_with_the_nearest(client):
    answer = client.get("/v1/presets/iris-kera")
    assert answer.status_code == 404
    assert answer.json()["code"] == "unknown_preset"
    assert "Did you mean 'iris-keras'?" in answer.json()["detail"]


def test_the_schema_of_specs_is_a_json_schema(client):
    answer = client.get("/v1/schemas/experiment-spec")
    assert answer.headers["content-type"] == "application/schema+json"
    schema = answer.json()
    assert schema["$schema"].endswith("2020-12/schema")
    assert set(schema["required"]) == {"name", "dataset", "model", "training"}
    assert schema["additionalProperties"] is False


def test_experiments_are_listed_with_how_their_runs_stand(client, worker):
    for experiment in ("b one", "a", "b one"):
        client.post("/v1/runs", json={"preset": "perceptron-or", "experiment": experiment})
    worker.fail(worker.claim())
    first = client.get("/v1/experiments?limit=1").json()
    assert [item["name"] for item in first["items"]] == ["a"]
    second = client.get("/v1/experiments", params={"limit": 1, "cursor": first["next_cursor"]}).json()
    assert second["next_cursor"] is None
    (item,) = second["items"]
    assert (item["name"], item["num_runs"], item["runs_by_state"]) == ("b one", 2, {"failed": 1, "queued": 1})
    assert client.get("/v1/experiments/b one").json() == item


def test_an_unknown_experiment_is_reported_with_the_nearest(client):
    client.post("/v1/runs", json={"preset": "perceptron-or", "experiment": "adders"})
    answer = client.get("/v1/experiments/aders")
    assert answer.status_code == 404
    assert "Did you mean 'adders'?" in answer.json()["detail"]
