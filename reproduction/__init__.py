"""Reproduction of the whole catalogue through a service, compared with the published figures."""
