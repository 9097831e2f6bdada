#!/usr/bin/env bash
. "$(dirname "$0")/service.sh"

need_model iris-keras '{"preset": "iris-keras", "overrides": {"training": {"epochs": 60}}}'

say "Rows of numbers return a probability per species"
ask POST /v1/models/iris-keras:predict --data '{"instances": [[5.1, 3.5, 1.4, 0.2], [6.7, 3.1, 5.6, 2.4]]}'
expect 200 '{"predictions":[['

say "Rows by column name return the name of the species"
ask POST /v1/models/iris-keras:predict --data \
    '{"instances": [{"sepal_length": 5.1, "sepal_width": 3.5, "petal_length": 1.4, "petal_width": 0.2}]}'
expect 200 '"label":"setosa","class":0'
expect_number setosa '>' 0.5

say "The column form: one tensor in, one tensor out"
ask POST /v1/models/iris-keras:predict --data '{"inputs": [[5.1, 3.5, 1.4, 0.2]]}'
expect 200 '{"outputs":[['

say "Inputs and outputs of the model"
ask GET /v1/models/iris-keras/metadata
expect 200 '"signature_def"'
