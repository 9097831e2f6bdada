"""Routes of the model registry: models, and their versions with lineage; comparison and deletion."""

from typing import Annotated

from fastapi import Path as PathParameter
from fastapi import Query
from pydantic import Field

from api.auth.access import ADMIN, READ, CallerName
from api.http.errors import InvalidParameter
from api.http.parameters import MAX_PAGE_SIZE, ModelPath, PageQuery
from api.openapi.operations import Resource, answers
from api.registry import deletion, examples
from api.registry.comparison import compare
from api.registry.schemas import (
    DeletedModel,
    DeletedModelVersion,
    ModelEntry,
    ModelList,
    ModelVersion,
    ModelVersionPage,
    VersionComparison,
)
from api.registry.views import MAX_EMBEDDED, describe_files, describe_model, describe_version, list_version
from api.served_models.addresses import get_model as find_model
from api.served_models.addresses import read_version
from api.service import ServiceParameter
from core.artifacts import ONNX_MODEL
from core.specs.base import SpecModel
from db import artifacts, lineage, model_versions

router = Resource("registry", "Models and their versions.", prefix="/v1/registry/models")

MAX_COMPARED = 10

VersionPath = Annotated[str, PathParameter(description="Number of a version.", examples=["3"])]

Force = Annotated[bool, Query(description="Take it out of its aliases too.")]


class ModelQuery(PageQuery):
    """Query of a list of models."""

    limit: Annotated[int, Field(ge=1, le=MAX_PAGE_SIZE)] = MAX_PAGE_SIZE
    """Maximum number of items on the page."""


class ComparisonQuery(SpecModel):
    """Query of a comparison."""

    versions: Annotated[str, Field(pattern=r"^[1-9][0-9]{0,9}(,[1-9][0-9]{0,9})+$", max_length=200, examples=["2,3"])]
    """Numbers of two to ten versions, separated by commas; the others are compared with the first."""


@router.get(
    "",
    summary="List models",
    dependencies=[READ],
    responses=answers({"items": [examples.MODEL], "next_cursor": None}),
)
def list_models(query: Annotated[ModelQuery, Query()], service: ServiceParameter) -> ModelList:
    """Return a page of the registered models, by name."""
    with service.database.reading() as session:
        page = model_versions.list_models(session, limit=query.limit, cursor=query.cursor, max_versions=MAX_EMBEDDED)
    return ModelList(items=[describe_model(model) for model in page.items], next_cursor=page.next_cursor)


@router.get(
    "/{model}", summary="Show a model", dependencies=[READ], responses=answers(examples.MODEL, examples.UNKNOWN_MODEL)
)
def get_model(model: ModelPath, service: ServiceParameter) -> ModelEntry:
    """Return a model and its newest 100 versions, newest first."""
    return describe_model(find_model(service.database, model, max_versions=MAX_EMBEDDED))


@router.delete(
    "/{model}",
    summary="Delete a model",
    dependencies=[ADMIN],
    responses=answers(examples.DELETED_MODEL, examples.UNKNOWN_MODEL, examples.MODEL_SERVED),
)
def delete_model(model: ModelPath, service: ServiceParameter, *, force: Force = False) -> DeletedModel:
    """Delete a model with its versions, and by force its aliases. The runs that trained it stay with their files.

    Numbers of versions are not used again: the next run that trains this model registers the version after the last.
    """
    return deletion.delete_model(service, model, force=force)


@router.get(
    "/{model}:compare",
    summary="Compare versions of a model",
    dependencies=[READ],
    responses=answers(examples.COMPARISON, examples.UNKNOWN_MODEL, examples.UNKNOWN_VERSION, examples.BAD_COMPARISON),
)
def compare_versions(
    model: ModelPath, query: Annotated[ComparisonQuery, Query()], service: ServiceParameter
) -> VersionComparison:
    """Compare versions with the first: metrics on held-out samples, specs, data and sizes."""
    numbers = [int(number) for number in query.versions.split(",")]
    if len(set(numbers)) != len(numbers) or len(numbers) > MAX_COMPARED:
        detail = f"'{query.versions}' came; expected two to {MAX_COMPARED} different versions, such as versions=2,3."
        raise InvalidParameter.at("", detail, "bad_versions")
    with service.database.reading() as session:
        versions = [model_versions.get_version(session, model, number) for number in numbers]
        runs = lineage.load(session, versions)
        networks = artifacts.find_files(session, versions, ONNX_MODEL)
    return compare(model, versions, runs, networks, service.artifact_store)


@router.get(
    "/{model}/versions",
    summary="List the versions of a model",
    dependencies=[READ],
    responses=answers(examples.VERSIONS, examples.UNKNOWN_MODEL),
)
def list_model_versions(
    model: ModelPath, query: Annotated[PageQuery, Query()], service: ServiceParameter
) -> ModelVersionPage:
    """Return a page of the versions of a model, newest first, with their metrics on held-out samples."""
    with service.database.reading() as session:
        page = model_versions.list_versions_page(session, model, limit=query.limit, cursor=query.cursor)
        metrics = lineage.load_metrics(session, page.items)
    items = [list_version(version, metrics.get(version.version, {})) for version in page.items]
    return ModelVersionPage(items=items, next_cursor=page.next_cursor)


@router.get(
    "/{model}/versions/{version}",
    summary="Show a model version",
    dependencies=[READ],
    responses=answers(examples.VERSION, examples.UNKNOWN_MODEL, examples.UNKNOWN_VERSION),
)
def get_model_version(model: ModelPath, version: VersionPath, service: ServiceParameter) -> ModelVersion:
    """Return a version with its lineage: its run, data and metrics, its files, aliases and links."""
    number = read_version(version)
    with service.database.reading() as session:
        found = model_versions.get_version(session, model, number)
        run = lineage.load(session, [found]).get(found.version)
        stored = [] if found.run_id is None else artifacts.list_for_run(session, found.run_id)
    return describe_version(found, run, describe_files(service.artifact_store, found, stored))


@router.delete(
    "/{model}/versions/{version}",
    summary="Delete a model version",
    dependencies=[ADMIN],
    responses=answers(
        examples.DELETED_VERSION, examples.UNKNOWN_MODEL, examples.UNKNOWN_VERSION, examples.VERSION_SERVED
    ),
)
def delete_model_version(
    model: ModelPath, version: VersionPath, service: ServiceParameter, caller: CallerName, *, force: Force = False
) -> DeletedModelVersion:
    """Delete a version. The run that trained it stays with its files; deleting the run deletes both.

    A version that an alias points to, or has as its shadow, is deleted only by force: it leaves the split of its
    aliases, whose other versions share its requests, and an alias that only it answered for is deleted.
    """
    return deletion.delete_version(service, model, read_version(version), force=force, caller=caller)
