"""Pictures of what runs came to, written as SVG text: no library for charts is loaded to serve them."""
