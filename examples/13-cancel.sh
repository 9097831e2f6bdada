#!/usr/bin/env bash
. "$(dirname "$0")/service.sh"

say "Submit a long run"
ask POST /v1/runs --data \
    '{"preset": "linear-regression", "overrides": {"training": {"epochs": 100000, "batch_size": 1}}}'
expect 202 '"state":"queued"'
id=$(field id)

wait_for_run "$id" running

say "Cancel it: the trainer stops at the next step"
ask POST "/v1/runs/$id:cancel"
expect 202 '"cancel_requested":true'
wait_for_run "$id" cancelled
echo "It is $(field state)."
