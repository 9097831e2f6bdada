"""HTTP only: one module per resource, from request to answer."""
