"""The whole catalogue, trained through a service and held against what was published."""
