#!/usr/bin/env bash
. "$(dirname "$0")/service.sh"

# Folder with MNIST's four IDX files: the original ones, or as here the first 5,000 and 1,000 images.
mnist=${1:-$(dirname "$0")/../tests/data/mnist}

say "Upload the files of a dataset"
for name in train-images-idx3 train-labels-idx1 t10k-images-idx3 t10k-labels-idx1; do
    ask PUT "/v1/datasets/mnist/files/$name-ubyte.gz" --upload-file "$mnist/$name-ubyte.gz"
    expect 200 '"name":"mnist"'
done
expect 200 '"missing":[]'

say "Check that the dataset is ready"
ask GET /v1/datasets
expect 200 '"name":"mnist"'
