"""Allow and OPTIONS of every path of the document."""

import re

import pytest
from fastapi.routing import APIRoute, iter_route_contexts

from api.app import create_app
from api.http.parameters import EXAMPLE_RUN_ID

METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"]


@pytest.fixture
def paths(document):
    """Methods by path of the document, with names in place of parameters."""
    return {
        re.sub(r"{\w+}", lambda found: EXAMPLE_RUN_ID if found[0] == "{run_id}" else "a", path): {
            method.upper() for method in operations
        }
        for path, operations in document["paths"].items()
    }


def allowed(documented):
    return ", ".join(sorted(documented | {"OPTIONS"} | ({"HEAD"} if "GET" in documented else set())))


def test_options_returns_the_methods_that_the_document_has_for_the_path(client, paths):
    for path, documented in paths.items():
        answer = client.options(path)
        assert (answer.status_code, answer.content) == (204, b""), path
        assert answer.headers["allow"] == allowed(documented), path


def test_every_other_method_is_refused_with_the_methods_that_the_document_has(client, paths):
    for path, documented in paths.items():
        for method in set(METHODS) - set(allowed(documented).split(", ")):
            answer = client.request(method, path)
            assert answer.status_code == 405, (method, path)
            assert answer.headers["allow"] == allowed(documented), (method, path)


@pytest.mark.parametrize(
    ("path", "verb"),
    [
        (f"/v1/runs/{EXAMPLE_RUN_ID}:cancel", "POST"),
        ("/v1/models/iris:predict", "POST"),
        ("/v1/specs:validate", "POST"),
    ],
)
def test_a_path_with_a_verb_has_the_method_of_the_verb_alone(client, path, verb):
    answer = client.get(path)
    assert answer.status_code == 405
    assert answer.headers["allow"] == f"OPTIONS, {verb}"


def test_a_verb_that_no_route_has_is_part_of_a_name(client):
    answer = client.get("/v1/models/iris:paint")
    assert answer.status_code == 404
    assert "iris:paint" in answer.json()["error"]


def test_options_of_a_path_that_does_not_exist_is_not_found(client):
    assert client.options("/v1/nothing").status_code == 404


def test_options_needs_a_key_where_the_path_does(locked_client, admin_key):
    assert locked_client.options("/v1/runs").status_code == 401
    assert locked_client.options("/v1/runs", headers={"X-API-Key": admin_key}).status_code == 204


def test_patterns_of_paths_do_not_grow_with_the_number_of_apps(make_settings):
    """Apps of one process share their routes."""

    def measure():
        app = create_app(make_settings())
        routes = [context.original_route for context in iter_route_contexts(app.routes)]
        return sum(len(route.path_regex.pattern) for route in routes if isinstance(route, APIRoute))

    assert measure() == measure() > 1000
