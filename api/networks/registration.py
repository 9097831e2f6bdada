"""Registration of an uploaded network: the version and the response under its Idempotency-Key in one transaction."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from api.datasets.intake import ReceivedUpload
from api.http.parameters import predict_path
from api.networks.schemas import UploadedVersion, UploadedVersionLinks
from api.service import Service
from core.artifacts import ONNX_MODEL, SIGNATURE
from core.signatures.signature import ModelSignature
from db import artifacts, idempotency, model_versions


@dataclass(frozen=True, slots=True)
class RegistrationAnswer:
    """Response to an upload.

    Attributes:
        location: Path of the version.
        body: The version as JSON.
        is_replayed: True if it was sent before, for the same Idempotency-Key.
    """

    location: str
    body: str
    is_replayed: bool = False


@dataclass(frozen=True, slots=True)
class RepeatKey:
    """An Idempotency-Key with what it stands for.

    Attributes:
        key: Chosen by the client.
        route: Route of the upload, for this model.
        digest: The sha256 of network and signature.
    """

    key: str
    route: str
    digest: str

    @classmethod
    def of(cls, key: str | None, model: str, network_sha256: str, signature: str) -> "RepeatKey | None":
        """Return the key of a request; None if it has none."""
        if key is None:
            return None
        digest = hashlib.sha256(f"{network_sha256}\n{signature}".encode(errors="surrogatepass")).hexdigest()
        return cls(key, f"POST /v1/registry/models/{model}/versions", digest)


def find_answer(service: Service, repeat: RepeatKey | None) -> RegistrationAnswer | None:
    """Return the response to the first request with this key; None if there was none.

    Raises:
        IdempotencyMismatch: If the key was used with another body.
        IdempotencyInFlight: If the first request with the key is still in progress.
    """
    if repeat is None:
        return None
    with service.database.reading() as session:
        stored = idempotency.find(session, key=repeat.key, route=repeat.route, body_sha256=repeat.digest)
    return None if stored is None else _replay(stored)


def register(
    service: Service,
    model: str,
    upload: ReceivedUpload,
    signature: ModelSignature,
    repeat: RepeatKey | None,
    caller: str | None,
) -> RegistrationAnswer:
    """Store a checked network, and register it as the next version of a model.

    Raises:
        QuotaExceeded: If it does not fit into the caller's quota.
        IdempotencyMismatch, IdempotencyInFlight: As from `find_answer`.
        DatabaseUnavailable: If the database does not answer.
    """
    signature_path = upload.incoming.path / SIGNATURE
    signature_path.write_text(signature.model_dump_json(), encoding="utf-8")
    paths: dict[str, Path] = {ONNX_MODEL: upload.incoming.folder.original, SIGNATURE: signature_path}
    files = [service.artifact_store.put(path, name) for name, path in paths.items()]
    with service.database.transaction() as session:
        if repeat is not None:
            stored = idempotency.begin(session, key=repeat.key, route=repeat.route, body_sha256=repeat.digest)
            if stored is not None:
                return _replay(stored)
        artifacts.lock_files(session, [file.sha256 for file in files])
        for file in files:
            # A deletion of the same bytes may have taken the file before the lock: nothing referred to it.
            if not service.artifact_store.path(file.sha256).is_file():
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
        answer = RegistrationAnswer(path, entry.model_dump_json())
        if repeat is not None:
            # Stored as text: a JSON column may reorder the fields of an object.
            kept = {"location": answer.location, "body": answer.body}
            idempotency.complete(session, key=repeat.key, route=repeat.route, answer=kept)
    service.models.refresh_now(model)
    return answer


def _replay(stored: dict[str, Any]) -> RegistrationAnswer:
    return RegistrationAnswer(location=stored["location"], body=stored["body"], is_replayed=True)
