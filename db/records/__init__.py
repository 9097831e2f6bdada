"""Tables as classes, one module a family of tables."""
