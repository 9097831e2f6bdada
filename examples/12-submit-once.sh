#!/usr/bin/env bash
. "$(dirname "$0")/service.sh"

key="tour-$(date +%s)-$$"

say "A request that may be repeated safely carries an Idempotency-Key"
ask POST /v1/runs --header "Idempotency-Key: $key" --data '{"preset": "perceptron-or"}'
expect 202 '"state":"queued"'
id=$(field id)

say "The same again, as after a lost answer: the same run, not a second one"
ask POST /v1/runs --header "Idempotency-Key: $key" --data '{"preset": "perceptron-or"}' --include
expect 202 'idempotent-replayed: true' "\"id\":\"$id\""

say "Another body under the same key is a mistake"
ask POST /v1/runs --header "Idempotency-Key: $key" --data '{"preset": "perceptron-and"}'
expect 422 '"code":"idempotency_mismatch"'
wait_for_run "$id"
