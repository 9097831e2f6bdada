"""Examples of health, readiness and metrics."""

HEALTH = {"status": "ok", "version": "0.1.0"}

READY = {
    "status": "ready",
    "not_ready": [],
    "components": {
        "database": {"ok": True, "detail": None},
        "broker": {"ok": True, "detail": None},
        "training": {"ok": True, "detail": None},
    },
    "queue": {"queued": 3, "running": 1, "waiting": 0},
}

NOT_READY = {
    "status": "not ready",
    "not_ready": ["database"],
    "components": {
        "database": {"ok": False, "detail": "The database does not answer: connection refused. Try again."},
        "broker": {"ok": True, "detail": None},
    },
    "queue": None,
}

MEASUREMENTS = """\
# HELP trainyard_database_up Availability of the database: 1 if it answered in time, else 0.
# TYPE trainyard_database_up gauge
trainyard_database_up 1.0
# HELP trainyard_runs Runs by state.
# TYPE trainyard_runs gauge
trainyard_runs{state="queued"} 3.0
trainyard_runs{state="running"} 1.0
"""
