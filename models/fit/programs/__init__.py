"""Programs: many training or evaluation steps as one TensorFlow program."""
