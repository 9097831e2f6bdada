#!/usr/bin/env bash
. "$(dirname "$0")/service.sh"

say "Metrics for Prometheus; a key with the scope metrics can read these and nothing else"
ask GET /metrics
expect 200 'trainyard_runs{state="queued"}' 'trainyard_runs{state="running"}' 'trainyard_database_up 1'
