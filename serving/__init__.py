"""Inference: onnxruntime sessions, and codecs for requests and responses. Never imports TensorFlow."""
