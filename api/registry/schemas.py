"""Response bodies of models and their versions."""

from datetime import datetime
from typing import Any
from uuid import UUID

from api.http.schemas import AnswerModel, MeasuredNumber
from core.version_comparison import Verdict
from db.records.registry import VersionSource


class ModelVersionEntry(AnswerModel):
    """Version of a model."""

    version: int
    source: VersionSource
    """`run`: a run trained it; `upload`: a client uploaded it."""
    run_id: UUID | None
    """The run that trained it; null if it was uploaded."""
    created_at: datetime
    aliases: list[str]
    """Aliases with requests that it answers, all or a share."""
    shadow_of: list[str]
    """Aliases with requests that it receives as the shadow."""


class ModelEntry(AnswerModel):
    """Model with its newest 100 versions, newest first."""

    name: str
    created_at: datetime
    latest_version: int
    num_versions: int
    """Number of all its versions; `/versions` lists them."""
    is_unloaded: bool
    """True if a client has unloaded it: it is not served until one loads it again."""
    versions: list[ModelVersionEntry]


class ModelList(AnswerModel):
    """Page of the registered models, by name."""

    items: list[ModelEntry]
    next_cursor: str | None
    """Value of `cursor` for the next page; null on the last."""


class ListedModelVersion(ModelVersionEntry):
    """Version of a model as an item of a list."""

    metrics: dict[str, MeasuredNumber]
    """Metrics of its run on held-out samples, `test/…` and `epoch/validation/…`; empty for an upload."""


class ModelVersionPage(AnswerModel):
    """Page of the versions of a model, newest first."""

    items: list[ListedModelVersion]
    next_cursor: str | None
    """Value of `cursor` for the next page; null on the last."""


class ModelVersionLinks(AnswerModel):
    """Links of a model version."""

    run: str | None
    spec: str | None
    """The run; the fragment points to its spec."""
    data: str | None
    """Version of the uploaded dataset; null for other data."""
    predict: str
    metadata: str


class VersionRun(AnswerModel):
    """Run that trained a version."""

    id: UUID
    preset: str | None
    experiment: str
    seed: int
    initial_weights_run: UUID | None
    """Run whose weights it started from, which may have been deleted; null if it started from none."""


class VersionData(AnswerModel):
    """Data that a version was trained on."""

    source: str
    """Source of the spec, `dataset.name`, such as `iris` or `table`."""
    dataset: str | None
    """Name of the uploaded dataset; null for other data."""
    version: int | None
    """Version of the uploaded dataset."""
    sha256: str | None
    """Digest of the uploaded bytes."""


class VersionFile(AnswerModel):
    """File of a version."""

    name: str
    sha256: str
    num_bytes: int | None
    """Size; null if the file is missing."""
    media_type: str


class ModelVersion(ModelVersionEntry):
    """Version of a model in full, with its lineage."""

    model: str
    run: VersionRun | None
    """Null if it was uploaded."""
    data: VersionData | None
    """Null if it was uploaded."""
    metrics: dict[str, MeasuredNumber]
    """Final metrics of its run, such as `test/accuracy`; empty for an upload."""
    artifacts: list[VersionFile]
    links: ModelVersionLinks


class DeletedModelVersion(AnswerModel):
    """Version that was deleted, and what went with it."""

    model: str
    version: int
    kept_run: UUID | None
    """The run that trained it, which stays with its files; null if it was uploaded."""
    deleted_aliases: list[str]
    """Aliases that only it answered for, deleted as well."""
    changed_aliases: list[str]
    """Aliases that go on with the other versions of their split, or without their shadow."""
    newest_version: int | None
    """Version that requests without a version get from now on; null if none is left."""
    num_deleted_files: int
    """Files that nothing else referred to."""


class DeletedModel(AnswerModel):
    """Model that was deleted, and what went with it."""

    model: str
    versions: list[int]
    kept_runs: list[UUID]
    """Runs that trained its versions, which stay with their files."""
    deleted_aliases: list[str]
    num_deleted_files: int
    """Files that nothing else referred to."""


class ComparedVersion(ModelVersionEntry):
    """Version that is compared."""

    data: VersionData | None
    num_bytes: int | None
    """Size of the network's ONNX file; null if it is missing."""


class MetricChange(AnswerModel):
    """Difference between a version's metric and that of the first version."""

    version: int
    difference: float | None
    """The version's value minus the first version's; null if either is missing."""
    verdict: Verdict
    """`better`, `worse` or `same`; `unknown` if a value is missing or the metric is neither."""


class ComparedMetric(AnswerModel):
    """Metric of several versions."""

    key: str
    higher_is_better: bool | None
    """Null if that is not known."""
    values: dict[str, MeasuredNumber]
    """Value by number of the version; without versions that lack it."""
    changes: list[MetricChange]
    """Comparison of each further version with the first."""


class SpecDifference(AnswerModel):
    """Place where the specs of versions differ."""

    pointer: str
    """JSON Pointer (RFC 6901) into the specs."""
    values: dict[str, Any]
    """Value by number of the version; without versions that have nothing there."""


class VersionComparison(AnswerModel):
    """Comparison of versions of a model with the first of them."""

    model: str
    versions: list[ComparedVersion]
    """In the order of the request."""
    metrics: list[ComparedMetric]
    """Metrics on held-out samples, by key."""
    spec: list[SpecDifference]
    """Differences between the specs of those versions that runs trained; at most 500."""
    num_spec_differences: int
    """Number of all differences between the specs."""
    remarks: list[str]
    """Remarks, such as that the versions were tested on different data."""
