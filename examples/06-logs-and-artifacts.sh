#!/usr/bin/env bash
. "$(dirname "$0")/service.sh"

train '{"preset": "perceptron-or"}'
id=$(field id)

say "Read the trainer's log"
ask GET "/v1/runs/$id/logs"
expect 200 'phase: train' 'succeeded'

say "List the artifacts of the run"
ask GET "/v1/runs/$id/artifacts"
expect 200 '"name":"model.keras"' '"name":"model.onnx"'
num_bytes=$(printf '%s' "$answer" | sed 's/.*"name":"model.onnx"[^}]*"num_bytes":\([0-9]*\).*/\1/')

say "Download one: the network in ONNX, for any runtime"
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
ask GET "/v1/runs/$id/artifacts/model.onnx" --output "$folder/model.onnx"
expect 200
received=$(wc -c <"$folder/model.onnx" | tr -d ' ')
[ "$received" = "$num_bytes" ] || fail "Expected $num_bytes bytes, got $received."
echo "$received bytes"
