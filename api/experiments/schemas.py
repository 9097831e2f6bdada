"""Bodies about experiments."""

from datetime import datetime

from api.http.schemas import AnswerModel
from core.run_state import RunState


class Experiment(AnswerModel):
    """A named group of runs."""

    name: str
    created_at: datetime
    num_runs: int
    runs_by_state: dict[RunState, int]


class ExperimentPage(AnswerModel):
    """A page of experiments, by name."""

    items: list[Experiment]
    next_cursor: str | None
