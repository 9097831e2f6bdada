"""Rules that every operation of the document follows, whatever it is about."""

import re

import pytest

from api.app import create_app
from api.http.problems import PROBLEM_MEDIA_TYPE, is_prediction
from core.settings import Settings

DOCUMENT = create_app(Settings(database_url="sqlite:///unused.db")).openapi()

METHODS = ("get", "put", "post", "patch", "delete")

ASKS_FOR_A_STATE = re.compile(r".*:(cancel|pause)")
"""Verbs that ask for a state: asking again is the same, with or without a key."""

WHOLE_LISTS = {
    "/v1/presets": "ships with the service",
    "/v1/runs/{run_id}/metrics": "a run has a limited number of metrics",
    "/v1/runs/{run_id}/artifacts": "a run leaves a few files",
    "/v1/runs/{run_id}/checkpoints": "a run keeps three at most",
    "/v1/webhooks": "there are at most 100",
}
"""Lists that do not grow, by the reason."""

OPERATIONS = [
    pytest.param(path, method, operation, id=f"{method.upper()} {path}")
    for path, operations in DOCUMENT["paths"].items()
    for method, operation in operations.items()
    if method in METHODS
]

every_operation = pytest.mark.parametrize(("path", "method", "operation"), OPERATIONS)


def list_parameters(operation):
    return {parameter["name"] for parameter in operation.get("parameters", [])}


def list_headers(response):
    return set(response.get("headers", {}))


def creates(path, method, operation):
    accepts = {"201", "202"} & operation["responses"].keys()
    return method == "post" and accepts and not ASKS_FOR_A_STATE.fullmatch(path)


@every_operation
def test_errors_are_problem_documents(path, method, operation):
    # The readiness report says what is not ready; predictions speak their protocols.
    if is_prediction(f"{path}/") or path == "/readyz":
        return
    for status, response in operation["responses"].items():
        if status >= "400":
            assert PROBLEM_MEDIA_TYPE in response.get("content", {}), f"{method} {path}: {status}"


@every_operation
def test_answers_that_ask_to_come_back_say_when(path, method, operation):
    for status in {"429", "503"} & operation["responses"].keys():
        assert "Retry-After" in list_headers(operation["responses"][status]), f"{method} {path}: {status}"


@every_operation
def test_what_was_created_or_accepted_has_an_address(path, method, operation):
    for status in {"201", "202"} & operation["responses"].keys():
        assert "Location" in list_headers(operation["responses"][status]), f"{method} {path}: {status}"


@every_operation
def test_whatever_creates_can_be_repeated_safely(path, method, operation):
    if not creates(path, method, operation):
        return
    assert "Idempotency-Key" in list_parameters(operation), f"{method} {path}"
    for status, code in {"422": "idempotency_mismatch", "409": "idempotency_in_flight"}.items():
        assert code in str(operation["responses"][status]["content"]), f"{method} {path}: {code}"
    # A secret is never sent twice, so that its answer is not repeated.
    if path not in {"/v1/keys", "/v1/webhooks"}:
        (status,) = {"201", "202"} & operation["responses"].keys()
        assert "Idempotent-Replayed" in list_headers(operation["responses"][status]), f"{method} {path}"


@every_operation
def test_lists_that_grow_come_in_pages(path, method, operation):
    schema = operation["responses"].get("200", {}).get("content", {}).get("application/json", {}).get("schema", {})
    name = schema.get("$ref", "").rpartition("/")[2]
    fields = DOCUMENT["components"]["schemas"].get(name, {}).get("properties", {})
    if method != "get" or "items" not in fields or path in WHOLE_LISTS:
        return
    assert "next_cursor" in fields, f"{method} {path}"
    assert {"cursor", "limit"} <= list_parameters(operation), f"{method} {path}"


@every_operation
def test_changes_can_depend_on_what_was_read(path, method, operation):
    is_alias = method == "put" and "/aliases/" in path
    if method == "patch" or is_alias:
        assert "If-Match" in list_parameters(operation), f"{method} {path}"
        assert "412" in operation["responses"], f"{method} {path}"
        assert "ETag" in list_headers(operation["responses"]["200"]), f"{method} {path}"


@every_operation
def test_what_has_an_etag_can_be_asked_for_only_if_it_changed(path, method, operation):
    if method == "get" and "ETag" in list_headers(operation["responses"].get("200", {})):
        assert "304" in operation["responses"], f"{method} {path}"
        assert "If-None-Match" in list_parameters(operation), f"{method} {path}"


@every_operation
def test_every_operation_is_described_with_an_example(path, method, operation):
    assert operation["summary"]
    assert operation["description"]
    if "application/json" in operation.get("requestBody", {}).get("content", {}):
        body = operation["requestBody"]["content"]["application/json"]
        assert "example" in body or "examples" in body, f"{method} {path}"
