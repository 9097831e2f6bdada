"""Requests of the soak in every form, and what is wrong with an answer."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import orjson

from benchmarks.serving.judging import OK, Head, Outputs
from benchmarks.serving.soak.versions import constant_of
from benchmarks.serving.wire import JSON_LENGTH_HEADER, V1, V2, V2_BINARY, Form, Rows

VERSION_HEADER = "x-model-version"


@dataclass(frozen=True, slots=True)
class Answer:
    """Answer of the service.

    Attributes:
        status: Status code.
        headers: By name in lower case.
        body: The bytes.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def head(self) -> Head:
        """The head as the forms read it."""
        length = self.headers.get(JSON_LENGTH_HEADER.lower())
        return Head(self.status, len(self.body), None if length is None else int(length))


@dataclass(frozen=True, slots=True)
class SoakForm:
    """Form of requests, with the ways of that protocol to name a version.

    Attributes:
        form: Form of rows and outputs.
        paths: Address by kind: `newest`, `version` and, where the protocol has it, `alias`.
        read_version: Reads the version that an answer names.
    """

    form: Form
    paths: Mapping[str, str]
    read_version: Callable[[Answer], int]


def _version_of_header(answer: Answer) -> int:
    return int(answer.headers[VERSION_HEADER])


def _version_of_document(answer: Answer) -> int:
    return int(orjson.loads(answer.body[: answer.head.json_length])["model_version"])


V1_PATHS = {
    "newest": "/v1/models/{model}:predict",
    "version": "/v1/models/{model}/versions/{version}:predict",
    "alias": "/v1/models/{model}/labels/{alias}:predict",
}
V2_PATHS = {"newest": "/v2/models/{model}/infer", "version": "/v2/models/{model}/versions/{version}/infer"}

SOAK_FORMS = {
    "v1": SoakForm(V1, V1_PATHS, _version_of_header),
    "v2": SoakForm(V2, V2_PATHS, _version_of_document),
    "v2-binary": SoakForm(V2_BINARY, V2_PATHS, _version_of_document),
}


def find_error(form: SoakForm, answer: Answer, rows: Rows, number: int, allowed: set[int]) -> str | None:
    """Return what is wrong with an answer; None for a right one.

    Args:
        form: Form of the request.
        answer: Its answer.
        rows: Rows that were sent.
        number: Number of the model.
        allowed: Versions that may have answered.
    """
    if answer.status != OK:
        return f"status {answer.status}: {answer.body[:200].decode(errors='replace')}"
    try:
        version = form.read_version(answer)
        outputs: Outputs = form.form.decode(answer.body, answer.head)
    except (ValueError, KeyError, TypeError) as error:
        return f"unreadable answer: {error!r}"
    if version not in allowed:
        return f"version {version} answered, where only {sorted(allowed)} may"
    expected = np.stack([rows[:, 0], np.full(len(rows), constant_of(number, version), np.float32)], axis=1)
    if outputs.shape != expected.shape or not np.array_equal(outputs, expected):
        return f"wrong outputs of version {version}: {outputs.tolist()[:2]}, where {expected.tolist()[:2]} is right"
    return None
