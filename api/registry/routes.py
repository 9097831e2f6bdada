"""Routes of the model registry: versions, registered by succeeded runs, and aliases to promote and roll them back."""

from typing import Annotated, Any

from fastapi import Header, Response
from fastapi import Path as PathParameter

from api.artifacts.files import describe_artifact
from api.auth.access import READ, SUBMIT
from api.http.bodies import read_document
from api.http.errors import PreconditionFailed
from api.http.parameters import ModelPath, predict_path, run_path
from api.http.responses import is_match, json_answer
from api.openapi.operations import MALFORMED, TOO_LARGE, Resource, answers, takes_body
from api.registry import examples
from api.registry.schemas import (
    Alias,
    AliasRequest,
    ModelEntry,
    ModelList,
    ModelVersion,
    ModelVersionEntry,
    ModelVersionLinks,
)
from api.served_models.addresses import get_model as find_model
from api.served_models.addresses import read_version
from api.service import JsonText, ServiceParameter
from db import artifacts, model_versions
from db.records.registry import AliasRecord

router = Resource(
    "registry", "Versions of models, and the aliases on them.", prefix="/v1/registry/models", bodies=[AliasRequest]
)

VersionPath = Annotated[str, PathParameter(description="Number of a version.", examples=["3"])]

# Letters first: a number would read as a version.
AliasPath = Annotated[
    str, PathParameter(description="An alias.", examples=["champion"], pattern=r"^[a-z][a-z0-9._-]{0,63}$")
]

IfMatch = Annotated[
    str | None,
    Header(alias="If-Match", description="ETag of the alias; 412 if it has changed since."),
]


@router.get("", summary="List models", dependencies=[READ], responses=answers({"items": [examples.MODEL]}))
def list_models(service: ServiceParameter) -> ModelList:
    """Return all registered models, by name."""
    with service.database.reading() as session:
        return ModelList(items=[_describe(model) for model in model_versions.list_models(session)])


@router.get(
    "/{model}", summary="Show a model", dependencies=[READ], responses=answers(examples.MODEL, examples.UNKNOWN_MODEL)
)
def get_model(model: ModelPath, service: ServiceParameter) -> ModelEntry:
    """Return a model and its versions, newest first."""
    return _describe(find_model(service.database, model))


@router.get(
    "/{model}/versions/{version}",
    summary="Show a model version",
    dependencies=[READ],
    responses=answers(examples.VERSION, examples.UNKNOWN_MODEL, examples.UNKNOWN_VERSION),
)
def get_model_version(model: ModelPath, version: VersionPath, service: ServiceParameter) -> ModelVersion:
    """Return a version: its run, files, aliases and links."""
    number = read_version(version)
    with service.database.reading() as session:
        found = model_versions.get_version(session, model, number)
        files = [] if found.run_id is None else artifacts.list_for_run(session, found.run_id)
    return ModelVersion(
        model=found.model_name,
        **_version_fields(found),
        artifacts=[describe_artifact(file) for file in files],
        links=ModelVersionLinks(
            run=None if found.run_id is None else run_path(found.run_id),
            predict=predict_path(found.model_name, found.version),
            metadata=f"/v1/models/{found.model_name}/versions/{found.version}/metadata",
        ),
    )


@router.get(
    "/{model}/aliases/{alias}",
    summary="Show an alias",
    dependencies=[READ],
    response_model=Alias,
    responses=answers(
        examples.ALIAS, examples.UNKNOWN_ALIAS, headers={"ETag": "Changes when the alias moves; for If-Match."}
    ),
)
def get_alias(model: ModelPath, alias: AliasPath, service: ServiceParameter) -> Response:
    """Return the version that an alias points at."""
    with service.database.reading() as session:
        record = model_versions.get_alias(session, model, alias)
    return _answer(record)


@router.put(
    "/{model}/aliases/{alias}",
    summary="Set an alias",
    dependencies=[SUBMIT],
    response_model=Alias,
    responses=answers(
        examples.ALIAS,
        MALFORMED,
        examples.UNKNOWN_VERSION,
        examples.MOVED_SINCE,
        TOO_LARGE,
        examples.BAD_VERSION,
        headers={"ETag": "Changes when the alias moves; for If-Match."},
    ),
    openapi_extra=takes_body(AliasRequest, examples.ALIAS_REQUESTS),
)
def put_alias(
    model: ModelPath, alias: AliasPath, text: JsonText, service: ServiceParameter, if_match: IfMatch = None
) -> Response:
    """Create or move an alias. /v1/models/NAME/labels/ALIAS then uses this version."""
    request = read_document(AliasRequest, text)
    with service.database.transaction() as session:
        expected = None
        if if_match is not None:
            before = model_versions.get_alias(session, model, alias)
            _check_match(before, if_match)
            expected = before.revision + 1
        record = model_versions.set_alias(session, model, alias, request.version)
        if expected is not None and record.revision != expected:
            # Another client moved it between the two statements; the transaction is rolled back.
            raise _moved_since(alias)
    service.models.refresh_now(model)
    return _answer(record)


@router.delete(
    "/{model}/aliases/{alias}",
    summary="Delete an alias",
    dependencies=[SUBMIT],
    status_code=204,
    responses=answers(None, examples.UNKNOWN_ALIAS, examples.MOVED_SINCE, status=204),
)
def delete_alias(model: ModelPath, alias: AliasPath, service: ServiceParameter, if_match: IfMatch = None) -> Response:
    """Delete an alias, but not its version."""
    with service.database.transaction() as session:
        record = model_versions.get_alias(session, model, alias)
        if if_match is not None:
            _check_match(record, if_match)
        model_versions.delete_alias(session, model, alias)
    service.models.refresh_now(model)
    return Response(status_code=204)


def _describe(model: model_versions.Model) -> ModelEntry:
    return ModelEntry(
        name=model.name,
        created_at=model.created_at,
        latest_version=model.versions[0].version,
        versions=[ModelVersionEntry(**_version_fields(version)) for version in model.versions],
    )


def _version_fields(version: model_versions.ModelVersion) -> dict[str, Any]:
    return {
        "version": version.version,
        "run_id": version.run_id,
        "created_at": version.created_at,
        "aliases": list(version.aliases),
    }


def _answer(record: AliasRecord) -> Response:
    alias = Alias(model=record.model_name, alias=record.alias, version=record.version, updated_at=record.updated_at)
    return json_answer(alias, headers={"ETag": _etag(record)})


def _etag(record: AliasRecord) -> str:
    # The revision of an alias that was deleted and created again starts anew.
    return f'"{record.revision}-{record.version}"'


def _check_match(record: AliasRecord, if_match: str) -> None:
    if not is_match(if_match, _etag(record)):
        raise _moved_since(record.alias)


def _moved_since(alias: str) -> PreconditionFailed:
    return PreconditionFailed(f"The alias '{alias}' has changed since you read it. Read it again, then decide.")
