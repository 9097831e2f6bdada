#!/usr/bin/env bash
. "$(dirname "$0")/service.sh"

# A table with words, numbers and missing values. Here Fisher's irises, with some empty cells.
table=${1:-$(dirname "$0")/flowers.csv}

say "Upload it; the response describes its contents"
ask POST '/v1/datasets/tour-flowers/versions?filename=flowers.csv' --data-binary "@$table"
[ "$status" = 200 ] || expect 201
expect "$status" '"summary":"150 rows of 6 columns"' '"num_missing":3' '"example_spec":{'
version=$(field version)

say "The same bytes again are the same version"
ask POST '/v1/datasets/tour-flowers/versions?filename=flowers.csv' --data-binary "@$table"
expect 200 "\"version\":$version,"

say "Train on it"
train '{"spec": {
    "name": "tour-flowers",
    "dataset": {"name": "table", "dataset": "tour-flowers", "target": "species"},
    "model": {"kind": "mlp", "layers": [{"units": 16, "activation": "relu"}, {"units": 3, "activation": "softmax"}]},
    "training": {"optimizer": {"name": "adam", "learning_rate": 0.01}, "loss": "sparse_categorical_crossentropy",
        "metrics": ["accuracy"], "epochs": 60, "batch_size": 16}}}'
expect 200 "\"version\":$version,\"sha256\""
expect_number test/accuracy '>' 0.8

say "Predict from raw rows: a missing value, a word that did not occur in training"
ask POST /v1/models/tour-flowers:predict --data \
    '{"instances": [{"sepal_length": 5.1, "sepal_width": null, "petal_length": 1.4, "petal_width": 0.2, "size": "tiny"}]}'
expect 200 '"label":"setosa"'

say "Download it"
ask GET "/v1/datasets/tour-flowers/versions/$version/content" --range 0-12
expect 206 'sepal_length,'
