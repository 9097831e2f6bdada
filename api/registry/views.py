"""Response bodies of models and versions, from their rows."""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote
from uuid import UUID

from api.http.parameters import predict_path, run_path
from api.registry.schemas import (
    ListedModelVersion,
    ModelEntry,
    ModelVersion,
    ModelVersionEntry,
    ModelVersionLinks,
    VersionData,
    VersionFile,
    VersionRun,
)
from core.artifacts import MEDIA_TYPES, Artifact, ArtifactStore
from core.version_comparison import select_held_out
from db import model_versions
from db.lineage import Lineage

MAX_EMBEDDED = 100
"""Most versions of a model that are shown with it."""


def describe_model(model: model_versions.Model) -> ModelEntry:
    """Return a model with its newest versions."""
    return ModelEntry(
        name=model.name,
        created_at=model.created_at,
        latest_version=model.versions[0].version,
        num_versions=model.num_versions,
        is_unloaded=model.is_unloaded,
        versions=[ModelVersionEntry(**entry_fields(version)) for version in model.versions],
    )


def list_version(version: model_versions.ModelVersion, metrics: Mapping[str, float]) -> ListedModelVersion:
    """Return a version as an item of a list, with the metrics of its run."""
    return ListedModelVersion(**entry_fields(version), metrics=select_held_out(metrics))


def describe_version(
    version: model_versions.ModelVersion, run: Lineage | None, files: Sequence[VersionFile]
) -> ModelVersion:
    """Return a version in full."""
    path = f"/v1/models/{quote(version.model_name, safe='')}/versions/{version.version}"
    data = describe_data(run)
    return ModelVersion(
        model=version.model_name,
        **entry_fields(version),
        run=None if run is None else _describe_run(run),
        data=data,
        metrics={} if run is None else dict(sorted(run.metrics.items())),
        artifacts=list(files),
        links=ModelVersionLinks(
            run=None if run is None else run_path(run.run_id),
            spec=None if run is None else f"{run_path(run.run_id)}#/spec",
            data=_data_path(data),
            predict=predict_path(version.model_name, version.version),
            metadata=f"{path}/metadata",
        ),
    )


def _describe_run(run: Lineage) -> VersionRun:
    source = run.spec.get("initial_weights", {}).get("run")
    return VersionRun(
        id=run.run_id,
        preset=run.preset,
        experiment=run.experiment,
        seed=run.seed,
        # Numbers of a layer would be an object.
        initial_weights_run=UUID(source) if isinstance(source, str) else None,
    )


def entry_fields(version: model_versions.ModelVersion) -> dict[str, Any]:
    """Return the fields of ModelVersionEntry."""
    return {
        "version": version.version,
        "source": version.source,
        "run_id": version.run_id,
        "created_at": version.created_at,
        "aliases": list(version.aliases),
        "shadow_of": list(version.shadowed),
    }


def describe_data(run: Lineage | None) -> VersionData | None:
    """Return the data that a run trained on; None without a run, or with a spec that names none."""
    dataset = None if run is None else run.spec.get("dataset")
    if not isinstance(dataset, dict) or "name" not in dataset:
        return None
    name = dataset.get("dataset")
    return VersionData(
        source=dataset["name"],
        dataset=name,
        version=dataset.get("version") if name is not None else None,
        sha256=dataset.get("sha256") if name is not None else None,
    )


def describe_files(
    store: ArtifactStore, version: model_versions.ModelVersion, stored: Sequence[Artifact]
) -> list[VersionFile]:
    """Return the files of a version: those of its run, or those that were uploaded."""
    if version.run_id is not None:
        return [
            VersionFile(name=file.name, sha256=file.sha256, num_bytes=file.num_bytes, media_type=file.media_type)
            for file in stored
        ]
    return [
        VersionFile(
            name=name,
            sha256=sha256,
            num_bytes=store.find_size(sha256),
            media_type=MEDIA_TYPES[name[name.rindex(".") :]],
        )
        for name, sha256 in sorted(version.files.items())
    ]


def _data_path(data: VersionData | None) -> str | None:
    if data is None or data.dataset is None or data.version is None:
        return None
    return f"/v1/datasets/{data.dataset}/versions/{data.version}"
