"""Networks: how Keras builds each layer."""
