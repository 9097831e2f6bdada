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

say "Compare the two: what differs between their specs, and between their metrics"
ask GET "/v1/registry/models/perceptron-or:compare?versions=$first,$second"
expect 200 '"pointer":"/training/epochs"'

say "Roll back, in one call"
ask POST /v1/registry/models/perceptron-or/aliases/production:rollback
expect 200 "\"version\":$first"
ask POST /v1/models/perceptron-or/labels/production:predict --data '{"instances": [[0, 1]]}' --include
expect 200 "x-model-version: $first"

say "Give the second a tenth of the requests: the same id is answered by the same version"
ask PUT /v1/registry/models/perceptron-or/aliases/production --data "{\"versions\": {\"$first\": 90, \"$second\": 10}}"
expect 200 "\"$first\":90" "\"$second\":10"

say "See who changed what"
ask GET /v1/registry/models/perceptron-or/aliases/production/history
expect 200 '"action":"rolled_back"'
