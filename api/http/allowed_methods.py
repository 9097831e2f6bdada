"""Which methods a path has, over all routes that share it."""

from fastapi.routing import iter_route_contexts
from starlette.requests import Request
from starlette.routing import compile_path


def find_allowed_methods(request: Request) -> str:
    """The value of an Allow header (RFC 9110 section 10.2.1) for the path of this request.

    The router itself names only the methods of the first route of the path.
    """
    path = request.scope["path"]
    methods: set[str] = set()
    for route in iter_route_contexts(request.app.routes):
        # Mounts and the like have no methods.
        if route.path is not None and route.methods and compile_path(route.path)[0].match(path):
            methods |= route.methods
    if "GET" in methods:
        methods.add("HEAD")
    return ", ".join(sorted(methods))
