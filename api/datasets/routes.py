"""Routes for datasets: list, upload, show, download and delete."""

import logging
from typing import Annotated, Any

from fastapi import Path as PathParameter
from fastapi import Query, Request, Response
from starlette.concurrency import run_in_threadpool

from api import idempotency
from api.auth.access import ADMIN, READ, SUBMIT
from api.datasets import examples
from api.datasets.forms import UploadRoute
from api.datasets.intake import bytes_missing, read_again, received_body, store
from api.datasets.reading import NamedReadingQuery, ReadingQuery, RereadRequest
from api.datasets.schemas import DatasetDetail, DatasetList, DatasetVersionDetail
from api.datasets.views import (
    DESCRIPTIONS,
    check_not_built_in,
    describe_built_in,
    describe_dataset,
    describe_version,
    list_dataset,
    version_path,
)
from api.http.bodies import read_document
from api.http.forms import MEDIA_TYPE
from api.http.parameters import PageQuery
from api.http.responses import NO_SUCH_RANGE, IfNoneMatch, content_etag, file_answer, is_unchanged, not_modified
from api.idempotency import Repeats, RepeatsParameter, find_answer, send_answer
from api.openapi.operations import (
    MALFORMED,
    TOO_LARGE,
    Resource,
    answers,
    describe_errors,
    takes_any_body,
    takes_body,
)
from api.service import JsonText, Service, ServiceParameter
from core.datasets.base import UPLOAD_NAME_PATTERN
from core.errors import StorageUnavailable, UnknownDataset
from db import datasets, stored_datasets
from db import idempotency as idempotency_keys
from db.idempotency import RepeatKey, StoredAnswer
from db.records.datasets import DatasetVersionRecord

logger = logging.getLogger(__name__)

router = Resource("datasets", "Datasets for training.", prefix="/v1/datasets", bodies=[RereadRequest])
router.route_class = UploadRoute

DatasetName = Annotated[str, PathParameter(description="Name of a dataset.", examples=["flowers"])]

Version = Annotated[int, PathParameter(description="Number of a version.", examples=[1])]

UPLOAD_HEADERS = {"Location": "Path of the version.", **idempotency.HEADERS}


def _describe_fields(query: type[ReadingQuery]) -> dict[str, Any]:
    """Describe query parameters as fields of a form, which has no null: what is not said is left out."""
    fields: dict[str, Any] = {}
    for name, parameter in query.model_json_schema()["properties"].items():
        (schema,) = (kind for kind in parameter.get("anyOf", [parameter]) if kind.get("type") != "null")
        fields[name] = schema | {"title": parameter["title"], "description": parameter["description"]}
    return fields


def _takes_upload(query: type[ReadingQuery]) -> dict[str, Any]:
    """Describe the body of an upload: the bytes, or a form with the file and, if not in the address, its options."""
    body = takes_any_body(
        {"type": "string", "format": "binary", "description": "The bytes of the file as they are."},
        {"A CSV file": examples.CSV},
        "application/octet-stream",
    )
    form = {
        "type": "object",
        "description": "Query parameters may be fields of the form instead; empty ones are ignored.",
        "properties": {"file": examples.FORM_FILE, **_describe_fields(query)},
        "required": ["file"],
        "additionalProperties": False,
    }
    body["requestBody"]["content"][MEDIA_TYPE] = {"schema": form}
    return body


UPLOAD_RESPONSES = (
    answers(examples.VERSION, status=201, headers=UPLOAD_HEADERS)
    | {
        200: {
            "description": "The dataset already has a version with these bytes.",
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
        *idempotency.ERRORS,
    )
)


@router.get("", summary="List datasets", dependencies=[READ], responses=answers(examples.DATASETS))
def list_datasets(query: Annotated[PageQuery, Query()], service: ServiceParameter) -> DatasetList:
    """Return all datasets: on the first page the built-in ones, then uploads by name."""
    built_in = [] if query.cursor else [describe_built_in(name) for name in DESCRIPTIONS]
    with service.database.reading() as session:
        page = datasets.list_page(session, limit=query.limit, cursor=query.cursor)
    uploads = [list_dataset(item.newest, item.num_versions) for item in page.items]
    return DatasetList(items=[*built_in, *uploads], next_cursor=page.next_cursor)


@router.post(
    "",
    summary="Upload a dataset",
    dependencies=[SUBMIT],
    status_code=201,
    response_model=DatasetVersionDetail,
    responses=UPLOAD_RESPONSES,
    openapi_extra=_takes_upload(NamedReadingQuery),
)
async def upload_dataset(
    request: Request,
    service: ServiceParameter,
    query: Annotated[NamedReadingQuery, Query()],
    repeats: RepeatsParameter,
) -> Response:
    """Upload a table, arrays or images as a dataset.

    CSV or TSV, JSON Lines, Parquet, NPY, NPZ, IDX; a zip or tar of tables (`train.csv`, `test.csv`), of arrays, or of
    images in one folder per class. The body is the raw file, streamed:
    `curl --data-binary @flowers.csv 'http://127.0.0.1:8000/v1/datasets?name=flowers&filename=flowers.csv'`
    Or it is a form with the field `file`, and with any of the query parameters as further fields:
    `curl -F file=@flowers.csv -F name=flowers http://127.0.0.1:8000/v1/datasets`

    The same bytes under the same name, with the same options, are the same version, returned with 200, so an upload can
    be repeated safely. Other bytes create the next version. An upload that is rejected or interrupted leaves nothing
    behind.

    What is not set is detected: `findings` in the answer says what was found, and how sure that is.
    """
    return await _upload(service, request, query.name, query, repeats)


@router.post(
    "/{name}/versions",
    summary="Upload a version of a dataset",
    dependencies=[SUBMIT],
    status_code=201,
    response_model=DatasetVersionDetail,
    responses=UPLOAD_RESPONSES,
    openapi_extra=_takes_upload(ReadingQuery),
)
async def upload_dataset_version(
    request: Request,
    service: ServiceParameter,
    name: Annotated[
        str, PathParameter(description="Name of a dataset.", pattern=UPLOAD_NAME_PATTERN, examples=["flowers"])
    ],
    query: Annotated[ReadingQuery, Query()],
    repeats: RepeatsParameter,
) -> Response:
    """Upload like `POST /v1/datasets?name=…`; the dataset need not exist yet.

    `curl --data-binary @flowers.csv http://127.0.0.1:8000/v1/datasets/flowers/versions`
    """
    return await _upload(service, request, name, query, repeats)


@router.post(
    "/{name}/versions/{version}:reread",
    summary="Read a version of a dataset with other options",
    dependencies=[SUBMIT],
    status_code=201,
    response_model=DatasetVersionDetail,
    responses=answers(examples.REREAD, status=201, headers=UPLOAD_HEADERS)
    | {
        200: {
            "description": "The dataset already has a version of these bytes with these options.",
            "content": {"application/json": {"example": examples.REREAD}},
            "model": DatasetVersionDetail,
        }
    }
    | describe_errors(
        examples.UNKNOWN_DATASET,
        examples.UNKNOWN_VERSION,
        examples.BUILT_IN,
        MALFORMED,
        TOO_LARGE,
        examples.REFUSED,
        examples.NOT_APPLICABLE,
        examples.BUSY,
        examples.FULL,
        examples.NOT_HERE,
        *idempotency.ERRORS,
    ),
    openapi_extra=takes_body(RereadRequest, {"No header, decimal comma": {"header": False, "decimal": ","}}),
)
async def reread_dataset_version(
    request: Request,
    name: DatasetName,
    version: Version,
    text: JsonText,
    service: ServiceParameter,
    repeats: RepeatsParameter,
) -> Response:
    """Read the bytes of a version again, without sending them, as a new version.

    The body holds all options, not only those that change; `{}` detects everything. A spec that is pinned to another
    version keeps training on that.
    """
    check_not_built_in(name)
    options = read_document(RereadRequest, text).options
    repeat = repeats.of(text)
    answer = await run_in_threadpool(find_answer, service.database, repeat)
    if answer is None:
        source = await run_in_threadpool(_get_version, service, name, version)
        record, is_new = await read_again(service, request, source, options)
        answer = await run_in_threadpool(_keep_answer, service, record, repeat, is_new=is_new)
    return send_answer(answer)


@router.get(
    "/{name}",
    summary="Show a dataset",
    dependencies=[READ],
    responses=answers(examples.DATASET, examples.UNKNOWN_DATASET),
)
def get_dataset(name: DatasetName, service: ServiceParameter) -> DatasetDetail:
    """Return a dataset, its versions and the content of the newest: columns, classes, a sample, a suggested spec."""
    if name in DESCRIPTIONS:
        built_in = describe_built_in(name)
        return DatasetDetail(**built_in.model_dump(), versions=[], newest=None)
    with service.database.reading() as session:
        versions = datasets.list_versions(session, name)
        newest = datasets.get_version(session, name)
    return describe_dataset(newest, versions, service.settings)


@router.get(
    "/{name}/versions/{version}",
    summary="Show a version of a dataset",
    dependencies=[READ],
    responses=answers(examples.VERSION, examples.UNKNOWN_DATASET, examples.UNKNOWN_VERSION),
)
def get_dataset_version(name: DatasetName, version: Version, service: ServiceParameter) -> DatasetVersionDetail:
    """Return the content of an upload: columns with types, missing values and ranges, classes, sizes, a sample."""
    return describe_version(_get_version(service, name, version), service.settings)


@router.get(
    "/{name}/versions/{version}/content",
    summary="Download a version of a dataset",
    dependencies=[READ],
    response_class=Response,
    responses=answers(
        None,
        examples.UNKNOWN_DATASET,
        examples.UNKNOWN_VERSION,
        examples.NOT_HERE,
        headers={"ETag": "The sha256 of the bytes.", "Content-Disposition": "The name for saving the file."},
    )
    | {
        206: {"description": "The part in the Range header."},
        304: {"description": "Not Modified: the bytes have the ETag in If-None-Match."},
    }
    | describe_errors(NO_SUCH_RANGE),
    openapi_extra={
        "responses": {
            "200": {"content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}}
        }
    },
)
def get_dataset_content(
    name: DatasetName, version: Version, service: ServiceParameter, if_none_match: IfNoneMatch = None
) -> Response:
    """Return the uploaded bytes."""
    record = _get_version(service, name, version)
    etag = content_etag(record.sha256)
    if is_unchanged(if_none_match, etag):
        return not_modified(etag)
    path = service.dataset_store.find_original(record.key)
    if path is None:
        raise bytes_missing(record)
    # Never with its own media type: a browser must save it, not show it.
    return file_answer(path, record.filename or record.dataset_name, etag, "application/octet-stream")


@router.delete(
    "/{name}",
    summary="Delete a dataset",
    dependencies=[ADMIN],
    status_code=204,
    responses=answers(None, examples.UNKNOWN_DATASET, examples.BUILT_IN, examples.IN_USE, status=204),
)
def delete_dataset(name: DatasetName, service: ServiceParameter) -> Response:
    """Delete an uploaded dataset with all its versions and files, unless runs that have not ended use it."""
    check_not_built_in(name)
    with service.database.transaction() as session:
        keys = datasets.delete_dataset(session, name)
    return _answer_deleted(service, keys)


@router.delete(
    "/{name}/versions/{version}",
    summary="Delete a version of a dataset",
    dependencies=[ADMIN],
    status_code=204,
    responses=answers(
        None, examples.UNKNOWN_DATASET, examples.UNKNOWN_VERSION, examples.BUILT_IN, examples.IN_USE, status=204
    ),
)
def delete_dataset_version(name: DatasetName, version: Version, service: ServiceParameter) -> Response:
    """Delete one version, and its files unless another has the same bytes. Its number is not used again."""
    check_not_built_in(name)
    with service.database.transaction() as session:
        keys = datasets.delete_version(session, name, version)
    return _answer_deleted(service, keys)


def _get_version(service: Service, name: str, version: int) -> DatasetVersionRecord:
    if name in DESCRIPTIONS:
        raise UnknownDataset(f"'{name}' is built in and has no versions.")
    with service.database.reading() as session:
        return datasets.get_version(session, name, version)


def _answer_deleted(service: Service, keys: list[str]) -> Response:
    try:
        stored_datasets.remove_unused(service.database, service.dataset_store, keys)
    except StorageUnavailable as error:
        logger.warning("Files of deleted datasets stay for now. %s", error.detail)
    return Response(status_code=204)


async def _upload(service: Service, request: Request, name: str, query: ReadingQuery, repeats: Repeats) -> Response:
    check_not_built_in(name)
    async with received_body(service, request) as upload:
        repeat = repeats.of(upload.sha256, name, query.model_dump_json())
        answer = await run_in_threadpool(find_answer, service.database, repeat)
        if answer is None:
            record, is_new = await store(service, upload, name, query.filename, request, query.options)
            answer = await run_in_threadpool(_keep_answer, service, record, repeat, is_new=is_new)
    return send_answer(answer)


def _keep_answer(
    service: Service, record: DatasetVersionRecord, repeat: RepeatKey | None, *, is_new: bool
) -> StoredAnswer:
    """Return the answer for a stored version, and keep it under the request's key.

    In a transaction of its own: if the service ends before it, a repeated request finds the version by its bytes and
    creates none.
    """
    body = describe_version(record, service.settings).model_dump_json()
    answer = StoredAnswer(201 if is_new else 200, version_path(record.dataset_name, record.version), body)
    if repeat is None:
        return answer
    with service.database.transaction() as session:
        earlier = idempotency_keys.begin(session, repeat)
        if earlier is None:
            idempotency_keys.complete(session, repeat, answer)
    return earlier or answer
