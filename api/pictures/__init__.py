"""Shapes, text and axes that images of several resources share, and PNG files of them."""
