"""Traces of runs, from the request to the registered version, as OpenTelemetry spans."""
