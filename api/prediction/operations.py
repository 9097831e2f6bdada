"""Operations of the prediction protocols: what the app answers, and what the OpenAPI document describes."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fastapi import Depends
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from api.auth.access import ScopeCheck
from api.openapi.operations import Resource
from api.prediction.calls import Call, Reply
from core.api_keys import Scope

Handler = Callable[[Call], Awaitable[Reply]]

MAX_REMEMBERED = 4096

MAX_REMEMBERED_LENGTH = 200


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation of a protocol.

    Attributes:
        method: HTTP method.
        path: Template of the path.
        operation_id: Id in the OpenAPI document.
        handler: Function that answers; its docstring is the description.
        description: Further arguments of `add_api_route`: summary, responses, parameters.
        needed: Scope that a key must have; None for everybody, on public paths.
    """

    method: str
    path: str
    operation_id: str
    handler: Handler
    description: Mapping[str, Any] = field(default_factory=dict)
    needed: Scope | None = Scope.PREDICT


class OperationTable:
    """Finds the operation of a request by method and path.

    Args:
        operations: All operations.
        routes: Routes of the app, among them those that describe the operations: they define which paths match.
    """

    def __init__(self, operations: Sequence[Operation], routes: Sequence[BaseRoute]) -> None:
        patterns = {
            (route.path, method): route.path_regex
            for route in routes
            if isinstance(route, Route)
            for method in route.methods or ()
        }
        self._patterns = [
            (operation.method, patterns[operation.path, operation.method], operation) for operation in operations
        ]
        self._found: dict[tuple[str, str], tuple[Operation, dict[str, str]]] = {}

    def find(self, method: str, path: str) -> tuple[Operation, dict[str, str]] | None:
        """Return the operation and the values of its path parameters; None if there is none."""
        found = self._found.get((method, path))
        if found is not None:
            return found
        for own_method, pattern, operation in self._patterns:
            match = pattern.match(path) if own_method == method else None
            if match is not None:
                found = operation, match.groupdict()
                self._remember(method, path, found)
                return found
        return None

    def _remember(self, method: str, path: str, found: tuple[Operation, dict[str, str]]) -> None:
        if len(path) > MAX_REMEMBERED_LENGTH:
            return
        if len(self._found) >= MAX_REMEMBERED:
            self._found.clear()
        self._found[method, path] = found


def describe_operations(resource: Resource, operations: Sequence[Operation]) -> None:
    """Add operations to a resource, for the OpenAPI document and for answers to other methods of their paths."""
    for operation in operations:
        resource.add_api_route(
            operation.path.removeprefix(resource.prefix),
            _answered_before(operation),
            methods=[operation.method],
            operation_id=operation.operation_id,
            dependencies=[] if operation.needed is None else [Depends(ScopeCheck(operation.needed))],
            **operation.description,
        )


def _answered_before(operation: Operation) -> Callable[[], Response]:
    """Return an endpoint with the description of an operation."""

    def answer() -> Response:
        raise RuntimeError(f"The request for {operation.path} was not answered by the prediction app.")

    answer.__doc__ = operation.handler.__doc__
    return answer
