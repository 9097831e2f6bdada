"""Registration of an uploaded network: the version and the response under its Idempotency-Key in one transaction."""

from pathlib import Path
from urllib.parse import quote

from api.datasets.intake import ReceivedUpload
from api.http.parameters import predict_path
from api.networks.schemas import UploadedVersion, UploadedVersionLinks
from api.service import Service
from core.artifacts import ONNX_MODEL, SIGNATURE
from core.signatures.signature import ModelSignature
from db import artifacts, idempotency, model_versions
from db.idempotency import RepeatKey, StoredAnswer

CREATED = 201


def register(
    service: Service,
    model: str,
    upload: ReceivedUpload,
    signature: ModelSignature,
    repeat: RepeatKey | None,
    caller: str | None,
) -> StoredAnswer:
    """Store a checked network, and register it as the next version of a model.

    Raises:
        QuotaExceeded: If it does not fit into the caller's quota.
        IdempotencyMismatch, IdempotencyInFlight: As from `idempotency.begin`.
        DatabaseUnavailable: If the database does not answer.
    """
    signature_path = upload.incoming.path / SIGNATURE
    signature_path.write_text(signature.model_dump_json(), encoding="utf-8")
    paths: dict[str, Path] = {ONNX_MODEL: upload.incoming.folder.original, SIGNATURE: signature_path}
    files = [service.artifact_store.put(path, name) for name, path in paths.items()]
    with service.database.transaction() as session:
        stored = None if repeat is None else idempotency.begin(session, repeat)
        if stored is not None:
            return stored
        artifacts.lock_files(session, [file.sha256 for file in files])
        for file in files:
            # A deletion of the same bytes may have taken the file before the lock: nothing referred to it.
            if service.artifact_store.find(file.sha256) is None:
                service.artifact_store.put(paths[file.name], file.name)
        version = model_versions.register_upload(
            session, model, files, submitted_by=caller, limits=service.settings.limits
        )
        path = f"/v1/registry/models/{quote(model, safe='')}/versions/{version}"
        entry = UploadedVersion(
            model=model,
            version=version,
            network_sha256=upload.sha256,
            num_bytes=upload.num_bytes,
            signature=signature,
            links=UploadedVersionLinks(
                version=path,
                predict=predict_path(model, version),
                metadata=f"/v1/models/{quote(model, safe='')}/versions/{version}/metadata",
            ),
        )
        answer = StoredAnswer(CREATED, path, entry.model_dump_json())
        if repeat is not None:
            idempotency.complete(session, repeat, answer)
    service.models.refresh_now(model)
    return answer
