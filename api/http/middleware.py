"""What every request passes through before it reaches a route."""

from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.auth.origins import Origins
from api.http.errors import answer_error, answer_unexpected
from core.errors import InvalidInput, TrainyardError

STATUS = "trainyard.status"
"""Where in a request's ASGI scope the status of its answer stands once that has begun."""


class HeadAsGet:
    """Answers HEAD as GET; the server leaves the body out (RFC 9110 section 9.3.2).

    Outermost, for it is the one layer that hands on another scope than it was given: those within leave word for each
    other in it.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        if scope["type"] == "http" and scope["method"] == "HEAD":
            scope = {**scope, "method": "GET"}
        await self.app(scope, receive, send)


class Frame:
    """What holds for every request, whichever route it is for.

    - What a page of somebody else had a browser send is refused. Bodies are taken without a look at their
      Content-Type, so the browser's own check of cross-site requests does not apply to them.
    - An error that nothing else answered becomes a 500 that names an entry of the log.
    - The status of the answer, once it has begun, is left in the scope for the layers around this one.
    """

    def __init__(self, app: ASGIApp, origins: Origins) -> None:
        self.app = app
        self._origins = origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and answer for it if it fails."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_on(message: Message) -> None:
            if message["type"] == "http.response.start":
                scope[STATUS] = message["status"]
            await send(message)

        request = Request(scope, receive)
        refusal = _refuse_address(scope) or self._origins.refuse(scope)
        if refusal is not None:
            await answer_error(request, refusal)(scope, receive, send_on)
            return
        try:
            await self.app(scope, receive, send_on)
        except ClientDisconnect:
            # Nobody is left to answer.
            return
        except Exception as error:
            if STATUS in scope:
                raise
            await answer_unexpected(request, error)(scope, receive, send_on)


def _refuse_address(scope: Scope) -> TrainyardError | None:
    if "\x00" in scope["path"] or b"%00" in scope["query_string"]:
        # No name here holds it, and PostgreSQL takes no text with it.
        return InvalidInput("The address holds the character U+0000. Leave it out.")
    return None
