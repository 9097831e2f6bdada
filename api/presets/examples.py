"""Examples of presets."""

from typing import Any

PRESET: dict[str, Any] = {
    "name": "perceptron-or",
    "title": "A perceptron and OR",
    "teaches": "A single neuron learns OR.",
    "published": "learned: accuracy 1.0",
    "figures": [
        {
            "kind": "prediction",
            "says": "learned",
            "variant": None,
            "instances": [[0, 0], [0, 1], [1, 0], [1, 1]],
            "outputs": [[0.0], [1.0], [1.0], [1.0]],
            "measure": "accuracy",
            "at_least": 1.0,
            "at_most": None,
            "because": "Learned is all four rows right.",
        }
    ],
    "published_time": None,
    "num_seeds": 10,
    "chart": "epoch/train/loss",
    "expected_seconds": 2,
    "spec": {
        "name": "perceptron-or",
        "dataset": {"name": "truth_table", "operation": "or", "repeats": 25},
        "model": {"kind": "mlp", "layers": [{"type": "dense", "units": 1, "activation": "sigmoid"}]},
        "training": {
            "optimizer": {"name": "sgd", "learning_rate": 0.1},
            "loss": {"name": "binary_crossentropy"},
            "metrics": ["accuracy"],
            "epochs": 30,
            "batch_size": 1,
        },
        "seed": 0,
    },
    "variants": {"100-epochs": {"training": {"epochs": 100}}},
}
