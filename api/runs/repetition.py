"""Runs that are made from others: the same again, or with changes."""

from dataclasses import replace
from functools import partial
from typing import Annotated, Any
from uuid import UUID

from fastapi import Response
from pydantic import ConfigDict, Field

from api import idempotency
from api.auth.access import SUBMIT, CallerName
from api.http.bodies import read_document
from api.http.parameters import RunId
from api.idempotency import Repeats, RepeatsParameter, find_answer, send_answer
from api.openapi.operations import MALFORMED, TOO_LARGE, UNKNOWN_RUN, Resource, answers, takes_body
from api.runs import examples
from api.runs.schemas import ExperimentName, Notes, Priority, Run, Tags
from api.runs.submission import ACCEPTED, answer_with_run, make_run
from api.service import JsonText, Service, ServiceParameter
from api.specs import examples as spec_examples
from api.specs.requests import SettledSpec, settle_spec
from core.checkpoints import Checkpoint
from core.errors import Conflict, InvalidSpec
from core.experiment import parse_spec
from core.run_state import TERMINAL_STATES, RunState
from core.specs.base import PositiveInt, SpecModel
from core.specs.merging import apply_overrides
from db import checkpoints, runs
from db.continuations import Continuation
from db.idempotency import RepeatKey, StoredAnswer
from db.new_runs import NewRun
from db.records.runs import RunRecord
from db.submissions import Submission

PINNED: tuple[str, ...] = ("version", "sha256", "reading")
"""Fields of an uploaded dataset that were filled in when the run was submitted; each belongs to those before it."""


class ContinueRequest(SpecModel):
    """Body of POST /v1/runs/{run_id}:continue."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"epochs": 20}]})

    epochs: Annotated[PositiveInt | None, Field(examples=[20])] = None
    """Epochs to train after those of the checkpoint; null for the rest of a run that did not succeed."""
    steps: PositiveInt | None = None
    """Training steps instead, where the spec gives its length in steps."""
    experiment: ExperimentName | None = None
    """Experiment of the new run; by default that of the run."""
    tags: Tags | None = None
    """Labels of the new run; by default those of the run."""
    notes: Notes | None = None
    """Text for people; those of the run are not copied."""
    priority: Priority | None = None
    """By default that of the run."""


class CloneRequest(SpecModel):
    """Body of POST /v1/runs/{run_id}:clone."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"overrides": {"training": {"epochs": 20}}}]})

    overrides: Annotated[dict[str, Any], Field(default_factory=dict, examples=[{"training": {"epochs": 20}}])]
    """JSON Merge Patch (RFC 7396) on the spec of the run."""
    experiment: ExperimentName | None = None
    """Experiment of the new run; by default that of the run."""
    tags: Tags | None = None
    """Labels of the new run; by default those of the run."""
    notes: Notes | None = None
    """Text for people; those of the run are not copied."""
    priority: Priority | None = None
    """By default that of the run."""


router = Resource(
    "runs", "Submit, follow, cancel and delete runs.", prefix="/v1/runs", bodies=[CloneRequest, ContinueRequest]
)

HEADERS = {"Location": "Path of the new run.", **idempotency.HEADERS}


@router.post(
    "/{run_id}:retry",
    summary="Repeat a run",
    dependencies=[SUBMIT],
    status_code=ACCEPTED,
    response_model=Run,
    responses=answers(
        examples.REPEATED,
        UNKNOWN_RUN,
        examples.NOT_ENDED,
        examples.OLDER_SPEC,
        *idempotency.ERRORS,
        status=ACCEPTED,
        headers=HEADERS,
    ),
)
async def retry_run(
    run_id: RunId, service: ServiceParameter, caller: CallerName, repeats: RepeatsParameter
) -> Response:
    """Queue the spec of an ended run again, as a new run.

    The ended run stays as it is: its state never changes. The new one has its spec, seed and version of the dataset
    included, its experiment, tags and priority, and names it in `source_run_id`.
    """
    return await _queue(service, run_id, repeats, None, caller)


@router.post(
    "/{run_id}:clone",
    summary="Submit a run with changes",
    dependencies=[SUBMIT],
    status_code=ACCEPTED,
    response_model=Run,
    responses=answers(
        examples.REPEATED,
        MALFORMED,
        UNKNOWN_RUN,
        TOO_LARGE,
        examples.INVALID_OVERRIDE,
        spec_examples.OVER_LIMIT,
        *idempotency.ERRORS,
        status=ACCEPTED,
        headers=HEADERS,
    ),
    openapi_extra=takes_body(CloneRequest, examples.CLONE_REQUESTS),
)
async def clone_run(
    run_id: RunId, text: JsonText, service: ServiceParameter, caller: CallerName, repeats: RepeatsParameter
) -> Response:
    """Queue a new run of another run's spec, whatever its state, with changes.

    The changed spec is checked by today's rules and limits; mistakes have pointers into `overrides`. An uploaded
    dataset stays at its version unless the overrides name another dataset or version.
    """
    return await _queue(service, run_id, repeats, text, caller)


@router.post(
    "/{run_id}:continue",
    summary="Train an ended run further",
    dependencies=[SUBMIT],
    status_code=ACCEPTED,
    response_model=Run,
    responses=answers(
        examples.CONTINUED,
        MALFORMED,
        UNKNOWN_RUN,
        TOO_LARGE,
        examples.NO_CHECKPOINT,
        examples.OTHER_LENGTH,
        spec_examples.OVER_LIMIT,
        *idempotency.ERRORS,
        status=ACCEPTED,
        headers=HEADERS,
    ),
    openapi_extra=takes_body(ContinueRequest, examples.CONTINUE_REQUESTS),
)
async def continue_run(
    run_id: RunId, text: JsonText, service: ServiceParameter, caller: CallerName, repeats: RepeatsParameter
) -> Response:
    """Queue a new run that goes on from the last checkpoint of an ended one, whether it succeeded or not.

    The new run has the state of the other (weights, optimizer, early stopping with its patience renewed) and its curves
    up to there. The ended run stays as it is.
    """
    read = partial(_read_continuation, service, run_id, repeats.of(text), text, caller)
    return send_answer(await service.run_queue.queue(read))


def _read_continuation(
    service: Service, run_id: UUID, repeat: RepeatKey | None, text: bytes, caller: str | None
) -> Submission | StoredAnswer:
    answer = find_answer(service.database, repeat)
    if answer is not None:
        return answer
    asked = read_document(ContinueRequest, text)
    with service.database.reading() as session:
        source = runs.get(session, run_id)
        checkpoint = checkpoints.find_newest(session, run_id)
    if source.state not in TERMINAL_STATES:
        raise Conflict(
            f"Run {source.id} is {source.state}. Only runs that have ended can be trained further; a paused one is "
            f"resumed: POST /v1/runs/{source.id}:resume."
        )
    if checkpoint is None:
        raise Conflict(
            f"Run {source.id} has no checkpoint to go on from: it was trained by an earlier version, or did not come "
            f"far enough. Train it from the start: POST /v1/runs/{source.id}:clone."
        )
    run = make_run(
        service,
        _settle_longer(service, source, _lengthen(source, checkpoint, asked)),
        source_run_id=run_id,
        continuation=Continuation(run_id, checkpoint.step),
        experiment=asked.experiment or source.experiment,
        tags=source.tags if asked.tags is None else asked.tags,
        notes=asked.notes,
        priority=source.priority if asked.priority is None else asked.priority,
        submitted_by=caller,
    )
    return Submission((run,), answer_with_run, repeat)


def _lengthen(source: RunRecord, checkpoint: Checkpoint, asked: ContinueRequest) -> dict[str, int]:
    """Return the length of a training that goes on from a checkpoint, as fields of a spec.

    Raises:
        InvalidSpec: If it is not given in the unit of the spec, or if nothing is left to train.
    """
    is_in_steps = source.spec["training"].get("steps") is not None
    unit, other = ("steps", "epochs") if is_in_steps else ("epochs", "steps")
    if getattr(asked, other) is not None:
        detail = f"The spec of run {source.id} gives its length in {unit}. Send {unit} instead of {other}."
        raise InvalidSpec.at(f"/{other}", detail, "other_length")
    more: int | None = getattr(asked, unit)
    if more is not None:
        return {unit: (checkpoint.step if is_in_steps else checkpoint.epoch) + more}
    if source.state == RunState.SUCCEEDED:
        detail = f"Run {source.id} is trained to its end. Send {unit}, the number of those to train more."
        raise InvalidSpec.at(f"/{unit}", detail, "missing")
    return {}


def _settle_longer(service: Service, source: RunRecord, length: dict[str, int]) -> SettledSpec:
    """Give the spec of a run another length, and check it by today's rules.

    Raises:
        InvalidSpec: If it cannot be trained. Mistakes in the length are at the field of the request.
    """
    try:
        return _settle(service, source, {"training": length} if length else {}, is_clone=False)
    except InvalidSpec as error:
        places = {f"/training/{unit}": f"/{unit}" for unit in length}
        problems = [replace(one, pointer=places.get(one.pointer, one.pointer)) for one in error.problems]
        raise type(error)(error.detail, problems) from error


async def _queue(service: Service, run_id: UUID, repeats: Repeats, text: bytes | None, caller: str | None) -> Response:
    """Queue a run of another run's spec.

    Args:
        service: The service.
        run_id: The other run.
        repeats: Idempotency-Key of the request.
        text: Body of the request for a clone; None to repeat the run.
        caller: Name of the API key.
    """
    key = repeats.of(text or b"")
    return send_answer(await service.run_queue.queue(partial(_read, service, run_id, key, text, caller)))


def _read(
    service: Service, run_id: UUID, key: RepeatKey | None, text: bytes | None, caller: str | None
) -> Submission | StoredAnswer:
    # The first request may have been possible although this one is not: the run may have been deleted.
    answer = find_answer(service.database, key)
    if answer is not None:
        return answer
    asked = None if text is None else read_document(CloneRequest, text)
    with service.database.reading() as session:
        source = runs.get(session, run_id)
    if asked is None:
        check_ended(source)
        return Submission((repeat(service, source, caller),), answer_with_run, key)
    run = make_run(
        service,
        _settle(service, source, asked.overrides, is_clone=True),
        source_run_id=run_id,
        experiment=asked.experiment or source.experiment,
        tags=source.tags if asked.tags is None else asked.tags,
        notes=asked.notes,
        priority=source.priority if asked.priority is None else asked.priority,
        submitted_by=caller,
    )
    return Submission((run,), answer_with_run, key)


def repeat(service: Service, source: RunRecord, caller: str | None) -> NewRun:
    """Return a new run like one that has ended.

    Args:
        service: The service.
        source: The run.
        caller: Name of the API key.

    Raises:
        InvalidSpec: If its spec cannot be trained any more.
    """
    return make_run(
        service,
        _settle(service, source, {}, is_clone=False),
        source_run_id=source.id,
        experiment=source.experiment,
        tags=source.tags,
        notes=None,
        priority=source.priority,
        submitted_by=caller,
    )


def check_ended(source: RunRecord) -> None:
    """Check that a run can be repeated.

    Raises:
        Conflict: If it has not ended: it may still succeed, or be tried again by itself.
    """
    if source.state not in TERMINAL_STATES:
        raise Conflict(
            f"Run {source.id} is {source.state}. Only runs that have ended can be repeated; wait for it or cancel it, "
            f"or queue a second run of its spec: POST /v1/runs/{source.id}:clone."
        )


def _settle(service: Service, source: RunRecord, overrides: dict[str, Any], *, is_clone: bool) -> SettledSpec:
    """Apply overrides to the spec of a run, and check it by today's rules.

    Raises:
        InvalidSpec: If it cannot be trained. If it is the stored spec that cannot, the error says so.
    """
    pointer = "/overrides" if is_clone else ""
    try:
        merged = apply_overrides(_unpin(source.spec, overrides), overrides, "/overrides")
        return settle_spec(parse_spec(merged, pointer), service, pointer, source.preset)
    except InvalidSpec as error:
        if overrides and _is_valid(service, source):
            raise
        remedy = "Change it with overrides" if is_clone else f"Clone the run with overrides (POST …/{source.id}:clone)"
        detail = f"The spec of run {source.id} cannot be trained any more as it is stored. {error.detail}"
        raise type(error)(f"{detail} {remedy}, or submit another spec.", error.problems) from error


def _is_valid(service: Service, source: RunRecord) -> bool:
    """Return True if the stored spec passes today's checks without overrides."""
    try:
        settle_spec(parse_spec(source.spec), service, "")
    except InvalidSpec:
        return False
    return True


def _unpin(spec: dict[str, Any], overrides: dict[str, Any]) -> dict[str, Any]:
    """Return the spec without what was filled in for what it names, where the overrides name something else."""
    weights, other = spec.get("initial_weights"), overrides.get("initial_weights")
    if isinstance(weights, dict) and isinstance(other, dict) and "run" in other:
        spec = spec | {"initial_weights": {name: value for name, value in weights.items() if name != "sha256"}}
    dataset, changes = spec.get("dataset"), overrides.get("dataset")
    if not isinstance(dataset, dict) or not isinstance(changes, dict):
        return spec
    if "dataset" in changes:
        dropped = PINNED
    elif "version" in changes:
        dropped = PINNED[1:]
    else:
        return spec
    return spec | {"dataset": {name: value for name, value in dataset.items() if name not in dropped}}
