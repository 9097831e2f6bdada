"""`make bench-serving`: predictions over HTTP, beside the servers made for it and the least that a server can do.

Every side serves the same ONNX file on one core, and one load generator asks them in turn from another:

    python -m benchmarks.serving --quick --cases iris --sides ours-v1,mlserver,bare --connections 1,16
"""
