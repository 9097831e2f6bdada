"""Routes for batch predictions: request, list, show, cancel, download, delete."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Request, Response
from fastapi import Path as PathParameter
from pydantic import Field

from api import idempotency
from api.artifacts.removal import remove_files
from api.auth.access import ADMIN, READ, SUBMIT
from api.batch_predictions import examples
from api.batch_predictions.schemas import (
    BatchPrediction,
    BatchPredictionPage,
    BatchPredictionRequest,
)
from api.batch_predictions.submission import submit
from api.batch_predictions.views import PATH, batch_etag, batch_path, describe, summarise
from api.http.bodies import read_document
from api.http.parameters import PageQuery
from api.http.responses import (
    NO_SUCH_RANGE,
    IfNoneMatch,
    content_etag,
    file_answer,
    is_unchanged,
    json_answer,
    not_modified,
)
from api.idempotency import RepeatsParameter, send_answer
from api.openapi.operations import (
    CORRUPT,
    MALFORMED,
    TOO_LARGE,
    Resource,
    answers,
    describe_errors,
    describe_path_parameters,
    takes_body,
)
from api.served_models.addresses import read_address
from api.service import JsonText, Service, ServiceParameter
from core.errors import UnknownBatchPrediction
from core.run_state import RunState
from db import batch_predictions

router = Resource(
    "batch_predictions",
    "Answers of a model to the rows of an uploaded dataset, as a job on the workers.",
    bodies=[BatchPredictionRequest],
)

BINARY = {"schema": {"type": "string", "format": "binary"}}

ADDRESSES = {
    "": "/v1/models/{model}",
    "_version": "/v1/models/{model}/versions/{version}",
    "_label": "/v1/models/{model}/labels/{label}",
}
"""Paths of a model, by the suffix of the operation's id."""

MODEL_PARAMETERS = {
    "model": ("Name of a model.", "iris-keras"),
    "version": ("Number of a version.", "3"),
    "label": ("An alias.", "champion"),
}


async def _read_batch_id(
    batch_id: Annotated[str, PathParameter(description="Id of a batch prediction.", examples=[examples.EXAMPLE_ID])],
) -> UUID:
    try:
        parsed = UUID(batch_id)
    except ValueError:
        parsed = None
    if parsed is None or str(parsed) != batch_id.lower():
        # A malformed id is reported like the id of an unknown one.
        raise UnknownBatchPrediction(
            f"There is no batch prediction '{batch_id[:80]}'. Ids look like {examples.EXAMPLE_ID}; "
            f"GET {PATH} lists them."
        )
    return parsed


BatchId = Annotated[UUID, Depends(_read_batch_id)]


class BatchQuery(PageQuery):
    """Query of a list of batch predictions."""

    state: tuple[RunState, ...] = ()
    """Only batch predictions in this state; may be repeated."""
    model: Annotated[str, Field(max_length=200)] | None = None
    """Only batch predictions of this model."""


def batch_predict(request: Request, text: JsonText, service: ServiceParameter, repeats: RepeatsParameter) -> Response:
    """Answer the rows of an uploaded dataset with a model, as a job on the workers.

    What can be known is checked first: the columns or the array that the model needs, the rows, the columns of the
    result. The version of the model, and of the dataset, is settled here: of an alias with several versions the first.
    Neither can be deleted before the batch prediction has ended.
    """
    body = read_document(BatchPredictionRequest, text)
    address = read_address(request.path_params)
    answer = submit(service, address, body, repeats.of(text))
    # Workers find batch predictions without a ring by themselves, later.
    service.doorbell.ring()
    return send_answer(answer)


def _add_submission_routes() -> None:
    """Add the route for the newest version, for a version by number and for one by alias."""
    for suffix, path in ADDRESSES.items():
        parameters = describe_path_parameters(path, MODEL_PARAMETERS)
        router.add_api_route(
            f"{path}:batchPredict",
            batch_predict,
            methods=["POST"],
            operation_id=f"batch_predict{suffix}",
            summary="Predict a dataset" + {"": "", "_version": " with a version", "_label": " with an alias"}[suffix],
            dependencies=[SUBMIT],
            status_code=202,
            response_model=BatchPrediction,
            responses=answers(
                examples.QUEUED,
                MALFORMED,
                examples.DOES_NOT_FIT,
                examples.INVALID_BODY,
                examples.UNKNOWN_MODEL,
                examples.UNLOADED,
                examples.NO_NETWORK,
                *idempotency.ERRORS,
                TOO_LARGE,
                status=202,
                headers={"Location": "Path of the batch prediction.", **idempotency.HEADERS},
            ),
            openapi_extra={"parameters": parameters, **takes_body(BatchPredictionRequest, examples.REQUESTS)},
        )


_add_submission_routes()


@router.get(
    PATH,
    summary="List batch predictions",
    dependencies=[READ],
    responses=answers({"items": [examples.SUMMARY], "next_cursor": None}),
)
def list_batch_predictions(query: Annotated[BatchQuery, Query()], service: ServiceParameter) -> BatchPredictionPage:
    """Return a page of batch predictions, newest first, without their attempts and refused rows."""
    with service.database.reading() as session:
        page = batch_predictions.list_page(
            session, states=query.state, model_name=query.model, limit=query.limit, cursor=query.cursor
        )
    return BatchPredictionPage(items=[summarise(record) for record in page.items], next_cursor=page.next_cursor)


@router.get(
    PATH + "/{batch_id}",
    summary="Show a batch prediction",
    dependencies=[READ],
    response_model=BatchPrediction,
    responses=answers(examples.SUCCEEDED, examples.UNKNOWN, headers={"ETag": "Changes with every field."})
    | {304: {"description": "Not Modified: the batch prediction has the ETag in If-None-Match."}},
)
def get_batch_prediction(batch_id: BatchId, service: ServiceParameter, if_none_match: IfNoneMatch = None) -> Response:
    """Return a batch prediction in full: state, progress, attempts, rows without an answer, result."""
    return _show(service, batch_id, if_none_match)


@router.post(
    PATH + "/{batch_id}:cancel",
    summary="Cancel a batch prediction",
    dependencies=[SUBMIT],
    status_code=202,
    response_model=BatchPrediction,
    responses=answers(examples.STOPPING, status=202, headers={"Location": "Path of the batch prediction."})
    | {
        200: {
            "description": "The batch prediction is cancelled: it was queued, or already cancelled.",
            "content": {"application/json": {"example": examples.CANCELLED}},
            "model": BatchPrediction,
        }
    }
    | describe_errors(examples.UNKNOWN, examples.HAS_ENDED),
)
def cancel_batch_prediction(batch_id: BatchId, service: ServiceParameter) -> Response:
    """Cancel a queued batch prediction at once; ask a running one to stop, which takes about two seconds."""
    with service.database.transaction() as session:
        batch_predictions.cancel(session, batch_id)
    return _show(service, batch_id, is_cancelled=True)


@router.get(
    PATH + "/{batch_id}/result",
    summary="Download the result of a batch prediction",
    dependencies=[READ],
    response_class=Response,
    responses=answers(
        None,
        examples.UNKNOWN,
        examples.NO_RESULT,
        CORRUPT,
        headers={"ETag": "The sha256 of the bytes.", "Content-Disposition": "The name for saving the file."},
    )
    | {
        206: {"description": "The part in the Range header."},
        304: {"description": "Not Modified: the file has the ETag in If-None-Match."},
    }
    | describe_errors(NO_SUCH_RANGE),
    openapi_extra={"responses": {"200": {"content": {"application/octet-stream": BINARY}}}},
)
def get_batch_result(batch_id: BatchId, service: ServiceParameter, if_none_match: IfNoneMatch = None) -> Response:
    """Return the answers as a CSV, Parquet or NPZ file, after checking its hash."""
    with service.database.reading() as session:
        record = batch_predictions.get(session, batch_id)
    if record.result_sha256 is None:
        raise UnknownBatchPrediction(
            f"Batch prediction {batch_id} is {record.state} and has no result. "
            f"GET {PATH}/{batch_id} shows its progress."
        )
    etag = content_etag(record.result_sha256)
    if is_unchanged(if_none_match, etag):
        return not_modified(etag)
    path = service.artifact_store.verified_path(record.result_sha256)
    return file_answer(path, str(record.result_name), etag, str(record.result_media_type))


@router.delete(
    PATH + "/{batch_id}",
    summary="Delete a batch prediction",
    dependencies=[ADMIN],
    status_code=204,
    responses=answers(None, examples.UNKNOWN, examples.STILL_RUNS, status=204),
)
def delete_batch_prediction(batch_id: BatchId, service: ServiceParameter) -> Response:
    """Delete a batch prediction that has ended, with its result."""
    with service.database.transaction() as session:
        sha256 = batch_predictions.delete(session, batch_id)
    remove_files(service, [] if sha256 is None else [sha256])
    return Response(status_code=204)


def _show(
    service: Service, batch_id: UUID, if_none_match: str | None = None, *, is_cancelled: bool = False
) -> Response:
    """Return a batch prediction in full, read in one transaction."""
    with service.database.reading() as session:
        record = batch_predictions.get(session, batch_id)
        etag = batch_etag(record)
        if is_unchanged(if_none_match, etag):
            return not_modified(etag)
        attempts = batch_predictions.list_attempts(session, batch_id)
    is_stopping = is_cancelled and record.state != RunState.CANCELLED
    location = {"Location": batch_path(batch_id)} if is_stopping else {}
    headers = {"ETag": etag, **location}
    return json_answer(describe(record, attempts), status=202 if is_stopping else 200, headers=headers)
