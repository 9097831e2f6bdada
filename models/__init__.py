"""Training with Keras, from arrays to saved models."""
