#!/usr/bin/env bash
. "$(dirname "$0")/service.sh"

say "Does the service answer, and can it answer requests?"
ask GET /healthz
expect 200 '"status":"ok"'

ask GET /readyz
expect 200 '"status":"ready"' '"database":{"ok":true'
