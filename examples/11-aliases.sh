#!/usr/bin/env bash
. "$(dirname "$0")/service.sh"

say "Train two versions of a model, the second longer"
train '{"preset": "perceptron-or"}'
first=$(field version)
train '{"preset": "perceptron-or", "overrides": {"training": {"epochs": 100}}}'
second=$(field version)

say "Promote the first: clients use the label and need not know the number"
ask PUT /v1/registry/models/perceptron-or/aliases/production --data "{\"version\": $first}"
expect 200 '"alias":"production"' "\"version\":$first"
ask POST /v1/models/perceptron-or/labels/production:predict --data '{"instances": [[0, 1]]}' --include
expect 200 "x-model-version: $first" '"predictions"'

say "Promote the second"
ask PUT /v1/registry/models/perceptron-or/aliases/production --data "{\"version\": $second}"
expect 200 "\"version\":$second"
ask POST /v1/models/perceptron-or/labels/production:predict --data '{"instances": [[0, 1]]}' --include
expect 200 "x-model-version: $second"

say "Roll back: the same request with the earlier number"
ask PUT /v1/registry/models/perceptron-or/aliases/production --data "{\"version\": $first}"
expect 200 "\"version\":$first"
ask POST /v1/models/perceptron-or/labels/production:predict --data '{"instances": [[0, 1]]}' --include
expect 200 "x-model-version: $first"
