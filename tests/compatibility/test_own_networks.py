"""Networks that this project exports pass the checks of those that were trained elsewhere, with their own signature."""

import pytest

from core.experiment import parse_spec
from core.signatures.given import GivenSignature
from core.signatures.signature import ModelSignature
from models.assembly import assemble
from models.export.export import export_model
from serving.checks.check import check_network

LINE = {"name": "function", "function": {"type": "polynomial", "coefficients": [0, 1]}}

SPECS = {
    "iris": {
        "dataset": {"name": "iris", "scaling": "standardize"},
        "model": {"kind": "mlp", "layers": [{"units": 3, "activation": "softmax"}]},
        "training": {"loss": "sparse_categorical_crossentropy"},
    },
    "line": {
        "dataset": LINE | {"polynomial_features": {"degree": 3}},
        "model": {"kind": "mlp", "layers": [{"units": 1}]},
        "training": {"loss": "mean_squared_error"},
    },
    "digits": {
        "dataset": {"name": "digits"},
        "model": {
            "kind": "cnn",
            "layers": [
                {"type": "conv2d", "filters": 2, "kernel_size": 3},
                {"type": "flatten"},
                {"type": "dense", "units": 10, "activation": "softmax"},
            ],
        },
        "training": {"loss": "sparse_categorical_crossentropy"},
    },
    **{
        f"adder with {cell} of {activation}": {
            "dataset": {"name": "binary_addition", "num_bits": 4},
            "model": {
                "kind": "rnn",
                "layers": [
                    {"type": "recurrent", "cell": cell, "units": 4, "activation": activation, "return_sequences": True},
                    {"type": "dense", "units": 1, "activation": "sigmoid"},
                ],
            },
            "training": {"loss": "binary_crossentropy"},
        }
        # onnxruntime has an operator for the first; the other is a loop.
        for cell, activation in (("lstm", "tanh"), ("simple_rnn", "gelu"))
    },
}


@pytest.mark.parametrize("name", SPECS)
def test_an_exported_network_is_accepted_with_its_own_signature(tmp_path, name):
    spec = parse_spec({"name": "test", **SPECS[name]})
    export_model(assemble(spec, tmp_path), spec, tmp_path)
    stored = (tmp_path / "signature.json").read_bytes()
    given = GivenSignature.model_validate_json(stored)
    assert check_network((tmp_path / "model.onnx").read_bytes(), given) == ModelSignature.model_validate_json(stored)
