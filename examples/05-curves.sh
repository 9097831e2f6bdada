#!/usr/bin/env bash
. "$(dirname "$0")/service.sh"

train '{"preset": "perceptron-or"}'
id=$(field id)

say "What did the run measure? First, last, least and greatest values"
ask GET "/v1/runs/$id/metrics"
expect 200 '"key":"epoch/train/loss"' '"count":30'

say "A curve, thinned out to the points that a plot needs"
ask GET "/v1/runs/$id/metrics/history?keys=epoch/train/loss&max_points=10"
expect 200 '"key":"epoch/train/loss"' '"total":30' '"downsampled":true'
