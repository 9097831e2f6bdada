#!/usr/bin/env bash
. "$(dirname "$0")/service.sh"

need_model iris-keras '{"preset": "iris-keras", "overrides": {"training": {"epochs": 60}}}'

say "A typing error: the response names its location and suggests a correction"
ask POST /v1/specs:validate --data '{"spec": {
    "name": "my-flowers", "dataset": {"name": "iris"},
    "model": {"kind": "mlp", "layers": [{"units": 3, "activation": "softmx"}]},
    "training": {"optimizer": "adam", "loss": "sparse_categorical_crossentropy", "epochs": 2}}}'
expect 422 '"pointer":"/spec/model/layers/0/activation"' "Did you mean 'softmax'?"

say "A preset that does not exist"
ask POST /v1/runs --data '{"preset": "iris-kers"}'
expect 404 '"code":"unknown_preset"' "Did you mean 'iris-keras'?"

say "Invalid JSON"
ask POST /v1/runs --data '{'
expect 400 '"code":"malformed_json"'

say "A row of three numbers for a model of four columns"
ask POST /v1/models/iris-keras:predict --data '{"instances": [[1, 2, 3]]}'
expect 400 'The model expects rows of 4 numbers; row 0 has 3. Send sepal_length, sepal_width, petal_length, petal_width.'

say "A model that does not exist"
ask POST /v1/models/nobody-trained-this:predict --data '{"instances": [[1]]}'
expect 404 '"error":'
