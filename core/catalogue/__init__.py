"""The catalogue: presets, the figures published for them, and example specs for uploaded datasets."""
