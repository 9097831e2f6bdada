"""The next run to train: the order among submitters.

A run of a higher priority goes first, whoever submitted it. Within a priority the submitter with the fewest running
runs goes first, then the one that was served longest ago: no number of queued runs keeps another one's from its turn.
The runs of one submitter go oldest first, without those in a pause before another attempt. A submitter with as many
running runs as its quota allows is passed over.

Claims that overlap may each see the state before the other, so that a turn may be taken twice on PostgreSQL; the next
claim evens it out. A quota is exact: claims for a submitter that has one wait for each other.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Integer, Select, and_, bindparam, case, func, literal_column, or_, select, update
from sqlalchemy.orm import Session

from core.quotas import NOBODY, UNLIMITED
from core.run_state import RunState
from db.records.runs import RunRecord
from db.records.service import SubmitterRecord
from db.statements import database_now

IS_QUEUED: ColumnElement[bool] = RunRecord.state == literal_column("'queued'")
"""Written out: a database takes an index of some runs alone only for a query that shows that it needs no others."""

IN_PAUSE: ColumnElement[bool] = RunRecord.retry_at.is_not(None)
"""Such runs are queued too, and wait before another attempt."""

MAY_START: ColumnElement[bool] = and_(IS_QUEUED, RunRecord.retry_at.is_(None))

_NAME = func.coalesce(RunRecord.submitted_by, literal_column("''")).label("name")
"""Name of the submitter of a run."""


def _select_turn() -> Select[tuple[str, int | None, int]]:
    submitter = SubmitterRecord
    running = (
        select(_NAME, func.count().label("count"))
        .where(RunRecord.state == literal_column("'running'"))
        .group_by(_NAME)
        .subquery()
    )
    # One look into the index for each submitter. NULL is found by IS NULL alone, hence two cases.
    top = select(func.max(RunRecord.priority)).where(MAY_START)
    of_nobody = top.where(RunRecord.submitted_by.is_(None)).scalar_subquery()
    of_one = top.where(RunRecord.submitted_by == submitter.name).correlate(submitter).scalar_subquery()
    limit = func.coalesce(submitter.max_running_runs, bindparam("limit_of_others", type_=Integer))
    count = func.coalesce(running.c.count, literal_column("0"))
    priority = case((submitter.name == literal_column("''"), of_nobody), else_=of_one).label("priority")
    # Submitters without queued runs are last, and not left out: SQLite would look into the index twice for each.
    return (
        select(submitter.name, priority, limit.label("running_limit"))
        .outerjoin(running, running.c.name == submitter.name)
        .where(
            or_(limit == literal_column(str(UNLIMITED)), count < limit),
            submitter.name.not_in(bindparam("passed_over", expanding=True)),
        )
        .order_by(priority.desc().nulls_last(), count, submitter.served_at.asc().nulls_first(), submitter.name)
        .limit(1)
    )


_TURN = _select_turn()
"""Built once: building it takes longer than finding the next of a thousand submitters."""


@dataclass(frozen=True, slots=True)
class Turn:
    """The submitter whose run is next.

    Attributes:
        priority: Highest priority of its queued runs.
        running_limit: Most runs of it that may be running; None for any number.
    """

    submitter: str
    priority: int
    running_limit: int | None

    @property
    def runs(self) -> tuple[ColumnElement[bool], ...]:
        """Return the condition of the runs that are next, oldest first."""
        return (submitted_by(self.submitter), RunRecord.priority == self.priority, MAY_START)


def submitted_by(name: str) -> ColumnElement[bool]:
    """Return the condition of the runs of one submitter, in a form that indexes serve."""
    return RunRecord.submitted_by.is_(None) if name == NOBODY else RunRecord.submitted_by == name


def find_turn(session: Session, running_limit: int, passed_over: Sequence[str] = ()) -> Turn | None:
    """Return the submitter whose run is next; None if no run is queued that may be started.

    Args:
        session: Session of a transaction.
        running_limit: Most running runs of a submitter without a limit of its own; 0 for any number.
        passed_over: Submitters that are not to be considered.
    """
    found = session.execute(_TURN, {"limit_of_others": running_limit, "passed_over": passed_over}).first()
    if found is None or found.priority is None:
        return None
    return Turn(found.name, found.priority, found.running_limit or None)


def hold_turn(session: Session, turn: Turn) -> bool:
    """Lock a submitter with a limit until the transaction ends; return True if it may still have another run.

    On SQLite nobody else can have claimed a run since `find_turn`, and nothing is done.
    """
    if turn.running_limit is None or session.get_bind().dialect.name == "sqlite":
        return True
    here = select(SubmitterRecord.name).where(SubmitterRecord.name == turn.submitter)
    session.execute(here.with_for_update())
    # A statement of its own, which sees what was committed while this transaction waited.
    is_running = (submitted_by(turn.submitter), RunRecord.state == RunState.RUNNING)
    return session.scalars(select(func.count()).select_from(RunRecord).where(*is_running)).one() < turn.running_limit


def end_turn(session: Session, turn: Turn) -> None:
    """Note that a run of a submitter was claimed."""
    # Where another claim is noting the same at this moment, its time serves: no claim waits for another here.
    name = select(SubmitterRecord.name).where(SubmitterRecord.name == turn.submitter).with_for_update(skip_locked=True)
    statement = update(SubmitterRecord).where(SubmitterRecord.name == name.scalar_subquery())
    session.execute(statement.values(served_at=database_now()).execution_options(synchronize_session=False))


def count_running(session: Session) -> dict[str, int]:
    """Return the number of running runs by submitter, without those that have none."""
    query = select(_NAME, func.count()).where(RunRecord.state == RunState.RUNNING).group_by(_NAME)
    return {row[0]: row[1] for row in session.execute(query)}
