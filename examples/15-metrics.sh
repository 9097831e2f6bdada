#!/usr/bin/env bash
. "$(dirname "$0")/service.sh"

say "What Prometheus reads; a key with the scope metrics may read this and nothing else"
ask GET /metrics
expect 200 'trainyard_runs{state="queued"}' 'trainyard_runs{state="running"}' 'trainyard_database_up 1'
