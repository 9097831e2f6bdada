#!/usr/bin/env bash
. "$(dirname "$0")/service.sh"

say "Train a preset with an override: more epochs"
ask POST /v1/runs --data '{"preset": "iris-keras", "overrides": {"training": {"epochs": 60}}, "tags": {"tour": "yes"}}'
expect 202 '"state":"queued"'
id=$(field id)

say "Wait until it has ended"
wait_for_run "$id"
printf '%s\n' "${answer:0:500}"
expect 200 '"tags":{"tour":"yes"}'
expect_number epoch/train/accuracy '>' 0.9
expect_number epoch/validation/accuracy '>' 0.8
