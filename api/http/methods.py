"""Methods of paths: which a path has, and which of the routes a path with a verb belongs to."""

import re
from collections.abc import Iterable
from functools import cache

from fastapi import Request
from fastapi.routing import iter_route_contexts
from starlette._utils import get_route_path
from starlette.routing import BaseRoute, Route, compile_path

VERB = re.compile(r"(?P<resource>.*}):(?P<verb>\w+)")
"""Path of a route with a verb, such as /v1/runs/{run_id}:cancel."""


def separate_verbs(routes: Iterable[BaseRoute]) -> None:
    """Make `/things/{name}` not match `/things/NAME:verb` where that is another route, whatever the method.

    Otherwise GET of `/v1/runs/ID:cancel` would look for a run named `ID:cancel`, and answer 404 instead of 405. No name
    of a resource that has verbs contains a colon.
    """
    plain = [route for route in routes if isinstance(route, Route)]
    verbs: dict[str, set[str]] = {}
    for route in plain:
        if found := VERB.fullmatch(route.path):
            verbs.setdefault(found["resource"], set()).add(found["verb"])
    for route in plain:
        if route.path in verbs:
            route.path_regex = _exclude(route.path, tuple(sorted(verbs[route.path])))


@cache
def _exclude(path: str, verbs: tuple[str, ...]) -> re.Pattern[str]:
    """Return the pattern of a route's path, and of none that ends with one of these verbs.

    It is made from the path: apps of one process share their routes, and with them the pattern that is there.
    """
    pattern, _, _ = compile_path(path)
    others = "".join(f"(?<!:{verb})" for verb in verbs)
    return re.compile(pattern.pattern.removesuffix("$") + others + "$")


def find_allowed_methods(request: Request) -> str:
    """Return the value of an Allow header (RFC 9110 section 10.2.1) for the path of this request.

    The router itself names only the methods of the first route of the path.
    """
    path = get_route_path(request.scope)
    methods = {"OPTIONS"}
    for context in iter_route_contexts(request.app.routes):
        route = context.original_route
        # Mounts have no methods.
        if isinstance(route, Route) and route.path_regex.match(path):
            methods |= route.methods or set()
    if "GET" in methods:
        methods.add("HEAD")
    return ", ".join(sorted(methods))
