"""Export of a trained network as a Keras file and an ONNX file."""
