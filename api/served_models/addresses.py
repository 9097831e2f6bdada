"""Addresses of models in paths, and the errors for those that there are not."""

from collections.abc import Mapping
from dataclasses import dataclass

from core.errors import UnknownModel
from core.run_state import TERMINAL_STATES, RunState
from db import model_versions, runs, served_models
from db.records.runs import RunRecord
from db.session import Database
from db.unknown_models import unknown_model

MAX_VERSION = 2**31 - 1


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


def get_model(database: Database, model_name: str, *, max_versions: int | None = None) -> model_versions.Model:
    """Return a model of the registry with its versions, at most `max_versions` of them, the newest.

    Raises:
        UnknownModel: If there is none; the error lists known ones, or names the run that is training it.
    """
    with database.reading() as session:
        try:
            return model_versions.get_model(session, model_name, max_versions=max_versions)
        except UnknownModel as error:
            latest = runs.list_page(session, model_name=model_name, limit=1).items
            if latest:
                raise UnknownModel(_describe_run(model_name, latest[0])) from error
            raise


def check_address(database: Database, address: ModelAddress) -> None:
    """Check in the registry that there is such a version.

    Raises:
        UnknownModel: If there is none; the error lists known ones, or names the run that is training it.
    """
    with database.reading() as session:
        if served_models.read(session, address.name) is not None:
            model_versions.resolve(session, address.name, address.version)
            return
        latest = runs.list_page(session, model_name=address.name, limit=1).items
        if latest:
            raise UnknownModel(_describe_run(address.name, latest[0]))
        raise unknown_model(session, address.name)


def _describe_run(model_name: str, run: RunRecord) -> str:
    """Explain why a model that a run would register does not exist."""
    if run.state not in TERMINAL_STATES:
        return f"Model '{model_name}' is not trained yet: run {run.id} is {run.state}. Try again when it has succeeded."
    if run.state == RunState.FAILED and run.error:
        return f"Model '{model_name}' was not trained: run {run.id} failed. {run.error.detail}"
    return f"Model '{model_name}' does not exist: its latest run, {run.id}, was {run.state}. Run it again."
