"""Prediction in TensorFlow Serving's REST form."""
