"""Networks that clients bring: ONNX files as versions of models."""
