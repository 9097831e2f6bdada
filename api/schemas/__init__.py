"""HTTP bodies, one module per resource."""
