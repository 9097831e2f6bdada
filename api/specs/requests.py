"""Resolution of spec requests to whole specs, and their checks."""

from dataclasses import dataclass
from typing import Any

from api.service import Service
from api.specs.initial_weights import check_layers, find_weights
from api.specs.schemas import SpecRequest
from core.artifacts import Artifact
from core.catalogue.presets import get_preset
from core.checks.cost import SpecReport, check_spec
from core.datasets.base import UploadedDataset
from core.datasets.upload_warnings import add_upload_warnings
from core.errors import InvalidSpec, Problem, UnknownDataset, UnknownDatasetVersion
from core.experiment import ExperimentSpec, parse_spec
from core.notices import Notice, limit_notices
from core.specs.merging import apply_overrides
from core.uploads.description import DescriptionFile
from db import datasets


@dataclass(frozen=True, slots=True)
class SettledSpec:
    """Spec that has passed all checks.

    Attributes:
        preset: Name of its preset, if it has one.
        report: Layers, sizes and costs.
        warnings: Warnings of the check, and of the upload.
        weights: File with the weights of the run that it starts from; None if it starts from none.
    """

    spec: ExperimentSpec
    preset: str | None
    report: SpecReport
    warnings: tuple[Notice, ...]
    weights: Artifact | None = None

    @property
    def upload(self) -> tuple[str, int] | None:
        """Name and version of the uploaded dataset; None for other data."""
        dataset = self.spec.dataset
        if not isinstance(dataset, UploadedDataset) or dataset.version is None:
            return None
        return dataset.dataset, dataset.version

    def as_json(self) -> dict[str, Any]:
        """Return the normalised form, with all defaults."""
        return self.spec.model_dump(mode="json")


def settle_request(request: SpecRequest, service: Service, pointer: str = "") -> SettledSpec:
    """Resolve a request to a whole spec, including hashes of what it names, and check it against the limits.

    Args:
        request: Parsed request.
        service: The service.
        pointer: JSON Pointer to the request in the body.

    Raises:
        DatabaseUnavailable: If the spec names an uploaded dataset or a run, and the database does not answer.
        UnknownPreset: If there is no such preset or variant; the error suggests the nearest name.
        InvalidSpec: If the spec cannot be trained; pointers refer to the request body.
        OverLimit: If it exceeds a limit of the settings.
    """
    if request.spec is not None:
        return settle_spec(request.spec, service, f"{pointer}/spec")
    # Any mistake is that of the override: presets and variants are checked when they are loaded.
    place = f"{pointer}/overrides"
    return settle_spec(_read_preset(request, place), service, place, request.preset)


def settle_spec(spec: ExperimentSpec, service: Service, pointer: str, preset: str | None = None) -> SettledSpec:
    """Fill in the hashes of what a whole spec names, and check the spec against the limits.

    Args:
        spec: The spec.
        service: The service.
        pointer: JSON Pointer to the spec, or what changes it, in the body.
        preset: Name of its preset, if it has one.

    Raises:
        The same errors as `settle_request`, without UnknownPreset.
    """
    try:
        spec, upload = _find_upload(spec, service)
        spec, weights = find_weights(spec, service)
        report = check_spec(spec, service.settings, None if upload is None else upload.description)
        if weights is not None:
            check_layers(spec, weights, report.layers, service)
    except InvalidSpec as error:
        raise _moved(error, pointer) from error
    warnings = report.warnings
    if upload is not None:
        warnings = add_upload_warnings(spec.dataset, upload, warnings)
    return SettledSpec(spec=spec, preset=preset, report=report, warnings=limit_notices(warnings), weights=weights)


def _read_preset(request: SpecRequest, place: str) -> ExperimentSpec:
    preset = get_preset(request.preset or "")
    if request.variant is None and not request.overrides:
        return preset.spec
    return parse_spec(apply_overrides(preset.spec_json(request.variant), request.overrides, place), place)


def _find_upload(spec: ExperimentSpec, service: Service) -> tuple[ExperimentSpec, DescriptionFile | None]:
    """Fill in the version and hash of a spec's uploaded dataset, and return the description of the upload.

    Raises:
        InvalidSpec: If there is no such upload, or its hash differs from that in the spec.
    """
    asked = spec.dataset
    if not isinstance(asked, UploadedDataset):
        return spec, None
    try:
        with service.database.reading() as session:
            found = datasets.get_version(session, asked.dataset, asked.version, uploaded_from=asked.uploaded_from)
    except UnknownDataset as error:
        pointer = "/dataset/version" if isinstance(error, UnknownDatasetVersion) else "/dataset/dataset"
        raise InvalidSpec.at(pointer, error.detail, error.code) from error
    if asked.sha256 not in {None, found.sha256}:
        problem = (
            f"Version {found.version} of '{asked.dataset}' has the sha256 {found.sha256}, not the one given. "
            "Leave sha256 out, or name the version that has it."
        )
        raise InvalidSpec.at("/dataset/sha256", problem, "other_bytes")
    if asked.reading not in {None, found.reading}:
        problem = f"Version {found.version} of '{asked.dataset}' was read with other options. Leave reading out."
        raise InvalidSpec.at("/dataset/reading", problem, "other_reading")
    pinned = asked.model_copy(
        update={"version": found.version, "sha256": found.sha256, "reading": found.reading or None}
    )
    return spec.model_copy(update={"dataset": pinned}), DescriptionFile.model_validate(found.description)


def _moved(error: InvalidSpec, place: str) -> InvalidSpec:
    """Return the same error with pointers into the body instead of the spec."""
    problems = [Problem(place + problem.pointer, problem.detail, problem.code) for problem in error.problems]
    return type(error)(error.detail, problems)
