"""Uploading data for runs to learn from."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi import Path as PathParameter
from starlette.concurrency import run_in_threadpool

from api.auth.access import SUBMIT
from api.datasets import examples
from api.datasets.built_in import check_not_built_in
from api.datasets.intake import take_in
from api.datasets.schemas import DatasetVersionDetail
from api.datasets.views import describe_version, version_path
from api.http.parameters import json_answer
from api.openapi.operations import answers, describe_errors, takes_any_body
from api.service import Service, ServiceParameter
from core.datasets.base import UPLOAD_NAME_PATTERN

router = APIRouter(prefix="/v1/datasets", tags=["datasets"])

FilenameQuery = Annotated[
    str | None,
    Query(description="What the file is called, for whoever downloads it again.", max_length=255),
]

HEADERS = {"Location": "Where the version is."}

BODY = takes_any_body(
    {"type": "string", "format": "binary", "description": "The bytes of the file as they are."},
    {},
    "application/octet-stream",
)

RESPONSES = (
    answers(examples.VERSION, status=201, headers=HEADERS)
    | {
        200: {
            "description": "The dataset has a version of these bytes already.",
            "content": {"application/json": {"example": examples.VERSION}},
            "model": DatasetVersionDetail,
        }
    }
    | describe_errors(
        examples.BUILT_IN,
        examples.TOO_LARGE,
        examples.TOO_SLOW,
        examples.REFUSED,
        examples.EMPTY,
        examples.BUSY,
        examples.FULL,
    )
)


@router.post(
    "",
    summary="Upload a dataset",
    dependencies=[SUBMIT],
    status_code=201,
    response_model=DatasetVersionDetail,
    responses=RESPONSES,
    openapi_extra=BODY,
)
async def upload_dataset(
    request: Request,
    service: ServiceParameter,
    name: Annotated[
        str, Query(description="What to call it: lower-case letters, digits, . _ -", pattern=UPLOAD_NAME_PATTERN)
    ],
    filename: FilenameQuery = None,
) -> Response:
    """Take in a table, arrays or images, and find out what is in it.

    CSV or TSV, JSON Lines, Parquet, NPY, NPZ, IDX; a zip or tar of tables (`train.csv`, `test.csv`), of arrays, or of
    images in folders named after their classes. The body is the file as it is, streamed:
    `curl --data-binary @flowers.csv 'http://127.0.0.1:8000/v1/datasets?name=flowers&filename=flowers.csv'`

    The same bytes under the same name are the same version, answered with 200: to send them again is safe. Other bytes
    make the next version. Nothing is kept of an upload that is refused or cut off.
    """
    return await _upload(service, request, name, filename)


@router.post(
    "/{name}/versions",
    summary="Upload a version of a dataset",
    dependencies=[SUBMIT],
    status_code=201,
    response_model=DatasetVersionDetail,
    responses=RESPONSES,
    openapi_extra=BODY,
)
async def upload_dataset_version(
    request: Request,
    service: ServiceParameter,
    name: Annotated[
        str, PathParameter(description="Name of a dataset.", pattern=UPLOAD_NAME_PATTERN, examples=["flowers"])
    ],
    filename: FilenameQuery = None,
) -> Response:
    """The same as `POST /v1/datasets?name=…`; the dataset need not be there yet.

    `curl --data-binary @flowers.csv http://127.0.0.1:8000/v1/datasets/flowers/versions`
    """
    return await _upload(service, request, name, filename)


async def _upload(service: Service, request: Request, name: str, filename: str | None) -> Response:
    check_not_built_in(name)
    record, is_new = await take_in(service, request, name, filename)
    answer = await run_in_threadpool(describe_version, record, service.settings)
    headers = {"Location": version_path(record.dataset_name, record.version)}
    return json_answer(answer, status=201 if is_new else 200, headers=headers)
