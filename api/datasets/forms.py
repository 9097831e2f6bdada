"""Uploads in forms, as browsers and `curl -F` send them: the fields of the form are the route's query parameters."""

from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any
from urllib.parse import parse_qsl, urlencode

from fastapi import Request, Response
from fastapi.routing import APIRoute
from pydantic import BaseModel

from api.auth.access import ScopeCheck, needed_scopes
from api.datasets.intake import RECEIVED, TOO_LARGE_REMEDY, declared_bytes, received
from api.http.bodies import stream_body
from api.http.forms import FILE_FIELD, MAX_OVERHEAD_BYTES, MEDIA_TYPE, Form, is_form
from api.service import Service
from core.errors import InvalidInput, nearest

FILENAME = "filename"


class UploadRoute(APIRoute):
    """Route that takes a file as its body, or in a form if its description lists multipart/form-data.

    A form is read to its end, the file to the disk. Then the route handles a request with the form's fields added to
    its query, so that any of its query parameters may be a field, before the file or after it.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler of requests."""
        handle = super().get_route_handler()
        bodies = (self.openapi_extra or {}).get("requestBody", {}).get("content", {})
        if MEDIA_TYPE not in bodies:
            return handle

        names = _list_parameters(self)

        async def handle_upload(request: Request) -> Response:
            if not is_form(request.headers.get("content-type", "")):
                return await handle(request)
            # Before the body is read, as for other bodies.
            for scope in needed_scopes(self):
                await ScopeCheck(scope)(request)
            return await _handle_form(request, handle, names)

        return handle_upload


def _list_parameters(route: APIRoute) -> list[str]:
    """Return the names of a route's query parameters, of models too."""
    names: list[str] = []
    for parameter in route.dependant.query_params:
        model = parameter.field_info.annotation
        if isinstance(model, type) and issubclass(model, BaseModel):
            names += [field.alias or name for name, field in model.model_fields.items()]
        else:
            names.append(parameter.alias)
    return names


async def _handle_form(
    request: Request, handle: Callable[[Request], Awaitable[Response]], parameters: Sequence[str]
) -> Response:
    service: Service = request.app.state.service
    max_bytes = service.settings.max_dataset_bytes
    body = stream_body(request, max_bytes + MAX_OVERHEAD_BYTES, TOO_LARGE_REMEDY)
    form = Form(request.headers["content-type"], body, max_bytes, TOO_LARGE_REMEDY)
    async with received(service, form.stream_file(), max(0, declared_bytes(request) - MAX_OVERHEAD_BYTES)) as upload:
        scope = {**request.scope, "query_string": _add_fields(request, form, parameters), RECEIVED: upload}
        return await handle(Request(scope, request.receive))


def _add_fields(request: Request, form: Form, parameters: Sequence[str]) -> bytes:
    """Return the query of a request with the fields of its form, and the name of the file.

    Raises:
        InvalidInput: If a field is no parameter, or is in the query too.
    """
    query = parse_qsl(request.url.query, keep_blank_values=True)
    asked = {name for name, _ in query}
    for name, _ in form.fields:
        if name not in parameters:
            hint = nearest(name[:80], [*parameters, FILE_FIELD])
            raise InvalidInput.at("", f"The form has an unknown field '{name[:80]}'.{hint}", "unknown_field")
        if name in asked:
            raise InvalidInput.at(
                "", f"'{name[:80]}' is in the address and in the form. Send it in one of them.", "repeated_field"
            )
    fields = list(form.fields)
    if form.filename is not None and FILENAME not in asked.union(name for name, _ in fields):
        fields.append((FILENAME, form.filename))
    return urlencode([*query, *fields]).encode()
