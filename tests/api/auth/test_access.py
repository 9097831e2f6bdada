"""Every route of the app, without a key and with keys of each scope."""

import re

import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from starlette.routing import Mount

from api.auth.access import PUBLIC_PATHS, READ, check_routes, is_public, needed_scopes
from api.http.parameters import EXAMPLE_RUN_ID
from api.http.problems import is_prediction
from api.middleware import RequestMiddleware
from core.api_keys import Scope, allows

PROBLEM = "application/problem+json"


def operations(app):
    """Method, a path that the route serves, and the scopes it needs."""
    for route in iter_route_contexts(app.routes):
        if isinstance(route.original_route, Mount):
            yield "GET", f"{route.path}/swagger-page.js", []
            continue
        path = route.path.replace("{run_id}", EXAMPLE_RUN_ID)
        for method in sorted(route.methods - {"HEAD"}):
            yield method, re.sub(r"{\w+(:\w+)?}", "1", path), needed_scopes(route)


def assert_rejected(answer, status):
    assert answer.status_code == status, answer.request.url
    assert answer.headers["www-authenticate"].startswith("Bearer ")
    if is_prediction(answer.request.url.path):
        assert list(answer.json()) == ["error"]
    else:
        assert answer.headers["content-type"] == PROBLEM
        assert answer.json()["status"] == status


def test_every_route_is_rejected_without_a_key_unless_it_is_public(locked_client):
    open_paths = set()
    for method, path, scopes in operations(locked_client.app):
        answer = locked_client.request(method, path)
        if scopes:
            assert_rejected(answer, 401)
        else:
            assert answer.status_code < 400, path
            open_paths.add(path)
    assert open_paths == {*PUBLIC_PATHS, "/static/swagger-page.js"}


@pytest.mark.parametrize("scope", list(Scope))
def test_a_key_opens_the_routes_of_its_scope_and_no_other(locked_client, keep_key, scope):
    # A stream of events that is asked to go on after an unknown one is refused, and does not last for ever.
    headers = {"Authorization": f"Bearer {keep_key(scope)}", "Last-Event-ID": "unknown"}
    num_open = 0
    for method, path, scopes in operations(locked_client.app):
        answer = locked_client.request(method, path, headers=headers)
        if all(allows([scope], needed) for needed in scopes):
            assert answer.status_code not in {401, 403, 500}, (method, path)
            num_open += bool(scopes)
        else:
            assert_rejected(answer, 403)
            assert f'scope="{scopes[0]}"' in answer.headers["www-authenticate"]
            assert f"the scope {scopes[0]}; yours has {scope}" in answer.text
    assert num_open > 0


def test_scopes_are_those_that_were_decided(client):
    by_scope = {scope: set() for scope in Scope}
    for route in iter_route_contexts(client.app.routes):
        for scope in needed_scopes(route):
            by_scope[scope] |= {f"{method} {route.path}" for method in route.methods}
    assert by_scope[Scope.METRICS] == {"GET /metrics"}
    assert by_scope[Scope.ADMIN] == {
        "DELETE /v1/runs/{run_id}",
        "DELETE /v1/batch-predictions/{batch_id}",
        "DELETE /v1/registry/models/{model}",
        "DELETE /v1/registry/models/{model}/versions/{version}",
        "DELETE /v1/datasets/{name}",
        "DELETE /v1/datasets/{name}/versions/{version}",
        "POST /v1/keys",
        "GET /v1/keys",
        "DELETE /v1/keys/{prefix}",
        "GET /v1/quotas",
        "GET /v1/quotas/{name}",
        "PATCH /v1/quotas/{name}",
        "POST /v1/retention:apply",
        "GET /v1/webhooks",
        "POST /v1/webhooks",
        "GET /v1/webhooks/{webhook_id}",
        "GET /v1/webhooks/{webhook_id}/deliveries",
        "POST /v1/webhooks/{webhook_id}:enable",
        "DELETE /v1/webhooks/{webhook_id}",
    }
    assert by_scope[Scope.SUBMIT] == {
        "POST /v1/runs",
        "POST /v1/runs:batch",
        "PATCH /v1/runs/{run_id}",
        "POST /v1/runs/{run_id}:retry",
        "POST /v1/runs/{run_id}:clone",
        "POST /v1/runs/{run_id}:continue",
        "POST /v1/runs/{run_id}:pause",
        "POST /v1/runs/{run_id}:resume",
        "POST /v1/dead-letters:retry",
        "POST /v1/runs/{run_id}:cancel",
        "POST /v1/models/{model}:batchPredict",
        "POST /v1/models/{model}/versions/{version}:batchPredict",
        "POST /v1/models/{model}/labels/{label}:batchPredict",
        "POST /v1/batch-predictions/{batch_id}:cancel",
        "POST /v1/datasets",
        "POST /v1/datasets/{name}/versions",
        "POST /v1/datasets/{name}/versions/{version}:reread",
        "POST /v1/registry/models/{model}/versions",
        "POST /v1/registry/models/{model}/aliases/{alias}:rollback",
        "PUT /v1/registry/models/{model}/aliases/{alias}",
        "DELETE /v1/registry/models/{model}/aliases/{alias}",
        "POST /v2/repository/models/{model}/load",
        "POST /v2/repository/models/{model}/unload",
    }
    explanations = {operation for operation in by_scope[Scope.PREDICT] if operation.endswith(":explain")}
    assert len(by_scope[Scope.PREDICT]) == 46 + len(explanations)
    assert len(explanations) == 3
    assert all(is_prediction(operation.split(" ")[1]) for operation in by_scope[Scope.PREDICT] - explanations)
    # These have long parameters, and change nothing.
    asking = {"POST /v1/specs:validate", "POST /v1/specs:code", "POST /v1/metrics:compare", "POST /v1/runs:compare"}
    assert asking <= by_scope[Scope.READ]
    assert by_scope[Scope.READ] - asking == {
        operation for operation in by_scope[Scope.READ] if operation.startswith("GET ")
    }


@pytest.mark.parametrize(
    "path",
    [
        "/v1",
        "/v1/nothing",
        "/v1/runs/",
        "/healthz/",
        "/healthz/x",
        "/docs/",
        "/static",
        "/Healthz",
        "/healthz;x",
        "/healthz%2F",
        "/openapi.json%20",
        "/.well-known/x",
        "/v1/models/iris",
        "/v3",
    ],
)
@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "POST", "TRACE", "BREW"])
def test_what_does_not_exist_is_closed_like_what_does(locked_client, method, path):
    assert locked_client.request(method, path).status_code == 401


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "PATCH"])
def test_no_method_of_a_closed_path_is_open(locked_client, method):
    assert locked_client.request(method, "/v1/runs").status_code == 401


@pytest.mark.parametrize("path", ["/static/../v1/runs", "/static/..%2fv1/runs", "/static//v1/runs", "/docs/../v1/runs"])
def test_nothing_is_reached_by_way_of_a_public_path(locked_client, path):
    # httpx resolves dots in a path itself; a raw one is what a hostile client sends.
    answer = locked_client.request("GET", locked_client.base_url.copy_with(raw_path=path.encode()))
    assert answer.status_code in {401, 404}
    assert "items" not in answer.text


def test_no_cache_gives_what_a_key_opened_to_others(locked_client, admin_key):
    for path in ("/v1/runs", "/v1/models/iris", "/v1/nothing"):
        assert locked_client.get(path, headers={"X-API-Key": admin_key}).headers["cache-control"] == "private"
        assert locked_client.get(path).headers["cache-control"] == "private"
    assert locked_client.get("/v1/keys", headers={"X-API-Key": admin_key}).headers["cache-control"] == "no-store"
    assert "cache-control" not in locked_client.get("/healthz").headers


def test_with_a_key_the_router_answers_as_usual(locked_client, admin_key):
    locked_client.headers["X-API-Key"] = admin_key
    assert locked_client.get("/v1/nothing").status_code == 404
    assert locked_client.patch("/v1/runs").status_code == 405
    assert locked_client.head("/v1/runs").status_code == 200


def test_without_keys_every_route_is_open(client):
    for method, path, _ in operations(client.app):
        # Without an unknown id, streams of events would last for ever.
        answer = client.request(method, path, headers={"Last-Event-ID": "unknown"})
        assert answer.status_code not in {401, 403}, path


def test_no_byte_of_a_body_is_read_before_the_key(locked_client):
    async def receive():
        raise AssertionError("the body was read")

    async def send(message):
        sent.append(message)

    sent = []
    service = locked_client.app.state.service
    middleware = RequestMiddleware(
        app=None,
        gate=service.gate,
        counts=service.instruments.requests,
    )
    scope = {"type": "http", "method": "POST", "path": "/v1/runs", "headers": [], "query_string": b""}
    locked_client.portal.call(middleware, scope, receive, send)
    assert sent[0]["status"] == 401


def test_below_a_prefix_the_same_paths_are_public(make_settings, admin_key):
    from starlette.testclient import TestClient  # noqa: PLC0415 - of use to this test alone.

    from api.app import create_app  # noqa: PLC0415

    app = create_app(make_settings(bootstrap_key=admin_key))
    with TestClient(app, base_url="http://127.0.0.1:8000", root_path="/trainyard") as client:
        assert client.get("/trainyard/healthz").status_code == 200
        assert client.get("/trainyard/v1/runs").status_code == 401


def test_a_route_without_a_scope_is_rejected_when_the_app_is_created():
    app = FastAPI(docs_url=None, redoc_url=None)
    check_routes(app)
    app.add_api_route("/v1/scoped", lambda: None, dependencies=[READ])
    check_routes(app)
    app.add_api_route("/v1/forgotten", lambda: None)
    with pytest.raises(RuntimeError, match="'/v1/forgotten' must either be"):
        check_routes(app)


def test_a_public_route_with_a_scope_is_rejected():
    app = FastAPI(docs_url=None, redoc_url=None)
    app.add_api_route("/healthz", lambda: None, dependencies=[READ])
    with pytest.raises(RuntimeError, match="'/healthz'"):
        check_routes(app)


@pytest.mark.parametrize("kind", ["mount", "websocket", "plain"])
def test_a_route_that_cannot_declare_a_scope_is_rejected_unless_public(kind):
    app = FastAPI(docs_url=None, redoc_url=None)
    match kind:
        case "mount":
            app.mount("/files", FastAPI())
        case "websocket":
            app.add_api_websocket_route("/files", lambda: None)
        case "plain":
            app.add_route("/files", lambda _: None)
    with pytest.raises(RuntimeError, match="'/files'"):
        check_routes(app)


def test_public_paths_are_few():
    assert len(PUBLIC_PATHS) == 8
    assert not is_public("/v1/runs")
    assert not is_public("/metrics")
