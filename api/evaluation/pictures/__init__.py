"""Images of evaluations, written as SVG text without a charting library."""
