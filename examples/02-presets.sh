#!/usr/bin/env bash
. "$(dirname "$0")/service.sh"

say "List the presets"
ask GET /v1/presets
expect 200 '"name":"iris-keras"' '"name":"binary-adder"'

say "Show one preset with its complete spec"
ask GET /v1/presets/iris-keras
expect 200 '"title":"Irises by their measurements"' '"kind":"mlp"'
