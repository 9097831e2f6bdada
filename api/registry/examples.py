"""Examples of models and versions."""

from typing import Any

from api.artifacts.examples import ARTIFACTS
from api.http.errors import InvalidParameter
from api.http.parameters import EXAMPLE_RUN_ID
from core.errors import UnknownModel, VersionServed

_VERSION: dict[str, Any] = {
    "version": 3,
    "source": "run",
    "run_id": EXAMPLE_RUN_ID,
    "created_at": "2026-03-02T09:30:01.502000Z",
    "aliases": ["champion"],
    "shadow_of": [],
}

_METRICS = {"test/accuracy": 0.9667, "test/loss": 0.1124}

_DATA = {"source": "iris", "dataset": None, "version": None, "sha256": None}

MODEL: dict[str, Any] = {
    "name": "iris-keras",
    "created_at": "2026-03-01T08:00:00.000000Z",
    "latest_version": 3,
    "num_versions": 1,
    "is_unloaded": False,
    "versions": [_VERSION],
}

VERSIONS: dict[str, Any] = {"items": [{**_VERSION, "metrics": _METRICS}], "next_cursor": None}

VERSION: dict[str, Any] = {
    **_VERSION,
    "model": "iris-keras",
    "run": {
        "id": EXAMPLE_RUN_ID,
        "preset": "iris-keras",
        "experiment": "iris-keras",
        "seed": 0,
        "initial_weights_run": None,
    },
    "data": _DATA,
    "metrics": {"epoch/train/loss": 0.1071, **_METRICS},
    "artifacts": ARTIFACTS,
    "links": {
        "run": f"/v1/runs/{EXAMPLE_RUN_ID}",
        "spec": f"/v1/runs/{EXAMPLE_RUN_ID}#/spec",
        "data": None,
        "predict": "/v1/models/iris-keras/versions/3:predict",
        "metadata": "/v1/models/iris-keras/versions/3/metadata",
    },
}

COMPARISON: dict[str, Any] = {
    "model": "iris-keras",
    "versions": [
        {**_VERSION, "version": 2, "aliases": [], "data": _DATA, "num_bytes": 1532},
        {**_VERSION, "data": _DATA, "num_bytes": 1532},
    ],
    "metrics": [
        {
            "key": "test/accuracy",
            "higher_is_better": True,
            "values": {"2": 0.9333, "3": 0.9667},
            "changes": [{"version": 3, "difference": 0.0334, "verdict": "better"}],
        },
        {
            "key": "test/loss",
            "higher_is_better": False,
            "values": {"2": 0.1324, "3": 0.1124},
            "changes": [{"version": 3, "difference": -0.02, "verdict": "better"}],
        },
    ],
    "spec": [{"pointer": "/training/epochs", "values": {"2": 60, "3": 100}}],
    "num_spec_differences": 1,
    "remarks": [],
}

DELETED_VERSION: dict[str, Any] = {
    "model": "iris-keras",
    "version": 3,
    "kept_run": EXAMPLE_RUN_ID,
    "deleted_aliases": ["champion"],
    "changed_aliases": [],
    "newest_version": 2,
    "num_deleted_files": 0,
}

DELETED_MODEL: dict[str, Any] = {
    "model": "iris-keras",
    "versions": [3],
    "kept_runs": [EXAMPLE_RUN_ID],
    "deleted_aliases": ["champion"],
    "num_deleted_files": 0,
}

UNKNOWN_MODEL = UnknownModel("There is no model 'iris-kera'. Did you mean 'iris-keras'?")

UNKNOWN_VERSION = UnknownModel("Model 'iris-keras' has no version 7. It has 3, 2, 1.")

VERSION_SERVED = VersionServed(
    "The alias 'champion' points to version 3 of model 'iris-keras'. Set it to another version or delete it "
    "(/v1/registry/models/iris-keras/aliases/champion), or delete the version with ?force=true, which takes it out of "
    "it."
)

MODEL_SERVED = VersionServed(
    "Model 'iris-keras' has the alias 'champion'. Delete it (/v1/registry/models/iris-keras/aliases/champion), or "
    "delete the model with ?force=true."
)

BAD_COMPARISON = InvalidParameter.at(
    "", "'3,3' came; expected two to 10 different versions, such as versions=2,3.", "bad_versions"
)
