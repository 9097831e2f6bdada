"""A run in MLflow's terms: parameters, tags, metrics, status and times, within MLflow's limits."""

import json
import math
import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from trainyard.exports.mlflow_server import RUN_TAG
from trainyard.points import Point
from trainyard.resources.runs import RunSnapshot

MAX_KEY_LENGTH, MAX_PARAM_LENGTH, MAX_TAG_LENGTH = 250, 6000, 8000
"""Of mlflow/utils/validation.py."""
_NOT_IN_KEYS = re.compile(r"[^\w.\- /]", re.ASCII)

STATUSES = {
    "queued": "SCHEDULED",
    "running": "RUNNING",
    # MLflow has no pause: the run waits to be started again.
    "paused": "SCHEDULED",
    "succeeded": "FINISHED",
    "failed": "FAILED",
    "cancelled": "KILLED",
}
ATTEMPT_TAG = "trainyard.attempt"
POINTS_TAG = "trainyard.points"
"""Points of a curve that were asked for, `all` or the most."""
EXPORTED_TAG = "trainyard.exported"
"""Set at the end of an export of a run that has ended: everything is there."""
NOTE_TAG = "mlflow.note.content"


def make_params(spec: Any) -> dict[str, str]:
    """Return the fields of a spec by their paths, such as `network.layers.0.units`; null ones are left out."""
    return {clean_key(path): cut(text, MAX_PARAM_LENGTH) for path, text in _flatten(spec, "")}


def make_tags(run: RunSnapshot, service_url: str) -> dict[str, str]:
    """Return what is known of a run besides its spec; the client's own tags keep their names."""
    document: dict[str, Any] = dict(run.document)
    version = run.model_version
    given = {
        key if not key.startswith("mlflow.") else f"trainyard.tag.{key}": str(value)
        for key, value in (document.get("tags") or {}).items()
    }
    own = {
        RUN_TAG: run.id,
        "trainyard.url": f"{service_url}/v1/runs/{run.id}",
        "trainyard.state": run.state,
        ATTEMPT_TAG: str(run.attempt),
        "trainyard.model": run.model,
        "trainyard.model_version": None if version is None else str(version.version),
        "trainyard.preset": run.preset,
        "trainyard.device": run.device,
        "trainyard.error": None if run.error is None else run.error.detail,
        "mlflow.source.name": f"trainyard {service_url}",
        "mlflow.source.type": "JOB",
        "mlflow.user": document.get("submitted_by"),
        NOTE_TAG: document.get("notes"),
    }
    tags = given | {key: value for key, value in own.items() if value}
    return {clean_key(key): cut(value, MAX_TAG_LENGTH) for key, value in tags.items()}


def make_metric(point: Point) -> dict[str, Any]:
    """Return a point; numbers that JSON lacks as protocol buffers write them."""
    return {
        "key": clean_key(point.key),
        "value": point.value if math.isfinite(point.value) else _name_number(point.value),
        "timestamp": round(point.unix_seconds * 1000),
        "step": point.step,
    }


def to_milliseconds(moment: datetime | None) -> int | None:
    """Return a time as MLflow counts it."""
    return None if moment is None else round(moment.timestamp() * 1000)


def clean_key(key: str) -> str:
    """Return a key of the characters and the length that MLflow takes."""
    return _NOT_IN_KEYS.sub("_", key)[:MAX_KEY_LENGTH]


def cut(text: str, max_length: int) -> str:
    """Return a text, or its beginning with its length."""
    if len(text) <= max_length:
        return text
    end = f"… ({len(text):,} characters)"
    return text[: max_length - len(end)] + end


def _flatten(document: Any, path: str) -> Iterator[tuple[str, str]]:
    match document:
        case dict():
            for name, value in document.items():
                yield from _flatten(value, f"{path}.{name}" if path else name)
        case list() if any(isinstance(item, dict) for item in document):
            for index, item in enumerate(document):
                yield from _flatten(item, f"{path}.{index}")
        case None:
            pass
        case str():
            yield path, document
        case _:
            yield path, json.dumps(document, ensure_ascii=False)


def _name_number(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    return "Infinity" if value > 0 else "-Infinity"
