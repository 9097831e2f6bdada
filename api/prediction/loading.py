"""Look-up of a model version by name, and loading of its network."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from api.service import ModelKey, Service
from core.artifacts import ONNX_MODEL, SIGNATURE, Artifact
from core.errors import ArtifactCorrupt, UnknownModel
from core.run_state import TERMINAL_STATES, RunState
from db import model_versions, runs
from db.records.runs import RunRecord
from db.unknown_models import UnknownVersion
from serving.sessions.loaded_model import LoadedModel

MAX_VERSION = 2**31 - 1

Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class ModelAddress:
    """Model that the path of a prediction request names.

    Attributes:
        version: A number, an alias, or None for the newest.
    """

    name: str
    version: int | str | None = None


def read_address(path_params: Mapping[str, str]) -> ModelAddress:
    """Return the address in the path parameters `model`, `version` and `label`.

    Raises:
        UnknownModel: If the version is not a valid number.
    """
    name = path_params["model"]
    if "label" in path_params:
        return ModelAddress(name, path_params["label"])
    if "version" in path_params:
        return ModelAddress(name, read_version(path_params["version"]))
    return ModelAddress(name)


def read_version(digits: str) -> int:
    """Read a version's number from a path.

    Raises:
        UnknownModel: If it is not a valid number.
    """
    if not (digits.isascii() and digits.isdecimal()) or int(digits[:20]) > MAX_VERSION:
        raise UnknownModel(f"'{digits[:40]}' is not the number of a version. Versions are counted from 1.")
    return int(digits)


def resolve_model(service: Service, address: ModelAddress) -> model_versions.ResolvedVersion:
    """Return the model version of an address, according to the registry.

    Raises:
        UnknownModel: If there is none; the error lists known ones, or names the run that is training it.
    """
    return _look_up(service, address.name, partial(model_versions.resolve, version=address.version))


def get_model(service: Service, model_name: str, *, max_versions: int | None = None) -> model_versions.Model:
    """Return a model of the registry with its versions, at most `max_versions` of them, the newest.

    Raises:
        UnknownModel: If there is none; the error lists known ones, or names the run that is training it.
    """
    return _look_up(service, model_name, partial(model_versions.get_model, max_versions=max_versions))


def _look_up(service: Service, model_name: str, find: Callable[..., Found]) -> Found:
    """Query the registry; the error for an unknown model contains the state of the run that would register it."""
    with service.database.reading() as session:
        try:
            return find(session, model_name)
        except UnknownVersion:
            raise
        except UnknownModel as error:
            latest = runs.list_page(session, model_name=model_name, limit=1).items
            if latest:
                raise UnknownModel(_describe_run(model_name, latest[0])) from error
            raise


def load_model(service: Service, resolved: model_versions.ResolvedVersion) -> LoadedModel:
    """Return the network of a model version, from memory if it is loaded; files are checked against their hashes.

    Raises:
        ArtifactCorrupt: If a file is missing or has changed.
    """
    key = model_key(resolved.artifacts)
    if key is None:
        raise ArtifactCorrupt(
            f"Version {resolved.version} of '{resolved.model_name}' has no network for predictions. "
            "Train the run again."
        )
    onnx_sha256, signature_sha256 = key

    def load() -> LoadedModel:
        store = service.artifact_store
        with service.instruments.loading():
            return LoadedModel.from_files(store.verified_path(onnx_sha256), store.verified_path(signature_sha256))

    return service.model_pool.get(key, load)


def model_key(artifacts: Mapping[str, Artifact]) -> ModelKey | None:
    """Return the key of the network in the pool; None if the files contain no network."""
    if ONNX_MODEL not in artifacts or SIGNATURE not in artifacts:
        return None
    return artifacts[ONNX_MODEL].sha256, artifacts[SIGNATURE].sha256


def _describe_run(model_name: str, run: RunRecord) -> str:
    """Explain why a model that a run would register does not exist."""
    if run.state not in TERMINAL_STATES:
        return f"Model '{model_name}' is not trained yet: run {run.id} is {run.state}. Try again when it has succeeded."
    if run.state == RunState.FAILED and run.error:
        return f"Model '{model_name}' was not trained: run {run.id} failed. {run.error.detail}"
    return f"Model '{model_name}' does not exist: its latest run, {run.id}, was {run.state}. Run it again."
