"""Requests that a page of another site may have a browser send.

A service that asks for no keys trusts whoever can reach it, and a browser on this machine can, for any page it shows:

- A page may send requests to any address; what comes back is kept from it, but what was done is done (cross-site
  request forgery). Browsers say where a request comes from in Sec-Fetch-Site (W3C Fetch Metadata), older ones in
  Origin (RFC 6454). Another port of this machine is another origin, and another program.
- A page may have the name it came from resolve to 127.0.0.1 after it was loaded (DNS rebinding). To the browser it
  then is this service's own page, and may read answers; only the Host header still tells the name.

Where keys are asked for no browser sends one by itself, and proxies have names of their own: there only requests of
other sites that could change something are rejected.
"""

import re

from starlette.types import Scope

from api.http.errors import CrossSiteRequest, MisdirectedRequest
from core.errors import InvalidInput, TrainyardError
from core.settings import Settings, is_loopback

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

OWN_SITES = frozenset({b"same-origin", b"none"})

HOST = re.compile(rb"(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9._-]+))(?::[0-9]{0,5})?")
"""Name or address with or without a port (RFC 9110 section 7.2), without what no host's name has."""

MAX_HOST_LENGTH = 300
"""Names have at most 253 characters (RFC 1035 section 2.3.4)."""


class Origins:
    """Rejects requests that a page of another site had a browser send."""

    def __init__(self, settings: Settings) -> None:
        self._is_open = not settings.asks_for_keys
        self._own_names = settings.other_hosts | {settings.host.lower()}

    def rejection(self, scope: Scope) -> TrainyardError | None:
        """Return why a request is not answered; None if it is."""
        headers: dict[bytes, list[bytes]] = {}
        for name, value in scope["headers"]:
            headers.setdefault(name, []).append(value)
        site = headers.get(b"sec-fetch-site", [])
        if not self._is_open:
            is_foreign = b"cross-site" in site and scope["method"] not in SAFE_METHODS
            return _cross_site() if is_foreign else None
        return (
            _reject_server(scope)
            or self._reject_host(headers.get(b"host", []))
            or _reject_site(scope["method"], site, headers)
        )

    def _reject_host(self, values: list[bytes]) -> TrainyardError | None:
        found = HOST.fullmatch(values[0]) if len(values) == 1 and len(values[0]) <= MAX_HOST_LENGTH else None
        if found is None:
            came = f"{len(values)} Host headers came" if len(values) != 1 else "The Host header is malformed"
            return InvalidInput(f"{came}. Send one that names this service, such as 127.0.0.1:8000.")
        name = (found[1] or found[2]).decode().lower().removesuffix(".")
        if name in self._own_names or is_loopback(name):
            return None
        return MisdirectedRequest(
            f"'{name[:80]}' is not a name of this service, which asks for no keys and answers only to its own. "
            "Ask for 127.0.0.1 or localhost; or add the name to TRAINYARD_ALLOWED_HOSTS."
        )


def _reject_server(scope: Scope) -> TrainyardError | None:
    """Reject what came by another address than a loopback one: the server listens where it should not."""
    address, port = scope.get("server") or (None, None)
    # Without a port it is a socket in the file system.
    if address is None or port is None or is_loopback(address):
        return None
    return MisdirectedRequest(
        f"This service asks for no keys, for it is set up to be reached from its own machine alone; yet it listens on "
        f"{address} as well. Set TRAINYARD_HOST to the address it listens on, and make a key."
    )


def _reject_site(method: str, site: list[bytes], headers: dict[bytes, list[bytes]]) -> TrainyardError | None:
    if site:
        is_own = len(site) == 1 and site[0] in OWN_SITES
        return None if is_own or _is_navigation(method, headers) else _cross_site()
    origins = headers.get(b"origin", [])
    is_own = all(origin.partition(b"://")[2].lower() == headers[b"host"][0].lower() for origin in origins)
    return None if is_own else _cross_site()


def _is_navigation(method: str, headers: dict[bytes, list[bytes]]) -> bool:
    """Return whether a person follows a link to here in a window, not in a frame: its page learns nothing."""
    mode, destination = headers.get(b"sec-fetch-mode"), headers.get(b"sec-fetch-dest")
    return method == "GET" and mode == [b"navigate"] and destination == [b"document"]


def _cross_site() -> CrossSiteRequest:
    return CrossSiteRequest(
        "A page that is not this service's had a browser send this, which is not answered. Open the address itself, "
        "or send the request without a browser."
    )
