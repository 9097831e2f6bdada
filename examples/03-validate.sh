#!/usr/bin/env bash
. "$(dirname "$0")/service.sh"

say "Validate a spec without queueing it"
ask POST /v1/specs:validate --data '{"spec": {
    "name": "my-flowers",
    "dataset": {"name": "iris", "split": {"validation": 0.2, "stratify": true}},
    "model": {"kind": "mlp", "layers": [{"units": 12, "activation": "relu"}, {"units": 3, "activation": "softmax"}]},
    "training": {"optimizer": {"name": "adam", "learning_rate": 0.01}, "loss": "sparse_categorical_crossentropy",
                 "metrics": ["accuracy"], "epochs": 20, "batch_size": 5}}}'
# 4 measurements to 12 units, 12 units to 3 species, and their biases: 4*12+12 + 12*3+3 = 99.
expect 200 '"num_parameters":99' '"num_train":120' '"num_steps":480'
