#!/usr/bin/env bash
. "$(dirname "$0")/service.sh"

# Folder with MNIST's four IDX files: the original ones, or as here the first 5,000 and 1,000 images.
mnist=${1:-$(dirname "$0")/../tests/data/mnist}

say "Upload the four files of MNIST as one archive"
# `trainyard data add mnist DIR` does this in one step, and makes the archive whose sha256 the service knows.
archive=$(mktemp)
trap 'rm -f "$archive"' EXIT
tar -cf "$archive" -C "$mnist" {train-images-idx3,train-labels-idx1,t10k-images-idx3,t10k-labels-idx1}-ubyte.gz
ask POST '/v1/datasets/mnist/versions?filename=mnist.tar' --data-binary "@$archive"
# Its status is 200 where the service has these bytes already.
[ "$status" = 200 ] || expect 201
expect "$status" '"name":"mnist"' '"name":"train-images-idx3-ubyte"'

say "Check a spec that trains on them"
ask POST /v1/specs:validate --data '{"preset": "mnist-softmax"}'
expect 200 '"num_train":'
