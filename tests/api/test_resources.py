"""Every folder of api/ that holds a resource is whole: in the app, with routes, examples, a tag and scopes."""

from importlib import import_module
from pathlib import Path

import pytest
from fastapi.routing import APIRoute

import api
from api.app import RESOURCES
from api.auth.access import is_public, needed_scopes
from api.openapi.operations import SCHEMA_PREFIX, Resource

SHARED = {"auth", "http", "live", "monitoring", "openapi", "pictures", "prediction", "served_models"}
"""Folders that resources are made with."""

FOLDER = Path(api.__file__).parent

NAMES = sorted(path.name for path in FOLDER.iterdir() if (path / "__init__.py").is_file() and path.name not in SHARED)


@pytest.fixture(params=NAMES)
def name(request):
    return request.param


@pytest.fixture
def resource(name) -> Resource:
    router = import_module(f"api.{name}.routes").router
    assert isinstance(router, Resource), (
        f"api/{name}/routes.py: router has to be a Resource of api/openapi/operations.py"
    )
    return router


def test_a_resource_is_in_the_app(name, resource):
    assert any(listed is resource for listed in RESOURCES), (
        f"api.{name}.routes.router is missing in RESOURCES, api/app.py"
    )


def test_a_resource_has_examples(name):
    assert (FOLDER / name / "examples.py").is_file(), f"api/{name}/examples.py is missing"


def test_a_resource_has_a_tag_of_its_own_and_a_sentence_on_it(name, resource):
    assert resource.tag == name, f"api/{name}/routes.py: the tag is '{resource.tag}', not the name of the folder"
    assert resource.description.endswith("."), f"api/{name}/routes.py: the description is not a sentence"


def test_every_route_of_a_resource_needs_a_scope_or_is_public(name, resource):
    for route in resource.routes:
        assert is_public(route.path) != bool(needed_scopes(route)), f"api/{name}/routes.py: {route.path} has no scope"


def test_every_route_of_a_resource_answers_with_an_example(name, resource):
    for route in resource.routes:
        assert isinstance(route, APIRoute)
        hoped = route.responses[route.status_code or 200]
        is_file = route.openapi_extra is not None and "responses" in route.openapi_extra
        content = hoped.get("content", {}).values()
        has_example = any("example" in part or "examples" in part for part in content)
        assert has_example or is_file or route.status_code == 204, f"api/{name}: {route.path} has no example"


def test_bodies_that_routes_parse_themselves_are_declared(name, resource):
    declared = {body.__name__ for body in resource.bodies}
    for route in resource.routes:
        for content in (route.openapi_extra or {}).get("requestBody", {}).get("content", {}).values():
            reference = content["schema"].get("$ref")
            if reference is not None:
                body = reference.removeprefix(SCHEMA_PREFIX)
                assert body in declared, f"api/{name}/routes.py: {body} is missing in the bodies of the Resource"


def test_nothing_in_the_app_is_listed_twice():
    assert len({resource.tag for resource in RESOURCES}) == len(RESOURCES) == len(NAMES)
