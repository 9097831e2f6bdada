#!/usr/bin/env bash
. "$(dirname "$0")/service.sh"

say "Submit a long run, and wait until it trains"
ask POST /v1/runs --data \
    '{"preset": "linear-regression", "overrides": {"training": {"epochs": 100000, "batch_size": 1}}}'
expect 202 '"state":"queued"'
id=$(field id)
wait_for_run "$id" running

say "Pause it: it writes a checkpoint and gives its trainer back"
ask POST "/v1/runs/$id:pause"
[ "$status" = 200 ] || expect 202 '"interruption":"pause"'
wait_for_run "$id" paused
echo "It is $(field state)."

say "Resume it: the second attempt goes on from the checkpoint"
ask POST "/v1/runs/$id:resume"
expect 200 '"state":"queued"'
wait_for_run "$id" running
ask POST "/v1/runs/$id:cancel"
wait_for_run "$id" cancelled

say "Train a short run"
train '{"preset": "iris-keras", "overrides": {"training": {"epochs": 20}}}'
id=$(field id)

say "What is kept of it"
ask GET "/v1/runs/$id/checkpoints"
expect 200 '"epoch":20'

say "Train it for 10 epochs more, as a new run"
ask POST "/v1/runs/$id:continue" --data '{"epochs": 10}'
expect 202 "\"source_run_id\":\"$id\""
wait_for_run "$(field id)"
expect 200 '"epochs":30' '"resumed_at_step":480'
