#!/usr/bin/env bash
. "$(dirname "$0")/service.sh"

# Two epochs are enough to add; the preset's five reduce the loss to 3e-4.
need_model binary-adder '{"preset": "binary-adder", "overrides": {"training": {"epochs": 2}}}'

say "45 + 77, by a network that learned to carry"
ask POST /v1/models/binary-adder:predict --data '{"instances": [{"a": 45, "b": 77}]}'
expect 200 '"sum":122,"bits":[0,1,0,1,1,1,1,0]'
