"""Well-known convolutional architectures as lists of layers, one module per family."""
