"""Errors of programs."""

from uuid import UUID

from core.errors import Conflict


def spec_too_old(run_id: UUID | str, reason: str) -> Conflict:
    """Return the error for a run whose stored spec the rules of this version do not accept."""
    return Conflict(
        f"The spec of run {run_id} is of another version of Trainyard, and cannot be read any more: {reason} Clone the "
        f"run with overrides that mend it (POST /v1/runs/{run_id}:clone), and ask for the program of the clone."
    )
