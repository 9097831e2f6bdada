"""Built-in datasets, and MNIST, the upload that specs know by name."""

from core.datasets.dataset import BUILT_IN_SOURCES

SPEC = {
    "name": "digits",
    "dataset": {"name": "mnist"},
    "model": {"kind": "mlp", "layers": [{"units": 10, "activation": "softmax"}]},
    "training": {"loss": "sparse_categorical_crossentropy", "epochs": 1},
}


def test_built_in_datasets_are_listed_by_name(client):
    items = {item["name"]: item for item in client.get("/v1/datasets").json()["items"]}
    assert list(items) == sorted(source.source_name() for source in BUILT_IN_SOURCES)
    assert "mnist" not in items
    assert (items["iris"]["kind"], items["iris"]["version"], items["iris"]["num_versions"]) == ("built_in", None, 0)


def test_mnist_is_an_upload_like_any_other(client, upload_digits):
    uploaded = upload_digits(client)
    assert (uploaded["kind"], uploaded["format"], uploaded["version"]) == ("arrays", "tar", 1)
    shapes = {array["name"]: array["shape"] for array in uploaded["description"]["arrays"]}
    assert shapes == {
        "t10k-images-idx3-ubyte": [1000, 28, 28],
        "t10k-labels-idx1-ubyte": [1000],
        "train-images-idx3-ubyte": [5000, 28, 28],
        "train-labels-idx1-ubyte": [5000],
    }
    assert client.get("/v1/datasets/mnist").json()["newest"] == uploaded
    assert client.delete("/v1/datasets/mnist").status_code == 204


def test_a_spec_on_mnist_is_pinned_to_the_upload_it_is_trained_on(client, upload_digits):
    uploaded = upload_digits(client)
    for dataset in ({}, {"dataset": "mnist"}, {"version": 1}, {"sha256": uploaded["sha256"]}):
        run = client.post("/v1/runs", json={"spec": SPEC | {"dataset": SPEC["dataset"] | dataset}})
        assert run.status_code == 202, run.text
        kept = client.get(run.headers["Location"]).json()["spec"]["dataset"]
        assert (kept["dataset"], kept["version"], kept["sha256"]) == ("mnist", 1, uploaded["sha256"])
    assert client.delete("/v1/datasets/mnist").status_code == 409


def test_an_upload_that_is_not_the_published_mnist_is_warned_of(client, upload_digits):
    upload_digits(client)
    report = client.post("/v1/specs:validate", json={"spec": SPEC}).json()
    (warning,) = report["warnings"]
    assert (warning["code"], warning["pointer"]) == ("not_published_mnist", "/dataset/dataset")
    assert "'mnist' is not the published MNIST" in warning["detail"]
    assert "5,000 training and 1,000 test images" in warning["detail"]
    assert (report["num_train"], report["num_test"]) == (5000, 1000)


def test_another_upload_named_mnist_says_what_a_spec_on_mnist_expects(client):
    client.post("/v1/datasets/mnist/versions", content=b"a,b\n1,2\n3,4\n")
    answer = client.post("/v1/specs:validate", json={"spec": SPEC})
    assert answer.status_code == 422
    (problem,) = answer.json()["errors"]
    assert (problem["pointer"], problem["code"]) == ("/spec/dataset/name", "other_kind_of_data")
