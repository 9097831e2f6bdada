"""An answer of /metrics as an example, cut short."""

MEASUREMENTS = """\
# HELP trainyard_database_up Whether the database answered in time: 1 or 0.
# TYPE trainyard_database_up gauge
trainyard_database_up 1.0
# HELP trainyard_runs Runs by state.
# TYPE trainyard_runs gauge
trainyard_runs{state="queued"} 3.0
trainyard_runs{state="running"} 1.0
"""
