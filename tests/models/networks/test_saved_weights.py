import json
import zipfile

import h5py
import numpy as np
import pytest

from core.artifacts import hash_file
from core.errors import ArtifactCorrupt, InvalidSpec
from core.experiment import parse_spec
from core.networks.saved_layers import read_saved_shapes
from models.assembly import assemble
from models.networks.weights import named_weights
from models.reporting import SilentReporter
from models.training import train

RUN = "0192f4a0-7c1e-7d3b-9a55-0242ac120002"

IMAGES = {"name": "digits", "split": {"test": 1750}}
BITS = {"name": "binary_addition", "num_bits": 2, "num_train": 8, "num_test": 4}
HOUSES = {
    "name": "inline",
    "inputs": [[number / 7, number % 3] for number in range(40)],
    "targets": [number * 100.0 for number in range(40)],
    "scaling": "standardize",
}

CONVOLUTIONS = [
    {
        "type": "conv2d",
        "filters": 4,
        "kernel_size": [3, 2],
        "batch_normalization": "before_activation",
        "activation": "relu",
        "dropout": 0.2,
    },
    {"type": "conv2d", "filters": 4, "kernel_size": 1, "groups": 2, "use_bias": False},
    {"type": "residual", "layers": [{"type": "conv2d", "filters": 4, "kernel_size": 3, "padding": "same"}]},
    {"type": "dense", "units": 10, "activation": "softmax"},
]


RECURRENCES = [
    {
        "type": "recurrent",
        "cell": "lstm",
        "units": 2,
        "return_sequences": True,
        "bidirectional": True,
        "recurrent_dropout": 0.1,
    },
    {"type": "dense", "units": 1, "activation": "sigmoid"},
]

NETWORKS = {
    "images": (IMAGES, {"kind": "cnn", "layers": CONVOLUTIONS}, "sparse_categorical_crossentropy"),
    "sequences": (BITS, {"kind": "rnn", "layers": RECURRENCES}, "binary_crossentropy"),
    "scaled targets": (HOUSES, {"kind": "mlp", "layers": [{"units": 3}, {"units": 1}]}, "mean_squared_error"),
    "logits": (
        IMAGES,
        {"kind": "mlp", "layers": [{"units": 10}]},
        {"name": "sparse_categorical_crossentropy", "from_logits": True},
    ),
}


def spec_of(dataset, model, loss, seed=0, weights=None, **training):
    value = {
        "name": "test",
        "dataset": dataset,
        "model": model,
        "training": {"loss": loss, "plan": "step", "epochs": 1} | training,
        "seed": seed,
    }
    return parse_spec(value if weights is None else value | {"initial_weights": {"run": RUN} | weights})


def learn(folder, spec):
    """Train a network; returns its file."""
    outcome = train(spec, datasets_dir=folder, output_dir=folder, reporter=SilentReporter())
    path, *_ = outcome.files
    return path


@pytest.fixture(scope="module", params=NETWORKS)
def learned(request, tmp_path_factory):
    """A network of each kind that has been trained: what its spec is made of, and its file."""
    parts = NETWORKS[request.param]
    return parts, learn(tmp_path_factory.mktemp("source"), spec_of(*parts))


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    """The file of a network over images."""
    return learn(tmp_path_factory.mktemp("source"), spec_of(*NETWORKS["images"]))


def test_a_network_starts_where_the_other_ended(learned, tmp_path):
    """Without a step, the file that it leaves has the other's arrays, bit for bit."""
    parts, path = learned
    spec = spec_of(*parts, 5, {"sha256": hash_file(path)}, epochs=0)

    train(spec, datasets_dir=tmp_path, output_dir=tmp_path, reporter=SilentReporter(), weights_path=path)

    assert arrays_of(tmp_path / "model.keras") == arrays_of(path)


def arrays_of(path):
    """Bytes of the arrays in a saved network, without states of random numbers."""
    found = {}

    def note(name, one):
        if isinstance(one, h5py.Dataset) and "seed_generator" not in name:
            found[name] = one[()].tobytes()

    with zipfile.ZipFile(path) as archive, h5py.File(archive.open("model.weights.h5")) as saved:
        saved.visititems(note)
    assert found
    return found


def test_shapes_in_a_configuration_are_those_of_the_layers(learned, tmp_path):
    parts, path = learned
    assembly = assemble(spec_of(*parts), tmp_path)
    assert read_saved_shapes(path) == {row.name: row.weights for row in assembly.layers if row.weights}


def test_weights_are_the_same_in_mixed_precision(images, tmp_path):
    networks = [
        assemble(spec_of(*NETWORKS["images"], 5, {}, precision=precision), tmp_path, weights_path=images).network
        for precision in ("float32", "mixed_bfloat16")
    ]
    for one, other in zip(*(network.get_weights() for network in networks), strict=True):
        np.testing.assert_array_equal(one, other)


def test_new_layers_start_from_their_initializers_and_others_from_the_run(images, tmp_path):
    dataset, model, loss = NETWORKS["images"]
    drawn = assemble(spec_of(dataset, model, loss, 5), tmp_path).network
    learned = assemble(spec_of(dataset, model, loss, 5, {}), tmp_path, weights_path=images).network

    network = assemble(
        spec_of(dataset, model, loss, 5, {"layers": ["conv2d_*"], "numbers": {"dense_1": {"bias": [0.5] * 10}}}),
        tmp_path,
        weights_path=images,
    ).network

    for layer in network.layers:
        source = learned if layer.name.startswith("conv2d") else drawn
        for name, weight in named_weights(layer).items():
            expected = named_weights(source.get_layer(layer.name))[name].numpy()
            is_given = (layer.name, name) == ("dense_1", "bias")
            np.testing.assert_array_equal(weight.numpy(), np.full(10, 0.5) if is_given else expected)


def test_layers_that_do_not_fit_are_found_in_the_trainer_too(images, tmp_path):
    dataset, model, loss = NETWORKS["images"]
    wider = model | {"layers": [model["layers"][0] | {"filters": 5}, model["layers"][-1]]}
    with pytest.raises(InvalidSpec, match="Expected conv2d_1 to have kernel"):
        assemble(spec_of(dataset, wider, loss, weights={}), tmp_path, weights_path=images)


def test_a_file_with_another_hash_is_not_read(images, tmp_path):
    spec = spec_of(*NETWORKS["images"], weights={"sha256": "0" * 64})
    with pytest.raises(ArtifactCorrupt, match="has changed on disk"):
        assemble(spec, tmp_path, weights_path=images)


def test_a_file_that_is_missing_is_reported(tmp_path):
    spec = spec_of(*NETWORKS["images"], weights={})
    with pytest.raises(ArtifactCorrupt, match="Submit the run again"):
        assemble(spec, tmp_path)
    with pytest.raises(ArtifactCorrupt, match="cannot be read"):
        assemble(spec, tmp_path, weights_path=tmp_path / "none.keras")


def rewrite(path, target, change):
    """Copy a saved network with other members; `change` gets the name and the bytes of each."""
    with zipfile.ZipFile(path) as archive, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as copy:
        for name in archive.namelist():
            content = change(name, archive.read(name))
            if content is not None:
                copy.writestr(name, content)
    return target


def without_weights(name, content):
    return None if name == "model.weights.h5" else content


def with_broken_weights(name, content):
    return content[: len(content) // 2] if name == "model.weights.h5" else content


def with_huge_weights(name, content):
    return content + bytes(80 * 1024 * 1024) if name == "model.weights.h5" else content


def without_shapes(name, content):
    if name != "config.json":
        return content
    value = json.loads(content)
    for layer in value["config"]["layers"]:
        layer.pop("build_config", None)
    return json.dumps(value)


@pytest.mark.parametrize("change", [without_weights, with_broken_weights, with_huge_weights, without_shapes])
def test_a_broken_file_is_an_error_and_nothing_else(images, tmp_path, change):
    broken = rewrite(images, tmp_path / "broken.keras", change)
    with pytest.raises(ArtifactCorrupt, match="cannot be read"):
        assemble(spec_of(*NETWORKS["images"], weights={}), tmp_path, weights_path=broken)


def test_arrays_that_lie_in_another_file_are_not_followed(images, tmp_path):
    secret = tmp_path / "secret"
    secret.write_bytes(np.ones(10, np.float32).tobytes())
    weights = tmp_path / "weights.h5"
    with zipfile.ZipFile(images) as archive:
        weights.write_bytes(archive.read("model.weights.h5"))
    with h5py.File(weights, "a") as file:
        del file["layers/dense/vars/1"]
        file.create_dataset("layers/dense/vars/1", (10,), np.float32, external=[(str(secret), 0, 40)])
    other = rewrite(
        images,
        tmp_path / "other.keras",
        lambda name, content: weights.read_bytes() if name == "model.weights.h5" else content,
    )
    with pytest.raises(ArtifactCorrupt, match="dense_1 has other arrays than its layer"):
        assemble(spec_of(*NETWORKS["images"], weights={}), tmp_path, weights_path=other)
