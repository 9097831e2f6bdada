"""Protection from requests that pages of other sites send with a browser.

A service without keys trusts everyone who can reach it, and so can any page that a browser on this machine shows:

- A page may send requests to any address; it cannot read the response, but the request has been executed (cross-site
  request forgery). Browsers say where a request comes from in Sec-Fetch-Site (W3C Fetch Metadata), older ones in
  Origin (RFC 6454). Another port of this machine is another origin, and another program.
- The name of a page may resolve to 127.0.0.1 after it was loaded (DNS rebinding). To the browser it
  then is this service's own page, and may read responses; only the Host header still contains the name.

If keys are required, browsers do not send them by themselves, and proxies have names of their own: then only requests
of other sites that could change something are rejected.
"""

import re

from starlette.types import Scope

from api.http.errors import CrossSiteRequest, MisdirectedRequest
from core.errors import InvalidInput, TrainyardError
from core.settings import Settings, is_loopback

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

OWN_SITES = frozenset({b"same-origin", b"none"})

HOST = re.compile(rb"(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9._-]+))(?::[0-9]{0,5})?")
"""Name or address with or without a port (RFC 9110 section 7.2), with characters of host names only."""

MAX_HOST_LENGTH = 300
"""Names have at most 253 characters (RFC 1035 section 2.3.4)."""


class Origins:
    """Rejects requests from pages of other sites."""

    def __init__(self, settings: Settings) -> None:
        self._is_open = not settings.asks_for_keys
        self._own_names = settings.other_hosts | {settings.host.lower()}

    def rejection(self, scope: Scope) -> TrainyardError | None:
        """Return the error for a request that is rejected; None if it is accepted."""
        headers: dict[bytes, list[bytes]] = {}
        for name, value in scope["headers"]:
            headers.setdefault(name, []).append(value)
        site = headers.get(b"sec-fetch-site", [])
        if not self._is_open:
            is_foreign = b"cross-site" in site and scope["method"] not in SAFE_METHODS
            return cross_site_request() if is_foreign else None
        return (
            _reject_server(scope)
            or self._reject_host(headers.get(b"host", []))
            or _reject_site(scope["method"], site, headers)
        )

    def _reject_host(self, values: list[bytes]) -> TrainyardError | None:
        found = HOST.fullmatch(values[0]) if len(values) == 1 and len(values[0]) <= MAX_HOST_LENGTH else None
        if found is None:
            came = f"The request has {len(values)} Host headers" if len(values) != 1 else "The Host header is malformed"
            return InvalidInput(f"{came}. Send one that names this service, such as 127.0.0.1:8000.")
        name = (found[1] or found[2]).decode().lower().removesuffix(".")
        if name in self._own_names or is_loopback(name):
            return None
        return MisdirectedRequest(
            f"'{name[:80]}' is not a name of this service. Without API keys it accepts only its own names. "
            "Use 127.0.0.1 or localhost, or add the name to TRAINYARD_ALLOWED_HOSTS."
        )


def _reject_server(scope: Scope) -> TrainyardError | None:
    """Reject requests that arrive at an address other than loopback: the server listens where it should not."""
    address, port = scope.get("server") or (None, None)
    # Without a port it is a Unix socket.
    if address is None or port is None or is_loopback(address):
        return None
    return MisdirectedRequest(
        f"This service is configured without API keys, for its own machine alone, but it also listens on {address}. "
        "Set TRAINYARD_HOST to the address it listens on, and create a key."
    )


def _reject_site(method: str, site: list[bytes], headers: dict[bytes, list[bytes]]) -> TrainyardError | None:
    if site:
        is_own = len(site) == 1 and site[0] in OWN_SITES
        return None if is_own or _is_navigation(method, headers) else cross_site_request()
    origins = headers.get(b"origin", [])
    is_own = all(origin.partition(b"://")[2].lower() == headers[b"host"][0].lower() for origin in origins)
    return None if is_own else cross_site_request()


def _is_navigation(method: str, headers: dict[bytes, list[bytes]]) -> bool:
    """Return True if a person follows a link in a window, not in a frame; the linking page cannot read the response."""
    mode, destination = headers.get(b"sec-fetch-mode"), headers.get(b"sec-fetch-dest")
    return method == "GET" and mode == [b"navigate"] and destination == [b"document"]


def cross_site_request() -> CrossSiteRequest:
    """Return the error for a request from a page of another site."""
    return CrossSiteRequest(
        "This request was sent by a page of another site and is rejected. Open the address directly, or send the "
        "request without a browser."
    )
