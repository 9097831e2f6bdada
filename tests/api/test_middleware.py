"""Layers between the server and a route: one middleware, and one search for the route."""

import time
from collections import Counter

import pytest
from fastapi.routing import APIRoute
from sqlalchemy import event
from starlette.routing import Mount, Route

from api.datasets.forms import UploadRoute
from api.middleware import RequestMiddleware
from api.traced_requests import TracedRequests
from core.errors import DatabaseUnavailable


def test_two_layers_of_ours_stand_around_the_routes(client):
    assert [layer.cls for layer in client.app.user_middleware] == [RequestMiddleware, TracedRequests]


def test_no_function_of_the_start_runs_for_a_request(client, monkeypatch):
    def fail(*_):
        raise AssertionError("the start was reported again")

    monkeypatch.setattr("api.middleware.report_start", fail)
    assert client.get("/healthz").status_code == 200


def test_routes_stand_in_one_list(client):
    assert {type(route) for route in client.app.routes} == {APIRoute, UploadRoute, Route, Mount}


@pytest.mark.parametrize("path", ["/healthz", "/v1/models/nothing", "/v1/keys", "/v1/nothing", "/docs"])
def test_no_route_is_tried_twice_for_a_request(client, monkeypatch, path):
    tried = Counter()
    matches = APIRoute.matches

    def count(self, scope):
        tried[self.path, tuple(sorted(self.methods))] += 1
        return matches(self, scope)

    monkeypatch.setattr(APIRoute, "matches", count)
    client.get(path)
    assert set(tried.values()) <= {1}


@pytest.mark.parametrize(("path", "most"), [("/v1/models/nothing", 15), ("/healthz", 17)])
def test_routes_that_are_asked_often_are_tried_first(client, monkeypatch, path, most):
    tried = []
    matches = APIRoute.matches
    monkeypatch.setattr(APIRoute, "matches", lambda self, scope: tried.append(self) or matches(self, scope))
    client.get(path)
    assert len(tried) <= most


def test_head_is_answered_as_get_without_a_body(client):
    answer = client.head("/healthz")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")


def test_an_error_of_ours_outside_the_routes_is_a_problem_document(locked_client, admin_key, monkeypatch):
    async def fail(_self, _key):
        raise DatabaseUnavailable("The database does not answer.")

    monkeypatch.setattr("api.auth.authentication.Authenticator.identify", fail)
    answer = locked_client.get("/v1/runs", headers={"X-API-Key": admin_key})
    assert (answer.status_code, answer.json()["code"]) == (503, "database_unavailable")
    assert answer.headers["cache-control"] == "private"


def test_an_unknown_model_takes_four_statements(client):
    statements = count_statements(client.app.state.service.database)
    assert client.get("/v1/models/nothing").status_code == 404
    assert len([statement for statement in statements if statement.startswith("SELECT")]) == 4
    assert statements.count("BEGIN") == 2


def test_a_known_model_takes_no_statement(client, worker, iris):
    worker.register("iris", iris)
    rows = {"instances": [[1, 2, 3, 4]]}
    assert client.post("/v1/models/iris:predict", json=rows).status_code == 200
    service = client.app.state.service
    # Its report of the new version would have the model read once more.
    service.watch.stop()
    while service.models._due or service.models._reader is not None:
        time.sleep(0.01)
    statements = count_statements(service.database)
    for path in ("/v1/models/iris", "/v1/models/iris/versions/1/metadata"):
        assert client.get(path).status_code == 200
    assert client.post("/v1/models/iris/versions/1:predict", json=rows).status_code == 200
    assert statements == []


def test_a_run_is_read_in_one_session(client):
    path = client.post("/v1/runs", json={"preset": "perceptron-or"}).headers["location"]
    statements = count_statements(client.app.state.service.database)
    assert client.get(path).status_code == 200
    assert statements.count("BEGIN") == 1


def count_statements(database):
    """Every statement from now on."""
    statements = []
    event.listen(
        database.engine, "before_cursor_execute", lambda _c, _cursor, statement, *_: statements.append(statement)
    )
    return statements
