"""Networks: Keras builders and ONNX writers of each layer."""
