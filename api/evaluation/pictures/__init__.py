"""Pictures of evaluations, written as SVG text: no library for charts is loaded to serve them."""
