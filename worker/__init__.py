"""From a doorbell to a saved model."""
