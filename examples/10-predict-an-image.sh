#!/usr/bin/env bash
. "$(dirname "$0")/service.sh"

"$(dirname "$0")/09-add-mnist.sh" >/dev/null
need_model mnist-softmax '{"preset": "mnist-softmax",
    "overrides": {"dataset": {"max_train_samples": 5000, "max_test_samples": 1000}}}'

say "Classify a PNG file of 28x28 pixels, encoded as base64"
image=$(base64 <"$(dirname "$0")/seven.png" | tr -d '\n')
ask POST '/v1/models/mnist-softmax:predict?labels=true' --data "{\"instances\": [{\"b64\": \"$image\"}]}"
expect 200 '"class":7'
