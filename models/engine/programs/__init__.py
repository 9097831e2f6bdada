"""Ways to take training steps, and to measure samples, each a TensorFlow program of many steps a call."""
