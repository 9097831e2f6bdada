"""The catalogue: ready specifications, and the figures published for them."""
