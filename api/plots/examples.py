"""Examples of pictures."""

SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="800" height="400" viewBox="0 0 800 400"></svg>'

PNG = "(bytes)"
