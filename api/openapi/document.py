"""The OpenAPI document, with the bodies that we parse ourselves and without the framework's own errors."""

from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute, RouteContext, iter_route_contexts
from pydantic.json_schema import models_json_schema

from api.auth import examples as access_examples
from api.auth.access import needed_scopes
from api.http.errors import PROBLEM_MEDIA_TYPE, build_problem, is_prediction
from api.http.schemas import PredictionError, ProblemDocument
from api.keys.schemas import KeyRequest
from api.openapi.operations import SCHEMA_PREFIX, describe_errors
from api.registry.schemas import AliasRequest
from api.runs.schemas import RunRequest, SpecRequest

DESCRIPTION = """\
Trainyard trains the Keras model that a spec describes, keeps its metrics and answers predictions with it.

```
curl -d '{"preset": "perceptron-or"}' http://127.0.0.1:8000/v1/runs
curl http://127.0.0.1:8000/v1/runs
curl -d '{"instances": [[0, 1], [1, 1]]}' http://127.0.0.1:8000/v1/models/perceptron-or:predict
```

A service that other machines can reach asks for an API key: send it as `Authorization: Bearer KEY` or as
`X-API-Key: KEY`. Each operation names the scope that its key needs; `admin` includes all others.

Bodies are strict JSON (RFC 8259): unknown and repeated fields, NaN and infinities are refused, whatever the
Content-Type. Errors are `application/problem+json` (RFC 9457); the prediction routes speak TensorFlow Serving's form.
Times are RFC 3339 in UTC. Numbers that turn out to be NaN or infinite are sent as null, except in predictions.
"""

TAGS = [
    {"name": "runs", "description": "Submit runs, follow, cancel and delete them."},
    {"name": "metrics", "description": "Curves of a run, in numbers and in points."},
    {"name": "artifacts", "description": "Files that a run left behind, its log, and what it ran on."},
    {"name": "specs", "description": "Check what can be run before running it."},
    {"name": "presets", "description": "The catalogue of specs that are ready to run."},
    {"name": "experiments", "description": "Named groups of runs."},
    {"name": "registry", "description": "Versions of models, and the aliases on them."},
    {"name": "prediction", "description": "TensorFlow Serving's REST interface; its clients work unmodified."},
    {"name": "datasets", "description": "What specs can learn from."},
    {"name": "keys", "description": "API keys: who may use the service, and for what."},
    {"name": "health", "description": "Whether the service works."},
]

BODY_MODELS = (RunRequest, SpecRequest, AliasRequest, KeyRequest, ProblemDocument, PredictionError)

FRAMEWORK_SCHEMAS = ("HTTPValidationError", "ValidationError")


def install_openapi(app: FastAPI) -> None:
    """Make this the document that `app.openapi()` gives."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = build_openapi(app)
        return app.openapi_schema

    # FastAPI's documented way to change the document.
    app.openapi = openapi  # type: ignore[method-assign]


def build_openapi(app: FastAPI) -> dict[str, Any]:
    """Describe every route of an app."""
    document = get_openapi(
        title=app.title,
        version=app.version,
        summary=app.summary,
        description=app.description,
        routes=app.routes,
        tags=app.openapi_tags,
    )
    schemas: dict[str, Any] = document.setdefault("components", {}).setdefault("schemas", {})
    _, definitions = models_json_schema(
        [(model, "validation") for model in BODY_MODELS], ref_template=SCHEMA_PREFIX + "{model}"
    )
    schemas.update(definitions["$defs"])
    for name in FRAMEWORK_SCHEMAS:
        schemas.pop(name, None)
    for path in document["paths"].values():
        for operation in path.values():
            _tell_invalid_parameters(operation)
    for context in iter_route_contexts(app.routes):
        if isinstance(context.original_route, APIRoute) and context.include_in_schema:
            for method in context.methods or ():
                operation = document["paths"][context.path][method.lower()]
                _restore_examples(operation, context)
                _tell_refusals(operation, context)
    return document


def _restore_examples(operation: dict[str, Any], route: RouteContext) -> None:
    """Put examples in again as they were written: FastAPI leaves out every null in them."""
    for status, response in route.responses.items():
        _copy_examples(response, operation["responses"][str(status)])
    _copy_examples((route.openapi_extra or {}).get("requestBody", {}), operation.get("requestBody", {}))


def _tell_refusals(operation: dict[str, Any], route: RouteContext) -> None:
    """Say what a request without the right key is answered with, where keys are asked for."""
    for scope in needed_scopes(route):
        refusals = describe_errors(
            access_examples.NO_KEY,
            access_examples.REVOKED,
            access_examples.not_enough(scope),
            is_prediction=is_prediction(str(route.path)),
        )
        operation["responses"] |= {str(status): answer for status, answer in refusals.items()}
    operation["responses"] = dict(sorted(operation["responses"].items()))


def _copy_examples(source: dict[str, Any], target: dict[str, Any]) -> None:
    for media_type, content in source.get("content", {}).items():
        for name in ("example", "examples"):
            if name in content:
                target["content"][media_type][name] = content[name]


def _tell_invalid_parameters(operation: dict[str, Any]) -> None:
    """Say in our form what FastAPI says in its own: that parameters may be invalid."""
    answer = operation["responses"].get("422")
    if answer is None or FRAMEWORK_SCHEMAS[0] not in str(answer):
        return
    del operation["responses"]["422"]
    query = next((parameter for parameter in operation["parameters"] if parameter["in"] == "query"), None)
    if query is not None:
        detail = f"There is no query parameter '{query['name']}s' here. Did you mean '{query['name']}'?"
        example = build_problem(HTTPStatus.UNPROCESSABLE_ENTITY, detail, "invalid_parameter")
        operation["responses"]["422"] = {
            "description": "Unprocessable Entity: invalid_parameter.",
            "content": {
                PROBLEM_MEDIA_TYPE: {"schema": {"$ref": SCHEMA_PREFIX + "ProblemDocument"}, "example": example}
            },
        }
    operation["responses"] = dict(sorted(operation["responses"].items()))
