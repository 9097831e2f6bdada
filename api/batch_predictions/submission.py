"""Acceptance of batch predictions: checked, pinned to versions, and stored with the response in one transaction."""

import hashlib
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from api.batch_predictions.schemas import BatchPredictionRequest
from api.batch_predictions.views import batch_path, describe
from api.prediction.targets import ModelUnloaded
from api.served_models.addresses import ModelAddress, check_address
from api.service import Service
from core.batch_predictions import BatchPlan
from core.errors import ArtifactCorrupt, InvalidBatchPrediction, UnknownDataset, UnknownModel
from core.served_models import ServedModel, ServedVersion
from core.signatures.signature import ModelSignature
from core.uploads.description import DescriptionFile
from db import batch_predictions, datasets, idempotency, served_models
from db.records.datasets import DatasetVersionRecord
from serving.batch_prediction.checks import BatchChoices, make_plan


@dataclass(frozen=True, slots=True)
class AcceptedAnswer:
    """Response to a request.

    Attributes:
        location: Path of the batch prediction.
        body: Batch prediction as JSON.
        is_replayed: True if it was sent before, for the same Idempotency-Key.
    """

    location: str
    body: str
    is_replayed: bool = False


def submit(
    service: Service,
    address: ModelAddress,
    path: str,
    request: BatchPredictionRequest,
    text: bytes,
    idempotency_key: str | None,
) -> AcceptedAnswer:
    """Queue a batch prediction, unless the request is a repetition.

    Args:
        service: The service.
        address: Model and version.
        path: Path of the request; keys of different paths are independent.
        request: Parsed body.
        text: Bytes of the body.
        idempotency_key: Key of the request, chosen by the client.

    Raises:
        UnknownModel: If there is no such model or version.
        ModelUnloaded: If a client has unloaded the model.
        ArtifactCorrupt: If the version has no network, or its files have changed.
        InvalidBatchPrediction: If dataset, rows or columns do not fit the model.
        IdempotencyMismatch: If the key was used with another body.
        IdempotencyInFlight: If the first request with the key is still in progress.
    """
    route, digest = f"POST {path}", hashlib.sha256(text).hexdigest()
    if idempotency_key is not None:
        # The first request may have been valid although this one is not: its dataset may have been deleted.
        with service.database.reading() as session:
            stored = idempotency.find(session, key=idempotency_key, route=route, body_sha256=digest)
        if stored is not None:
            return _replay(stored)
    version = _choose_version(service, address)
    dataset = _find_dataset(service, request)
    plan = _make_plan(service, address.name, version, dataset, request)
    with service.database.transaction() as session:
        if idempotency_key is not None:
            stored = idempotency.begin(session, key=idempotency_key, route=route, body_sha256=digest)
            if stored is not None:
                return _replay(stored)
        record = batch_predictions.create(
            session,
            model_name=address.name,
            version=version,
            dataset=dataset,
            plan=plan,
            max_attempts=service.settings.max_attempts,
        )
        answer = AcceptedAnswer(batch_path(record.id), describe(record).model_dump_json())
        if idempotency_key is not None:
            # Stored as text: a JSON column may reorder the fields of an object.
            kept = {"location": answer.location, "body": answer.body}
            idempotency.complete(session, key=idempotency_key, route=route, answer=kept)
    return answer


def _replay(stored: dict[str, Any]) -> AcceptedAnswer:
    return AcceptedAnswer(location=stored["location"], body=stored["body"], is_replayed=True)


def _choose_version(service: Service, address: ModelAddress) -> ServedVersion:
    """Return the version that answers: of an alias with several the first, so that all rows have one."""
    with service.database.reading() as session:
        model = served_models.read(session, address.name)
    if model is not None and model.is_unloaded:
        raise ModelUnloaded(
            f"Model '{address.name}' is unloaded. Load it: POST /v2/repository/models/{address.name}/load."
        )
    number = None if model is None else _find_number(model, address.version)
    version = None if model is None or number is None else model.versions.get(number)
    if version is None:
        check_address(service.database, address)
        # It was registered between the two looks.
        raise UnknownModel(f"Model '{address.name}' has just changed. Try again.")
    return version


def _find_number(model: ServedModel, version: int | str | None) -> int | None:
    match version:
        case None:
            return model.newest
        case str():
            alias = model.aliases.get(version)
            return None if alias is None else alias.version
    return version


def _find_dataset(service: Service, request: BatchPredictionRequest) -> DatasetVersionRecord:
    with service.database.reading() as session:
        try:
            return datasets.get_version(session, request.dataset.name, request.dataset.version)
        except UnknownDataset as error:
            raise InvalidBatchPrediction.at("/dataset", error.detail, error.code) from error


def _make_plan(
    service: Service,
    model_name: str,
    version: ServedVersion,
    dataset: DatasetVersionRecord,
    request: BatchPredictionRequest,
) -> BatchPlan:
    if version.network_sha256 is None or version.signature_sha256 is None:
        raise ArtifactCorrupt(
            f"Version {version.version} of '{model_name}' has no network for predictions. Train the run again."
        )
    try:
        path = service.artifact_store.verified_path(version.signature_sha256)
        signature = ModelSignature.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise ArtifactCorrupt("The network's signature cannot be read. Train the run again.") from error
    choices = BatchChoices(
        array=request.dataset.array,
        columns=request.output.columns,
        answers=request.output.answers,
        format=request.output.format,
        start=request.rows.start,
        stop=request.rows.stop,
        on_error=request.on_error,
    )
    return make_plan(choices, signature, DescriptionFile.model_validate(dataset.description).description)
