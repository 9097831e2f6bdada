"""Routes for the Keras program of a run, and of a spec that has not been run."""

import hashlib

from fastapi import Response

from api.auth.access import READ
from api.code import examples
from api.code.errors import spec_too_old
from api.http.bodies import read_document
from api.http.parameters import RunId
from api.http.responses import NOT_SNIFFED, IfNoneMatch, content_etag, is_unchanged, not_modified
from api.openapi.operations import (
    MALFORMED,
    TOO_LARGE,
    UNKNOWN_PRESET,
    UNKNOWN_RUN,
    Resource,
    Responses,
    answers,
    takes_body,
)
from api.service import JsonText, Service, ServiceParameter
from api.specs import examples as spec_examples
from api.specs.requests import settle_request
from api.specs.schemas import SpecRequest
from core.code.datasets.base import Upload
from core.code.program import write_program
from core.datasets.base import UploadedDataset
from core.errors import DatasetMissing, InvalidSpec
from core.experiment import ExperimentSpec, parse_spec
from db import datasets, runs

router = Resource("code", "Keras programs that train what runs train.", prefix="/v1", bodies=[SpecRequest])

MEDIA_TYPE = "text/x-python"

HEADERS = {"ETag": "The sha256 of the program.", "Content-Disposition": "The name for saving the file."}

UNCHANGED: Responses = {304: {"description": "Not Modified: the program has the ETag in If-None-Match."}}


@router.get(
    "/runs/{run_id}/code",
    summary="Write a run as a Keras program",
    dependencies=[READ],
    response_class=Response,
    responses=answers(
        examples.PROGRAM,
        UNKNOWN_RUN,
        examples.DATASET_DELETED,
        examples.TOO_OLD,
        media_type=MEDIA_TYPE,
        headers=HEADERS,
    )
    | UNCHANGED,
)
def get_run_code(run_id: RunId, service: ServiceParameter, if_none_match: IfNoneMatch = None) -> Response:
    """Return a Python program that trains the run's network on its data with Keras alone, without Trainyard.

    The samples, their division, the first weights and the order of the batches are those of the run, so that its losses
    are the run's up to rounding. A program for uploaded data reads the uploaded file, whose address and sha256 it has.
    What it does otherwise than the run is listed at its beginning.
    """
    with service.database.reading() as session:
        record = runs.get(session, run_id)
    try:
        spec = parse_spec(record.spec)
    except InvalidSpec as error:
        raise spec_too_old(record.id, error.detail) from error
    return _answer(service, spec, f"of run {record.id}", if_none_match)


@router.post(
    "/specs:code",
    summary="Write a spec as a Keras program",
    dependencies=[READ],
    response_class=Response,
    responses=answers(
        examples.PROGRAM,
        MALFORMED,
        UNKNOWN_PRESET,
        TOO_LARGE,
        spec_examples.INVALID_SPEC,
        spec_examples.OVER_LIMIT,
        spec_examples.DOES_NOT_FIT,
        examples.DATASET_DELETED,
        media_type=MEDIA_TYPE,
        headers=HEADERS,
    ),
    openapi_extra=takes_body(SpecRequest, spec_examples.SPEC_REQUESTS),
)
def write_spec_code(text: JsonText, service: ServiceParameter) -> Response:
    """Return the program of a spec, which is checked but not run; see the program of a run."""
    settled = settle_request(read_document(SpecRequest, text), service)
    return _answer(service, settled.spec, "of a spec", None)


def _answer(service: Service, spec: ExperimentSpec, origin: str, if_none_match: str | None) -> Response:
    program = write_program(spec, _find_upload(service, spec), origin).text.encode()
    etag = content_etag(hashlib.sha256(program).hexdigest())
    if is_unchanged(if_none_match, etag):
        return not_modified(etag)
    # Names of models have no character that would have to be quoted (core.experiment.NAME_PATTERN).
    headers = {"ETag": etag, "Content-Disposition": f'attachment; filename="{spec.name}.py"', **NOT_SNIFFED}
    return Response(program, headers=headers, media_type=MEDIA_TYPE)


def _find_upload(service: Service, spec: ExperimentSpec) -> Upload | None:
    """Return the upload that a spec names; None for a built-in dataset.

    Raises:
        DatasetMissing: If it was deleted.
    """
    dataset = spec.dataset
    if not isinstance(dataset, UploadedDataset) or dataset.sha256 is None:
        return None
    with service.database.reading() as session:
        found = datasets.find_bytes(session, dataset.sha256, dataset.reading or "", dataset.dataset)
    if found is None:
        raise DatasetMissing(
            f"Version {dataset.version} of the dataset '{dataset.dataset}' was deleted, and with it what a program has "
            f"to know to read the file. Upload the file with the sha256 {dataset.sha256[:12]}… again."
        )
    return Upload.of(found.dataset_name, found.filename, found.version, found.sha256, found.description)
