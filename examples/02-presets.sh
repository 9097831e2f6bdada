#!/usr/bin/env bash
. "$(dirname "$0")/service.sh"

say "Which experiments are ready to run?"
ask GET /v1/presets
expect 200 '"name":"iris-keras"' '"name":"binary-adder"'

say "One of them, with its whole spec"
ask GET /v1/presets/iris-keras
expect 200 '"title":"Irises by their measures"' '"kind":"mlp"'
