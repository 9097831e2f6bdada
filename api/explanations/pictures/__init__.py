"""Images of explanations."""
