import numpy as np
import pytest

import core.checks.fit
import core.datasets.series
import core.datasets.table
from core.datasets.iris import IrisDataset
from core.experiment import parse_spec
from models.assembly import as_served, assemble
from models.export.export import run_onnx
from models.runtime import keras
from models.training import train

pytest_plugins = ["tests.models.uploads"]

IRIS = {
    "name": "iris",
    "dataset": {"name": "iris", "scaling": "standardize"},
    "model": {
        "kind": "mlp",
        "layers": [
            {"units": 8, "activation": "relu", "batch_normalization": "before_activation", "dropout": 0.1},
            {"units": 3, "activation": "softmax"},
        ],
    },
}
SERIES = {
    "name": "series",
    "dataset": {"name": "time_series", "num_points": 60, "window": 5},
    "model": {
        "kind": "rnn",
        "layers": [
            {"type": "recurrent", "cell": "gru", "units": 4, "bidirectional": True, "return_sequences": True},
            {"type": "recurrent", "cell": "lstm", "units": 1},
        ],
    },
}


def spec_of(definition, precision):
    loss = "sparse_categorical_crossentropy" if definition is IRIS else "mean_squared_error"
    return parse_spec(definition | {"training": {"loss": loss, "epochs": 2, "precision": precision, "plan": "graph"}})


def computing_types(network):
    return {layer.compute_dtype for layer in network.layers[1:]}


@pytest.mark.parametrize("definition", [IRIS, SERIES], ids=["mlp", "rnn"])
@pytest.mark.parametrize("precision", ["mixed_float16", "mixed_bfloat16"])
def test_a_network_computes_in_16_bits_and_keeps_weights_and_answers_in_32(definition, precision, tmp_path):
    plain = assemble(spec_of(definition, "float32"), tmp_path).network
    network = assemble(spec_of(definition, precision), tmp_path).network

    assert computing_types(plain) == {"float32"}
    *others, last = network.layers[1:]
    assert {layer.dtype_policy.name for layer in others} == {precision}
    assert (last.compute_dtype, network.output.dtype) == ("float32", "float32")
    assert {weight.dtype for weight in network.weights} == {"float32"}
    for weight, expected in zip(network.weights, plain.weights, strict=True):
        np.testing.assert_array_equal(weight, expected)
    assert keras.config.dtype_policy().name == "float32"


def test_a_softmax_is_computed_as_served(tmp_path):
    network = assemble(spec_of(IRIS, "mixed_float16"), tmp_path).network
    assert network.layers[-1].activation is keras.activations.softmax
    assert network.layers[-2].activation is keras.activations.linear


def test_what_was_trained_in_16_bits_answers_in_32_by_the_same_weights(tmp_path):
    spec = spec_of(IRIS, "mixed_bfloat16")
    trained = assemble(spec, tmp_path)
    for weight in trained.network.trainable_weights:
        weight.assign_add(np.full(weight.shape, 0.125))

    saved = as_served(trained, spec).network

    assert computing_types(saved) == {"float32"}
    assert [layer.name for layer in saved.layers] == [
        layer.name for layer in assemble(spec_of(IRIS, "float32"), tmp_path).network.layers
    ]
    rows = trained.data.train.inputs[:50]
    # bfloat16 has 8 significant bits, and there are two layers.
    np.testing.assert_allclose(saved(rows), trained.network(rows), atol=4 * 2.0**-8)


def test_what_was_trained_as_served_stays_as_it_is(tmp_path):
    spec = spec_of(IRIS, "float32")
    assembly = assemble(spec, tmp_path)
    assert as_served(assembly, spec) is assembly


@pytest.mark.parametrize("definition", [IRIS, SERIES], ids=["mlp", "rnn"])
@pytest.mark.parametrize("precision", ["mixed_float16", "mixed_bfloat16"])
def test_a_model_trained_in_16_bits_is_saved_as_served_in_both_forms(definition, precision, tmp_path, reporter):
    spec = spec_of(definition, precision)

    train(spec, datasets_dir=tmp_path, output_dir=tmp_path, reporter=reporter)

    model = keras.models.load_model(tmp_path / "model.keras")
    assert computing_types(model) == {"float32"}
    rows = assemble(spec, tmp_path).examples
    np.testing.assert_allclose(run_onnx(tmp_path / "model.onnx", rows), np.asarray(model(rows)), rtol=1e-5, atol=1e-6)


def count_calls(monkeypatch, place, name):
    """The calls of a function, as they come."""
    calls = []
    function = getattr(place, name)

    def counted(*arguments):
        calls.append(name)
        return function(*arguments)

    monkeypatch.setattr(place, name, counted)
    return calls


def test_a_training_asks_once_for_the_shape_and_once_for_the_layers(tmp_path, reporter, monkeypatch):
    shapes = count_calls(monkeypatch, IrisDataset, "shape")
    layers = count_calls(monkeypatch, core.checks.fit, "tabulate_layers")

    train(spec_of(IRIS, "float32"), datasets_dir=tmp_path, output_dir=tmp_path, reporter=reporter)

    assert (len(shapes), len(layers)) == (1, 1)


@pytest.mark.parametrize("name", ["table", "series"])
def test_columns_of_a_table_are_chosen_once_and_layers_again_where_rows_change_the_shape(
    name, tmp_path, reporter, upload_table, monkeypatch
):
    table = upload_table({"x": ("number", [n / 10 for n in range(40)]), "y": ("number", [float(n) for n in range(40)])})
    definition = SERIES if name == "series" else IRIS | {"model": {"kind": "mlp", "layers": [{"units": 1}]}}
    fields = {"name": name, "target": "y", **({"window": 5} if name == "series" else {})}
    definition = definition | {"dataset": table | fields, "training": {"loss": "mse", "epochs": 1}}
    modules = {"table": core.datasets.table, "series": core.datasets.series}
    chosen = count_calls(monkeypatch, modules[name], "choose_features")
    layers = count_calls(monkeypatch, core.checks.fit, "tabulate_layers")

    train(parse_spec(definition), datasets_dir=tmp_path, output_dir=tmp_path, reporter=reporter)

    assert (len(chosen), len(layers)) == (1, 2)
