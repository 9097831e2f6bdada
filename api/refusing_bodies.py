"""How a request is refused whose body is too large to be read."""

import anyio
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

LINGER_SECONDS = 10.0
"""How long the rest of a refused body is taken in and thrown away."""


class RefusedBodyResponse(Response):
    """An answer that comes before the request has been sent to its end, and closes the connection.

    Closing at once would reset the connection under a client that is still sending, and the answer would be lost
    with it. So what is left is read and dropped for a while (RFC 9112 section 9.6); no memory is kept for it.
    """

    async def __call__(self, _scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, let the client finish, and close."""
        self.headers["Connection"] = "close"
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        await send({"type": "http.response.body", "body": self.body, "more_body": True})
        with anyio.move_on_after(LINGER_SECONDS):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect" or not message.get("more_body", False):
                    break
        await send({"type": "http.response.body", "body": b"", "more_body": False})
        if self.background is not None:
            await self.background()
