"""From a Keras network to an ONNX graph."""
