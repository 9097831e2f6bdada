"""Groups of runs that differ in the seed alone."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.new_runs import hash_spec
from db.records.runs import RunRecord


def group_by_seed(session: Session, run_ids: Sequence[UUID]) -> dict[str, list[UUID]]:
    """Group runs whose specs are equal but for `seed`.

    Only the seed of the run is left out. A dataset that is drawn from a seed of its own is other data.

    Args:
        session: On the database.
        run_ids: The runs; unknown ones are left out.

    Returns:
        Runs by the sha256 of the spec without its seed; groups, and runs in them, in the order of `run_ids`.
    """
    query = select(RunRecord.id, RunRecord.spec).where(RunRecord.id.in_(list(run_ids)))
    # One spec at a time: a spec may hold a table of data.
    hashes = {
        run_id: hash_spec({name: value for name, value in spec.items() if name != "seed"})
        for run_id, spec in session.execute(query.execution_options(yield_per=50))
    }
    groups: dict[str, list[UUID]] = {}
    for run_id in run_ids:
        if run_id in hashes:
            groups.setdefault(hashes[run_id], []).append(run_id)
    return groups
