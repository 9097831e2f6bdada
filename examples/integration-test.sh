#!/usr/bin/env bash
# Integration test for a CI job with a newly started stack: wait until it is ready, train, predict, compare.
. "$(dirname "$0")/service.sh"

# Newly pulled images take a moment; a stack that is not ready after 3 minutes is broken.
wait_until_ready() {
    local tries=90
    until curl --silent --fail --max-time 5 --output /dev/null "$service/readyz"; do
        tries=$((tries - 1))
        [ "$tries" -gt 0 ] || fail "$service is not ready after 3 minutes."
        sleep 2
    done
}

say "Wait until the service is ready"
wait_until_ready

say "Train"
train '{"preset": "iris-keras", "overrides": {"training": {"epochs": 60}}, "tags": {"made-by": "integration-test"}}'
expect_number epoch/validation/accuracy '>' 0.8
version=$(field version)

say "Predict with that version: one flower of each species"
ask POST "/v1/models/iris-keras/versions/$version:predict?labels=true" --data \
    '{"instances": [[5.0, 3.4, 1.5, 0.2], [5.7, 2.8, 4.1, 1.3], [6.9, 3.1, 5.4, 2.1]]}'
expect 200
species=$(printf '%s' "$answer" | grep -oE '"label":"[a-z]+"' | tr -d '\n')
[ "$species" = '"label":"setosa""label":"versicolor""label":"virginica"' ] ||
    fail "Expected setosa, versicolor and virginica, got: $answer"

say "All checks passed."
