"""The Keras side: arrays in, files out."""
