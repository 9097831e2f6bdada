#!/usr/bin/env bash
. "$(dirname "$0")/service.sh"

key="tour-$(date +%s)-$$"

say "Send an Idempotency-Key, so that the request can be repeated safely"
ask POST /v1/runs --header "Idempotency-Key: $key" --data '{"preset": "perceptron-or"}'
expect 202 '"state":"queued"'
id=$(field id)

say "Repeat it, as after a lost response: it returns the same run, not a second one"
ask POST /v1/runs --header "Idempotency-Key: $key" --data '{"preset": "perceptron-or"}' --include
expect 202 'idempotent-replayed: true' "\"id\":\"$id\""

say "Another body under the same key is rejected"
ask POST /v1/runs --header "Idempotency-Key: $key" --data '{"preset": "perceptron-and"}'
expect 422 '"code":"idempotency_mismatch"'
wait_for_run "$id"
