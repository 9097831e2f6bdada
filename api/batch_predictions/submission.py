"""Acceptance of batch predictions: checked, pinned to versions, and stored with the response in one transaction."""

from pydantic import ValidationError

from api.batch_predictions.schemas import BatchPredictionRequest
from api.batch_predictions.views import batch_path, describe
from api.idempotency import find_answer
from api.prediction.targets import ModelUnloaded
from api.served_models.addresses import ModelAddress, check_address
from api.service import Service
from core.batch_predictions import BatchPlan
from core.errors import ArtifactCorrupt, InvalidBatchPrediction, UnknownDataset, UnknownModel
from core.served_models import ServedModel, ServedVersion
from core.signatures.signature import ModelSignature
from core.uploads.description import DescriptionFile
from db import batch_predictions, datasets, idempotency, served_models
from db.idempotency import RepeatKey, StoredAnswer
from db.records.datasets import DatasetVersionRecord
from serving.batch_prediction.checks import BatchChoices, make_plan

ACCEPTED = 202


def submit(
    service: Service, address: ModelAddress, request: BatchPredictionRequest, repeat: RepeatKey | None
) -> StoredAnswer:
    """Queue a batch prediction, unless the request is a repetition.

    Args:
        service: The service.
        address: Model and version.
        request: Parsed body.
        repeat: Key of the request, chosen by the client.

    Raises:
        UnknownModel: If there is no such model or version.
        ModelUnloaded: If a client has unloaded the model.
        ArtifactCorrupt: If the version has no network, or its files have changed.
        InvalidBatchPrediction: If dataset, rows or columns do not fit the model.
        IdempotencyMismatch: If the key was used with another body.
        IdempotencyInFlight: If the first request with the key is still in progress.
    """
    # The first request may have been valid although this one is not: its dataset may have been deleted.
    stored = find_answer(service.database, repeat)
    if stored is not None:
        return stored
    version = _choose_version(service, address)
    dataset = _find_dataset(service, request)
    plan = _make_plan(service, address.name, version, dataset, request)
    with service.database.transaction() as session:
        stored = None if repeat is None else idempotency.begin(session, repeat)
        if stored is not None:
            return stored
        record = batch_predictions.create(
            session,
            model_name=address.name,
            version=version,
            dataset=dataset,
            plan=plan,
            max_attempts=service.settings.max_attempts,
        )
        answer = StoredAnswer(ACCEPTED, batch_path(record.id), describe(record).model_dump_json())
        if repeat is not None:
            idempotency.complete(session, repeat, answer)
    return answer


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
