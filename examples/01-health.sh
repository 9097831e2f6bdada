#!/usr/bin/env bash
. "$(dirname "$0")/service.sh"

say "Is the service alive, and ready for requests?"
ask GET /healthz
expect 200 '"status":"ok"'

ask GET /readyz
expect 200 '"status":"ready"' '"database":{"ok":true'
