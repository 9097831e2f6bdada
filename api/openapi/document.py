"""OpenAPI document, with bodies that routes parse themselves and without the framework's errors."""

import json
from collections.abc import Sequence
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute, RouteContext, iter_route_contexts
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from api.auth.access import needed_scopes
from api.http.errors import InsufficientScope, KeyRejected, UnknownCredential
from api.http.schemas import PredictionError, ProblemDocument
from api.openapi.links import add_links
from api.openapi.operations import DATABASE_DOWN, SCHEMA_PREFIX, Resource
from api.openapi.reasons import describe_reasons
from api.openapi.statuses import add_errors, errors_of
from core.api_keys import Scope
from core.errors import QuotaExceeded
from core.specs.schema import InOrder, complete

DESCRIPTION = """\
Trainyard trains the Keras model of a spec, stores its metrics and serves its predictions.

```
curl -d '{"preset": "perceptron-or"}' http://127.0.0.1:8000/v1/runs
curl http://127.0.0.1:8000/v1/runs
curl -d '{"instances": [[0, 1], [1, 1]]}' http://127.0.0.1:8000/v1/models/perceptron-or:predict
```

A service that other machines can reach requires an API key: send it as `Authorization: Bearer KEY` or as
`X-API-Key: KEY`. Each operation names the scope that its key needs; `admin` includes all others.

Bodies are strict JSON (RFC 8259): unknown and repeated fields, NaN and infinities are rejected, whatever the
Content-Type. Errors are `application/problem+json` (RFC 9457); the prediction routes use TensorFlow Serving's form.
Times are RFC 3339 in UTC. NaN and infinite numbers are the strings `"NaN"`, `"Infinity"` and `"-Infinity"`,
except in predictions.
"""

ERROR_BODIES: Sequence[type[BaseModel]] = (ProblemDocument, PredictionError)

FRAMEWORK_SCHEMAS = ("HTTPValidationError", "ValidationError")

WAYS_TO_SEND_A_KEY = {
    "bearer": {
        "type": "http",
        "description": "`Authorization: Bearer KEY`",
        "scheme": "bearer",
        "bearerFormat": "ty_PREFIX_SECRET",
    },
    "header": {"type": "apiKey", "description": "`X-API-Key: KEY`", "in": "header", "name": "X-API-Key"},
}
"""Security schemes (OpenAPI 3.1 section 4.8.27); they give the docs page its Authorize button."""

NO_KEY = KeyRejected(
    "This request needs an API key. Send it as 'Authorization: Bearer KEY' or as 'X-API-Key: KEY'; the "
    "trainyard command reads it from TRAINYARD_KEY."
)

TOO_MANY_REQUESTS = QuotaExceeded(
    "The key 'ci' has sent the 600 requests that it may send in a minute. Try again in 1 s, or ask an administrator "
    "for more: trainyard quotas set NAME --max-requests-per-minute N.",
    "requests_per_minute",
    limit=600,
    used=600,
    retry_after_seconds=1,
)

REVOKED = UnknownCredential("The API key k3v9x2pa ('ci') was revoked at 2026-03-02 09:30 UTC. Ask for a new one.")


def install_openapi(app: FastAPI, resources: Sequence[Resource]) -> None:
    """Make `app.openapi()` return this document."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = build_openapi(app, resources)
        return app.openapi_schema

    # FastAPI's documented way to change the document.
    app.openapi = openapi  # type: ignore[method-assign]


def build_openapi(app: FastAPI, resources: Sequence[Resource]) -> dict[str, Any]:
    """Build the document of all routes of an app."""
    # Several modules may add to one resource.
    tags = {resource.tag: {"name": resource.tag, "description": resource.description} for resource in resources}
    document = get_openapi(
        title=app.title,
        version=app.version,
        summary=app.summary,
        description=f"{app.description}{describe_reasons()}",
        routes=app.routes,
        tags=list(tags.values()),
    )
    components: dict[str, Any] = document.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    bodies: list[type[BaseModel]] = [body for resource in resources for body in resource.bodies]
    _, definitions = models_json_schema(
        [(model, "validation") for model in (*bodies, *ERROR_BODIES)],
        ref_template=SCHEMA_PREFIX + "{model}",
        schema_generator=InOrder,
    )
    complete({}, definitions["$defs"])
    for definition in definitions["$defs"].values():
        for field in definition.get("properties", {}).values():
            _tell_default(field)
    schemas.update(definitions["$defs"])
    for name in FRAMEWORK_SCHEMAS:
        schemas.pop(name, None)
    components["securitySchemes"] = WAYS_TO_SEND_A_KEY
    for context in iter_route_contexts(app.routes):
        if isinstance(context.original_route, APIRoute) and context.include_in_schema:
            for method in context.methods or ():
                operation = document["paths"][context.path][method.lower()]
                _restore_examples(operation, context)
                _drop_framework_errors(operation)
                _describe_access(operation, context)
                add_errors(operation, *errors_of(operation, str(context.path)), path=str(context.path))
                add_links(operation)
                operation["responses"] = dict(sorted(operation["responses"].items()))
    return document


def _tell_default(field: dict[str, Any]) -> None:
    """Move a default that is an object of a union into the description: generators of clients refuse such defaults."""
    if isinstance(field.get("default"), dict) and not field.keys().isdisjoint({"anyOf", "oneOf"}):
        default = f"By default `{json.dumps(field.pop('default'))}`."
        field["description"] = f"{field['description']} {default}" if "description" in field else default


def _restore_examples(operation: dict[str, Any], route: RouteContext) -> None:
    """Restore the original examples: FastAPI removes every null from them."""
    for status, response in route.responses.items():
        _copy_examples(response, operation["responses"][str(status)])
    _copy_examples((route.openapi_extra or {}).get("requestBody", {}), operation.get("requestBody", {}))


def _describe_access(operation: dict[str, Any], route: RouteContext) -> None:
    """Document the required scope, and the responses to requests without it."""
    for scope in needed_scopes(route):
        operation["security"] = [{way: [scope.value]} for way in WAYS_TO_SEND_A_KEY]
        held = Scope.METRICS if scope != Scope.METRICS else Scope.READ
        # A key of the database is looked up whatever the route.
        errors = (NO_KEY, REVOKED, InsufficientScope(scope, [held]), DATABASE_DOWN, TOO_MANY_REQUESTS)
        add_errors(operation, *errors, path=str(route.path))


def _copy_examples(source: dict[str, Any], target: dict[str, Any]) -> None:
    for media_type, content in source.get("content", {}).items():
        for name in ("example", "examples"):
            if name in content:
                target["content"][media_type][name] = content[name]


def _drop_framework_errors(operation: dict[str, Any]) -> None:
    """Remove the response that FastAPI adds for invalid parameters, which is not in this service's form."""
    if FRAMEWORK_SCHEMAS[0] in str(operation["responses"].get("422", "")):
        del operation["responses"]["422"]
