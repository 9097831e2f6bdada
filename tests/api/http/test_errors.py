import logging

import pytest

from api.http.errors import STATUSES, status_of
from core import errors
from db.session import Database

PROBLEM = "application/problem+json"


def all_errors(kind=errors.TrainyardError):
    yield kind
    for child in kind.__subclasses__():
        yield from all_errors(child)


def test_every_class_of_the_family_has_a_status():
    assert errors.TrainyardError in STATUSES
    assert {kind.code: status_of(kind).value for kind in all_errors() if kind.__module__ == "core.errors"} == {
        "error": 500,
        "invalid_input": 400,
        "invalid_spec": 422,
        "invalid_batch_prediction": 422,
        "over_limit": 422,
        "invalid_instances": 400,
        "body_too_large": 413,
        "idempotency_mismatch": 422,
        "not_found": 404,
        "unknown_run": 404,
        "unknown_preset": 404,
        "unknown_model": 404,
        "unknown_experiment": 404,
        "unknown_artifact": 404,
        "unknown_batch_prediction": 404,
        "unknown_key": 404,
        "unknown_dataset": 404,
        "unknown_dataset_version": 404,
        "conflict": 409,
        "version_served": 409,
        "not_better": 409,
        "nothing_before": 409,
        "illegal_move": 409,
        "idempotency_in_flight": 409,
        "secret_not_kept": 409,
        "attempt_fenced": 409,
        "dataset_missing": 409,
        "invalid_filter": 400,
        "invalid_change": 422,
        "priority_too_high": 422,
        "too_many_points": 400,
        "unknown_metric": 404,
        "unknown_webhook": 404,
        "epochs_unknown": 409,
        "quota_exceeded": 429,
        "training_failed": 500,
        "loss_not_finite": 500,
        "no_trainer": 500,
        "export_mismatch": 500,
        "trainer_lost": 500,
        "predictor_lost": 500,
        "artifact_corrupt": 500,
        "checkpoint_unusable": 500,
        "curve_corrupt": 500,
        "storage_refused": 503,
        "storage_unavailable": 503,
        "unavailable": 503,
        "database_unavailable": 503,
        "broker_unavailable": 503,
        "server_busy": 503,
        "deadline_exceeded": 504,
        "invalid_setup": 500,
        "database_newer": 500,
        "database_outdated": 500,
    }


def test_a_path_that_does_not_exist_is_reported_as_a_problem(client):
    answer = client.get("/v1/nothing")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == PROBLEM
    assert answer.json() == {
        "type": "about:blank",
        "title": "Not Found",
        "status": 404,
        "detail": "The path /v1/nothing does not exist. GET /openapi.json lists all paths.",
        "code": "unknown_path",
        "errors": [],
    }


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PATCH", "/v1/runs", "GET, HEAD, OPTIONS, POST"),
        ("POST", "/v1/runs/01935a3f-2d4c-7e21-9c1b-5a1f4e0d7b62", "DELETE, GET, HEAD, OPTIONS, PATCH"),
        ("GET", "/v1/specs:validate", "OPTIONS, POST"),
        ("POST", "/v1/registry/models/iris/aliases/best", "DELETE, GET, HEAD, OPTIONS, PUT"),
        ("POST", "/healthz", "GET, HEAD, OPTIONS"),
    ],
)
def test_a_method_that_a_path_does_not_have_is_answered_with_those_it_has(client, method, path, allowed):
    answer = client.request(method, path)
    assert answer.status_code == 405
    assert answer.headers["allow"] == allowed
    assert answer.headers["content-type"] == PROBLEM
    assert answer.json()["code"] == "method_not_allowed"


@pytest.mark.parametrize(("method", "path"), [("GET", "/v1/models/iris:predict"), ("GET", "/v1/models/a/b/c")])
def test_the_prediction_routes_return_the_routers_errors_in_their_own_form(client, method, path):
    answer = client.request(method, path)
    assert answer.status_code in {404, 405}
    assert answer.headers["content-type"] == "application/json"
    assert list(answer.json()) == ["error"]


@pytest.mark.parametrize(
    ("query", "code", "words"),
    [
        ("stat=queued", "unknown_parameter", "Did you mean 'state'?"),
        ("limit=0", "greater_than_equal", "'limit': '0' came"),
        ("limit=1001", "less_than_equal", "less than or equal to 1000"),
        ("limit=ten", "int_parsing", "'limit': 'ten' came"),
        ("state=done", "enum", "'queued', 'running', 'paused', 'succeeded', 'failed' or 'cancelled'"),
    ],
)
def test_query_parameters_that_are_wrong_are_named(client, query, code, words):
    answer = client.get(f"/v1/runs?{query}")
    assert answer.status_code == 422
    assert answer.headers["content-type"] == PROBLEM
    body = answer.json()
    assert body["code"] == "invalid_parameter"
    assert [entry["code"] for entry in body["errors"]] == [code]
    assert words in body["detail"]


def test_head_is_answered_as_get_without_a_body(client):
    answer = client.head("/v1/runs")
    assert answer.status_code == 200
    assert answer.headers["content-length"] == str(len(client.get("/v1/runs").content))


@pytest.mark.parametrize("path", ["/v1/presets/a%00b", "/v1/models/a%00b:predict", "/v1/runs?experiment=%00"])
def test_an_address_with_a_nul_character_is_rejected(client, path):
    assert client.post(path).status_code == 400


def test_an_unexpected_error_is_logged_under_an_id_and_not_disclosed(client, monkeypatch, caplog):
    def fail(*_):
        raise RuntimeError("secret password")

    monkeypatch.setattr("api.presets.routes.get_preset", fail)
    with caplog.at_level(logging.ERROR):
        answer = client.get("/v1/presets/perceptron-or")
    assert answer.status_code == 500
    assert answer.headers["content-type"] == PROBLEM
    body = answer.json()
    assert body["code"] == "internal_error"
    assert "secret" not in answer.text
    assert "RuntimeError" not in answer.text
    occurrence = body["instance"].removeprefix("urn:uuid:")
    assert occurrence in body["detail"]
    logged = [record for record in caplog.records if occurrence in record.getMessage()]
    assert len(logged) == 1
    assert "secret password" in str(logged[0].exc_info[1])


def test_an_unexpected_error_in_a_prediction_has_the_form_of_that_surface(client, monkeypatch):
    def fail(*_):
        raise RuntimeError("secret password")

    monkeypatch.setattr("api.tensorflow_serving.handlers.read_address", fail)
    answer = client.post("/v1/models/iris:predict", content=b"{}")
    assert answer.status_code == 500
    assert list(answer.json()) == ["error"]
    assert "secret" not in answer.text


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/v1/runs"), ("POST", "/v1/models/iris:predict"), ("GET", "/v1/registry/models"), ("POST", "/v1/runs")],
)
def test_a_database_that_does_not_answer_is_reported_as_unavailable(client, monkeypatch, method, path):
    def fail(_):
        raise errors.DatabaseUnavailable("The database does not answer: connection refused. Try again.")

    monkeypatch.setattr(Database, "reading", fail)
    monkeypatch.setattr(Database, "transaction", fail)
    answer = client.request(method, path, content=b'{"preset": "perceptron-or"}' if method == "POST" else None)
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) >= 1
    body = answer.json()
    assert "connection refused" in (body["error"] if "models/iris" in path else body["detail"])
