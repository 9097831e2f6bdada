"""Submission of many runs in one request, all or none."""

from collections.abc import Sequence
from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import UUID

from fastapi import Depends, Request, Response
from pydantic import ConfigDict, Field
from starlette.concurrency import run_in_threadpool

from api import idempotency
from api.auth.access import SUBMIT, CallerName
from api.http.bodies import read_body, read_document
from api.http.schemas import AnswerModel
from api.idempotency import RepeatsParameter, find_answer, send_answer
from api.openapi.operations import MALFORMED, Resource, answers, takes_body
from api.runs import examples
from api.runs.schemas import RunRequest
from api.runs.submission import ACCEPTED, read_run
from api.service import Service, ServiceParameter
from api.specs import examples as spec_examples
from core.errors import InvalidSpec, NotFound, Problem
from core.specs.base import SpecModel
from core.specs.parsing import parse_as
from core.workers import WaitingFor
from db.idempotency import RepeatKey, StoredAnswer
from db.new_runs import NewRun
from db.records.queued_runs import QueuedRun
from db.submissions import Submission

MAX_RUNS = 1_000

MAX_PROBLEMS = 100
"""Mistakes that are listed of a batch."""

REMEDY = "Send fewer runs at once, or raise TRAINYARD_MAX_BATCH_BYTES."


class RunBatchRequest(SpecModel):
    """Body of POST /v1/runs:batch."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"runs": [{"preset": "perceptron-or"}]}]})

    runs: Annotated[list[RunRequest], Field(min_length=1, max_length=MAX_RUNS)]
    """Runs as in POST /v1/runs, in the order in which they are to start."""


class _UnreadBatch(SpecModel):
    """The same with runs that are not parsed yet: each is parsed by itself, so that the mistakes of all are found."""

    runs: Annotated[list[Any], Field(min_length=1, max_length=MAX_RUNS)]


class RunBatch(AnswerModel):
    """Runs that were queued together."""

    ids: list[UUID]
    """Ids of the runs, in the order of the request."""


router = Resource("runs", "Submit, follow, cancel and delete runs.", prefix="/v1/runs", bodies=[RunBatchRequest])


async def _read_batch_text(request: Request, service: ServiceParameter) -> bytes:
    return await read_body(request, service.settings.max_batch_bytes, REMEDY)


BatchText = Annotated[bytes, Depends(_read_batch_text)]


@router.post(
    ":batch",
    summary="Submit many runs",
    dependencies=[SUBMIT],
    status_code=ACCEPTED,
    response_model=RunBatch,
    responses=answers(
        examples.BATCH,
        MALFORMED,
        examples.BATCH_TOO_LARGE,
        examples.INVALID_BATCH,
        spec_examples.OVER_LIMIT,
        *idempotency.ERRORS,
        status=ACCEPTED,
        headers={"Location": "Path of a list with the runs.", **idempotency.HEADERS},
    ),
    openapi_extra=takes_body(RunBatchRequest, examples.BATCH_REQUESTS),
)
async def submit_batch(
    text: BatchText, service: ServiceParameter, caller: CallerName, repeats: RepeatsParameter
) -> Response:
    """Queue up to 1,000 runs in one transaction: all of them, or none if one is refused.

    Each is described as in `POST /v1/runs`. If some cannot be trained, the response lists the mistakes of all of them,
    up to 100, with pointers such as `/runs/17/spec/training/epochs`. An `Idempotency-Key` stands for the whole batch.
    """
    # Not by the queue: to check a batch takes long.
    found = await run_in_threadpool(_read, service, text, repeats.of(text), caller)
    return send_answer(await service.run_queue.queue(lambda: found))


def _read(service: Service, text: bytes, repeat: RepeatKey | None, caller: str | None) -> Submission | StoredAnswer:
    # Looked up first, because a batch takes long to check.
    answer = find_answer(service.database, repeat)
    if answer is not None:
        return answer
    runs = read_runs(service, read_document(_UnreadBatch, text).runs, caller)
    return Submission(tuple(runs), _answer, repeat)


def read_runs(service: Service, items: Sequence[Any], caller: str | None) -> list[NewRun]:
    """Check all runs of a batch.

    Raises:
        InvalidSpec: If some cannot be queued, with the problems of all up to a limit.
    """
    runs: list[NewRun] = []
    problems: list[Problem] = []
    for number, item in enumerate(items):
        pointer = f"/runs/{number}"
        try:
            runs.append(read_run(service, parse_as(RunRequest, item, pointer), caller, pointer))
        except InvalidSpec as error:
            problems += error.problems or (Problem(pointer, error.detail, error.code),)
        except NotFound as error:
            # A preset: in a batch it is a mistake of one run, not a path that does not exist.
            problems.append(Problem(f"{pointer}/preset", error.detail, error.code))
        if len(problems) >= MAX_PROBLEMS:
            break
    if problems:
        raise InvalidSpec(_summarise(problems, len(items)), problems[:MAX_PROBLEMS])
    return runs


def _summarise(problems: Sequence[Problem], num_runs: int) -> str:
    first = problems[0]
    number = f"{MAX_PROBLEMS} or more" if len(problems) >= MAX_PROBLEMS else str(len(problems))
    mistakes = "mistake" if number == "1" else "mistakes"
    return (
        f"None of the {num_runs:,} runs is queued: the batch has {number} {mistakes}. The first is at "
        f"{first.pointer}: {first.detail}"
    )


def _answer(rows: Sequence[QueuedRun], _waiting_for: WaitingFor) -> StoredAnswer:
    experiments = {row.experiment for row in rows}
    query = f"?{urlencode({'experiment': experiments.pop()})}" if len(experiments) == 1 else ""
    body = RunBatch(ids=[row.id for row in rows])
    return StoredAnswer(ACCEPTED, f"/v1/runs{query}", body.model_dump_json())
