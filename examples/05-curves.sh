#!/usr/bin/env bash
. "$(dirname "$0")/service.sh"

train '{"preset": "perceptron-or"}'
id=$(field id)

say "List the metrics of the run: first, last, least and greatest values"
ask GET "/v1/runs/$id/metrics"
expect 200 '"key":"epoch/train/loss"' '"count":30'

say "Get a curve, downsampled for a plot"
ask GET "/v1/runs/$id/metrics/history?keys=epoch/train/loss&max_points=10"
expect 200 '"key":"epoch/train/loss"' '"total":30' '"downsampled":true'
