"""Convolutional networks that are known by a name, written out as layers: one module a family."""
