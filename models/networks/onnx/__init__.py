"""Networks: how each layer is written in ONNX's operators."""
