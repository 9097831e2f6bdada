"""Examples of models, versions and aliases."""

from typing import Any

from api.artifacts.examples import ARTIFACTS
from api.http.errors import PreconditionFailed
from api.http.parameters import EXAMPLE_RUN_ID
from core.errors import InvalidSpec, UnknownModel

_VERSION: dict[str, Any] = {
    "version": 3,
    "run_id": EXAMPLE_RUN_ID,
    "created_at": "2026-03-02T09:30:01.502000Z",
    "aliases": ["champion"],
}

MODEL: dict[str, Any] = {
    "name": "iris-keras",
    "created_at": "2026-03-01T08:00:00.000000Z",
    "latest_version": 3,
    "versions": [_VERSION],
}

VERSION: dict[str, Any] = {
    **_VERSION,
    "model": "iris-keras",
    "artifacts": ARTIFACTS,
    "links": {
        "run": f"/v1/runs/{EXAMPLE_RUN_ID}",
        "predict": "/v1/models/iris-keras/versions/3:predict",
        "metadata": "/v1/models/iris-keras/versions/3/metadata",
    },
}

ALIAS: dict[str, Any] = {
    "model": "iris-keras",
    "alias": "champion",
    "version": 3,
    "updated_at": "2026-03-02T10:00:00.000000Z",
}

ALIAS_REQUESTS: dict[str, Any] = {"Promote a version": {"version": 1}}

_BAD_VERSION = "0 came; expected greater than or equal to 1."

UNKNOWN_MODEL = UnknownModel("There is no model 'iris-kera'. Did you mean 'iris-keras'?")

UNKNOWN_VERSION = UnknownModel("Model 'iris-keras' has no version 7. It has 3, 2, 1.")

UNKNOWN_ALIAS = UnknownModel("Model 'iris-keras' has no alias 'champ'. Did you mean 'champion'?")

MOVED_SINCE = PreconditionFailed("The alias 'champion' has changed since you read it. Read it again, then decide.")

BAD_VERSION = InvalidSpec.at("/version", _BAD_VERSION, "greater_than_equal")
