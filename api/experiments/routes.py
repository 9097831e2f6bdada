"""Routes for experiments."""

from datetime import datetime
from typing import Annotated

from fastapi import Path as PathParameter
from fastapi import Query

from api.auth.access import READ
from api.experiments import examples
from api.http.parameters import PageQuery
from api.http.schemas import AnswerModel
from api.openapi.operations import Resource, answers
from api.service import ServiceParameter
from core.run_state import RunState
from db import experiments


class Experiment(AnswerModel):
    """Named group of runs."""

    name: str
    created_at: datetime
    num_runs: int
    runs_by_state: dict[RunState, int]


class ExperimentPage(AnswerModel):
    """Page of experiments, by name."""

    items: list[Experiment]
    next_cursor: str | None


router = Resource("experiments", "Named groups of runs.", prefix="/v1/experiments")

ExperimentPath = Annotated[str, PathParameter(description="Name of an experiment.", examples=["iris-optimizers"])]


@router.get(
    "",
    summary="List experiments",
    dependencies=[READ],
    responses=answers({"items": [examples.EXPERIMENT], "next_cursor": None}),
)
def list_experiments(query: Annotated[PageQuery, Query()], service: ServiceParameter) -> ExperimentPage:
    """Return a page of experiments by name, with the number of runs in each state."""
    with service.database.reading() as session:
        page = experiments.list_page(session, limit=query.limit, cursor=query.cursor)
    return ExperimentPage(items=[_describe(found) for found in page.items], next_cursor=page.next_cursor)


@router.get(
    "/{name}",
    summary="Show an experiment",
    dependencies=[READ],
    responses=answers(examples.EXPERIMENT, examples.UNKNOWN_EXPERIMENT),
)
def get_experiment(name: ExperimentPath, service: ServiceParameter) -> Experiment:
    """Return an experiment; GET /v1/runs?experiment=NAME lists its runs."""
    with service.database.reading() as session:
        return _describe(experiments.get(session, name))


def _describe(found: experiments.Experiment) -> Experiment:
    return Experiment(
        name=found.name,
        created_at=found.created_at,
        num_runs=sum(found.runs_by_state.values()),
        runs_by_state=dict(found.runs_by_state),
    )
