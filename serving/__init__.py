"""The inference side: onnxruntime sessions, codecs. Never TensorFlow."""
