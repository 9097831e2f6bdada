"""HTTP only: a folder for each resource, from request to answer."""
