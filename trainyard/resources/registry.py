"""The model registry: models and their versions."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self, cast

from trainyard import documents
from trainyard.errors import InvalidArgument
from trainyard.operation import Operation, Page, encode
from trainyard.resources.metrics import read_number

PATH = "/v1/registry/models"
PAGE_SIZE = 200


@dataclass(frozen=True, slots=True)
class Model:
    """A registered model.

    Attributes:
        latest_version: Number of its newest version.
        num_versions: Number of all its versions.
        is_unloaded: True if it is not served until it is loaded again.
        document: All of the answer, as it came.
    """

    name: str
    latest_version: int
    num_versions: int
    is_unloaded: bool
    document: documents.ModelEntry

    @classmethod
    def from_json(cls, body: documents.ModelEntry) -> Self:
        """Read an item of `/v1/registry/models`."""
        return cls(
            name=str(body["name"]),
            latest_version=int(body["latest_version"]),
            num_versions=int(body.get("num_versions") or len(body["versions"])),
            is_unloaded=bool(body.get("is_unloaded")),
            document=body,
        )


@dataclass(frozen=True, slots=True)
class Version:
    """A version of a model.

    Attributes:
        source: `run` or `upload`.
        run_id: The run that trained it; None if it was uploaded.
        aliases: Aliases with requests that it answers, all or a share.
        shadow_of: Aliases with requests that it receives as the shadow.
        metrics: Final metrics of its run by key; a list has those on held-out samples alone. NaN where the value is not
            a number.
        document: All of the answer, as it came; a list leaves out the fields that only one version alone has.
    """

    version: int
    source: str
    run_id: str | None
    created_at: datetime
    aliases: tuple[str, ...]
    shadow_of: tuple[str, ...]
    metrics: Mapping[str, float]
    document: documents.ListedModelVersion | documents.ModelVersion

    @classmethod
    def from_json(cls, body: documents.ListedModelVersion | documents.ModelVersion) -> Self:
        """Read a version, of a list or alone."""
        return cls(
            version=int(body["version"]),
            source=str(body["source"]),
            run_id=body["run_id"],
            created_at=datetime.fromisoformat(body["created_at"]),
            aliases=tuple(body["aliases"]),
            shadow_of=tuple(body["shadow_of"]),
            metrics={key: read_number(value) for key, value in body["metrics"].items()},
            document=body,
        )


@dataclass(frozen=True, slots=True)
class Comparison:
    """A comparison of versions of a model with the first of them.

    Attributes:
        versions: Their numbers, in the order that was asked for.
        verdicts: By key of a metric, for each further version: `better`, `worse`, `same` or `unknown`.
        remarks: What to keep in mind.
        document: All of the answer: `versions`, `metrics` with their values, and what differs in `spec`.
    """

    versions: tuple[int, ...]
    verdicts: Mapping[str, Mapping[int, str]]
    remarks: tuple[str, ...]
    document: documents.VersionComparison

    @classmethod
    def from_json(cls, body: documents.VersionComparison) -> Self:
        """Read the answer of `/v1/registry/models/{name}:compare`."""
        return cls(
            versions=tuple(int(version["version"]) for version in body["versions"]),
            verdicts={
                metric["key"]: {int(change["version"]): str(change["verdict"]) for change in metric["changes"]}
                for metric in body["metrics"]
            },
            remarks=tuple(body["remarks"]),
            document=body,
        )


@dataclass(frozen=True, slots=True)
class Deletion:
    """Everything that was deleted with a model or a version.

    Attributes:
        deleted_aliases: Aliases that nothing else answered for.
        changed_aliases: Aliases that go on with other versions.
        kept_runs: Runs that trained what was deleted; they stay with their files.
        document: All of the answer, as it came.
    """

    deleted_aliases: tuple[str, ...]
    changed_aliases: tuple[str, ...]
    kept_runs: tuple[str, ...]
    document: documents.DeletedModel | documents.DeletedModelVersion

    @classmethod
    def of_model(cls, body: documents.DeletedModel) -> Self:
        """Read the answer of the deletion of a model."""
        return cls(tuple(body["deleted_aliases"]), (), tuple(body["kept_runs"]), body)

    @classmethod
    def of_version(cls, body: documents.DeletedModelVersion) -> Self:
        """Read the answer of the deletion of a version."""
        run_id = body["kept_run"]
        kept = () if run_id is None else (run_id,)
        return cls(tuple(body["deleted_aliases"]), tuple(body["changed_aliases"]), kept, body)


def list_models_page(cursor: str | None) -> Operation[Page[Model]]:
    """Fetch a page of the models."""
    return Operation("GET", PATH, lambda answer: answer.read_page(Model), parameters=page_parameters(cursor))


def get_model(model: str) -> Operation[Model]:
    """Fetch one model."""
    return Operation("GET", model_path(model), lambda answer: answer.read_one(Model))


def list_versions_page(model: str, cursor: str | None) -> Operation[Page[Version]]:
    """Fetch a page of the versions of a model, newest first."""
    path = f"{model_path(model)}/versions"
    return Operation("GET", path, lambda answer: answer.read_page(Version), parameters=page_parameters(cursor))


def get_version(model: str, version: int) -> Operation[Version]:
    """Fetch one version with its lineage."""
    return Operation("GET", f"{model_path(model)}/versions/{version}", lambda answer: answer.read_one(Version))


def compare(model: str, versions: Sequence[int]) -> Operation[Comparison]:
    """Compare versions with the first of them."""
    if len(versions) < 2:  # noqa: PLR2004 - what a comparison needs
        raise InvalidArgument(f"Expected two versions or more to compare; got {len(versions)}.")
    return Operation(
        "GET",
        f"{model_path(model)}:compare",
        lambda answer: answer.read_one(Comparison),
        parameters=[("versions", ",".join(map(str, versions)))],
    )


def delete(model: str, version: int | None, *, force: bool) -> Operation[Deletion]:
    """Delete a model, or one version of it; with `force` also its aliases."""
    path = model_path(model) if version is None else f"{model_path(model)}/versions/{version}"
    read = Deletion.of_model if version is None else Deletion.of_version
    return Operation(
        "DELETE",
        path,
        lambda answer: answer.convert(cast("Callable[[Any], Deletion]", read), answer.read_object()),
        parameters=[("force", "true")] if force else [],
    )


def model_path(model: str) -> str:
    """Return the path of a model in the registry."""
    return f"{PATH}/{encode(model)}"


def page_parameters(cursor: str | None) -> list[tuple[str, str]]:
    """Return the query parameters of a page of a list."""
    return [("limit", str(PAGE_SIZE)), *([("cursor", cursor)] if cursor else [])]
