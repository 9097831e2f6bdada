import json
import subprocess
import sys
import zipfile

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from core.errors import ExportMismatch
from core.experiment import parse_spec
from core.signatures.signature import InputKind, ModelSignature, Task
from models.assembly import assemble
from models.export.export import compare, export_model, run_onnx
from models.runtime import keras


def export(folder, dataset, layers, kind="mlp", loss="mean_squared_error"):
    spec = parse_spec(
        {
            "name": "test",
            "dataset": dataset,
            "model": {"kind": kind, "layers": layers} if layers else {"kind": kind},
            "training": {"loss": loss},
        }
    )
    assembly = assemble(spec, folder)
    files = export_model(assembly, spec, folder)
    assert [path.name for path in files] == ["model.keras", "model.onnx", "signature.json"]
    signature = ModelSignature.model_validate_json((folder / "signature.json").read_text())
    return assembly, signature


def both_answers(folder, rows):
    rows = np.array(rows, np.float32)
    by_keras = np.asarray(keras.models.load_model(folder / "model.keras")(rows, training=False))
    np.testing.assert_allclose(run_onnx(folder / "model.onnx", rows), by_keras, rtol=1e-5, atol=1e-6)
    return by_keras


SOFTMAX = {"units": 3, "activation": "softmax"}
LINE = {"name": "function", "function": {"type": "polynomial", "coefficients": [0, 1]}}


def test_scaling_fitted_in_training_is_part_of_the_saved_models(tmp_path):
    assembly, signature = export(
        tmp_path,
        {"name": "iris", "scaling": "standardize"},
        [SOFTMAX],
        loss="sparse_categorical_crossentropy",
    )

    centimetres = np.array([[5.1, 3.5, 1.4, 0.2], [6.3, 3.3, 6.0, 2.5]], np.float32)
    prepared = assembly.preparation.apply(centimetres)
    expected = np.asarray(assembly.network(prepared))
    np.testing.assert_allclose(both_answers(tmp_path, centimetres), expected, rtol=1e-5)
    assert np.abs(prepared - centimetres).max() > 1
    assert (signature.task, signature.input_kind) == (Task.CLASSIFICATION, InputKind.COLUMNS)
    assert signature.columns == ("sepal_length", "sepal_width", "petal_length", "petal_width")
    assert signature.class_labels == ("setosa", "versicolor", "virginica")
    assert (signature.input.shape, signature.output.shape) == ((4,), (3,))
    assert signature.answers_probabilities


def test_a_polynomials_model_takes_plain_x(tmp_path):
    dataset = LINE | {"polynomial_features": {"degree": 3}}
    layers = [{"units": 1, "use_bias": False, "kernel_initializer": "ones"}]

    _, signature = export(tmp_path, dataset, layers)

    # 1 + x + x² + x³
    assert both_answers(tmp_path, [[0], [1], [2], [-1]]).tolist() == [[1], [4], [15], [0]]
    assert (signature.task, signature.columns, signature.input.shape) == (Task.REGRESSION, ("x",), (1,))


def test_a_digits_model_takes_raw_pixels(tmp_path):
    layers = [{"type": "global_pooling2d"}, {"type": "dense", "units": 10, "kernel_initializer": "ones"}]

    _, signature = export(tmp_path, {"name": "digits"}, layers, kind="cnn", loss="categorical_hinge")

    assert both_answers(tmp_path, [np.full((8, 8), 16), np.full((8, 8), 4)])[:, 0].tolist() == [1, 0.25]
    assert (signature.input_kind, signature.pixel_range) == (InputKind.IMAGE, (0.0, 16.0))
    assert signature.input.shape == (8, 8)
    assert not signature.answers_probabilities


def test_a_network_with_logits_is_saved_with_probabilities(tmp_path):
    loss = {"name": "sparse_categorical_crossentropy", "from_logits": True}
    layers = [{"units": 3, "kernel_initializer": "zeros", "bias_initializer": {"name": "constant", "value": 2.0}}]

    _, signature = export(tmp_path, {"name": "iris"}, layers, loss=loss)

    assert both_answers(tmp_path, [[1, 2, 3, 4]])[0] == pytest.approx([1 / 3] * 3)
    assert signature.answers_probabilities


def test_a_single_logit_is_saved_as_a_probability(tmp_path):
    loss = {"name": "binary_crossentropy", "from_logits": True}

    export(
        tmp_path, {"name": "truth_table", "operation": "or"}, [{"units": 1, "kernel_initializer": "ones"}], loss=loss
    )

    assert both_answers(tmp_path, [[0, 0], [1, 1]])[:, 0] == pytest.approx([0.5, 1 / (1 + np.exp(-2))])


@pytest.mark.parametrize(
    ("loss", "activation", "threshold", "answers_probabilities"),
    [
        ("binary_crossentropy", "sigmoid", 0.5, True),
        ("mean_squared_error", "linear", 0.5, False),
        ("hinge", "tanh", 0.0, False),
    ],
)
def test_the_signature_has_the_threshold_of_two_classes(loss, activation, threshold, answers_probabilities, tmp_path):
    layers = [{"units": 1, "activation": activation}]

    _, signature = export(tmp_path, {"name": "truth_table", "operation": "or"}, layers, loss=loss)

    assert (signature.threshold, signature.answers_probabilities) == (threshold, answers_probabilities)
    assert signature.class_labels == (0, 1)


def test_an_adder_is_described_by_its_bits(tmp_path):
    dataset = {"name": "binary_addition", "num_bits": 5, "num_train": 10, "num_test": 0}

    _, signature = export(tmp_path, dataset, None, kind="binary_adder")

    assert (signature.task, signature.input_kind, signature.num_bits) == (Task.BINARY_ADDITION, InputKind.BIT_PAIR, 5)
    assert (signature.input.shape, signature.output.shape) == ((5, 2), (5, 1))
    assert both_answers(tmp_path, np.ones((2, 5, 2))).shape == (2, 5, 1)


def test_an_unrolled_recurrent_layer_is_saved_rolled(tmp_path):
    dataset = {"name": "time_series", "num_points": 60, "window": 30}
    layer = {"type": "recurrent", "cell": "gru", "units": 4, "unroll": True}

    export(tmp_path, dataset, [layer, {"type": "dense", "units": 1}], kind="rnn")

    both_answers(tmp_path, np.ones((2, 30, 1)))
    operators = [node.op_type for node in onnx.load(tmp_path / "model.onnx").graph.node]
    assert operators.count("GRU") == 1
    assert len(operators) < 10


def test_the_keras_file_loads_in_a_new_process_without_this_project(tmp_path):
    dataset = {"name": "inline", "inputs": [[1, 2], [3, 5]], "targets": [1, 2], "scaling": "min_max"}
    export(tmp_path, dataset, [{"units": 1, "activation": "gelu"}])

    program = (
        "import sys, keras; model = keras.models.load_model('model.keras', safe_mode=True); "
        "print(model.input_shape); assert not {'models', 'core'} & set(sys.modules)"
    )
    result = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=True, timeout=120
    )

    assert result.stdout.strip() == "(None, 2)"
    config = json.loads(zipfile.ZipFile(tmp_path / "model.keras").read("config.json"))
    modules = {layer["module"] for layer in config["config"]["layers"]}
    assert modules == {"keras.layers"}


def test_a_network_with_branches_is_saved_as_one_flat_model(tmp_path):
    conv = {"type": "conv2d", "filters": 3, "kernel_size": 3, "padding": 1, "batch_normalization": "after_activation"}
    layers = [
        conv,
        {"type": "parallel", "branches": [[], [conv, {"type": "dropout", "rate": 0.5}], [{**conv, "filters": 2}]]},
        {"type": "residual", "layers": [{**conv, "filters": 4}], "shortcut": [{**conv, "filters": 4}]},
        {"type": "residual", "layers": [conv, {**conv, "filters": 4}], "activation": "linear"},
        {"type": "global_pooling2d"},
        {"type": "dense", "units": 10},
        {"type": "dropout", "rate": 0.5},
    ]
    loss = {"name": "sparse_categorical_crossentropy", "from_logits": True}

    assembly, signature = export(tmp_path, {"name": "digits"}, layers, kind="cnn", loss=loss)

    both_answers(tmp_path, assembly.examples)
    saved = keras.models.load_model(tmp_path / "model.keras")
    assert {layer.name for layer in assembly.network.layers[1:]} < {layer.name for layer in saved.layers}
    assert signature.answers_probabilities


def test_a_graph_with_other_outputs_is_caught(tmp_path):
    assembly, _ = export(tmp_path, LINE, [{"units": 3, "activation": "relu"}, {"units": 1}])
    model = keras.models.load_model(tmp_path / "model.keras")
    graph = onnx.load(tmp_path / "model.onnx")
    kernel = next(constant for constant in graph.graph.initializer if constant.name == "dense_2_kernel")
    kernel.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(kernel) + 0.01, kernel.name))
    onnx.save(graph, tmp_path / "model.onnx")

    with pytest.raises(ExportMismatch, match="differ from Keras's in"):
        compare(model, tmp_path / "model.onnx", assembly.examples)


def test_a_graph_with_nan_instead_of_a_number_is_caught(tmp_path):
    assembly, _ = export(tmp_path, LINE, [{"units": 1}])
    model = keras.models.load_model(tmp_path / "model.keras")
    graph = onnx.load(tmp_path / "model.onnx")
    bias = next(constant for constant in graph.graph.initializer if constant.name == "dense_1_bias")
    bias.CopyFrom(numpy_helper.from_array(np.array([np.nan], np.float32), bias.name))
    onnx.save(graph, tmp_path / "model.onnx")

    with pytest.raises(ExportMismatch):
        compare(model, tmp_path / "model.onnx", assembly.examples)


def test_rounding_errors_that_a_network_amplifies_are_no_mismatch(tmp_path):
    # Each time step takes the exponential of the one before: the last digit of the first decides over the last.
    layer = {"type": "recurrent", "cell": "simple_rnn", "units": 4, "activation": "exponential"}
    dataset = {"name": "time_series", "num_points": 60, "window": 5}

    export(tmp_path, dataset, [layer, {"type": "dense", "units": 1}], kind="rnn")
