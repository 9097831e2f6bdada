"""One message to a webhook: to an allowed host only, at an address that is checked, within a time."""

import asyncio
import json
import socket
import time
from collections.abc import Sequence
from dataclasses import asdict
from ipaddress import IPv4Address, IPv6Address, ip_address
from urllib.parse import urlsplit

import httpx

from core.errors import InvalidInput
from core.webhooks import AllowedHosts, sign
from db.webhooks import DueDelivery

TIMEOUT_SECONDS = 15.0
"""Longest time for one message, from the look-up of the name to the status of the response."""

EVENT_TYPE = "run.ended"

Address = IPv4Address | IPv6Address


class NotDelivered(Exception):
    """The message has not arrived.

    Attributes:
        status: HTTP status of the response; None if there was none.
    """

    def __init__(self, detail: str, status: int | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.status = status


async def deliver(due: DueDelivery, allowed: AllowedHosts) -> int:
    """Send a message; return the status of the response, 200 to 299.

    Raises:
        NotDelivered: If it has not arrived; the reason tells nothing of the response but its status.
    """
    try:
        allowed.check(due.url)
        async with asyncio.timeout(TIMEOUT_SECONDS):
            status = await _post(due)
    except InvalidInput as error:
        raise NotDelivered(error.detail) from error
    except TimeoutError as error:
        raise NotDelivered(f"There was no response within {TIMEOUT_SECONDS:g} s.") from error
    except (httpx.HTTPError, OSError) as error:
        raise NotDelivered(f"The connection failed: {str(error) or type(error).__name__}.") from error
    if not 200 <= status < 300:  # noqa: PLR2004 - RFC 9110, section 15.3
        moved = " Redirects are not followed: subscribe the new address." if 300 <= status < 400 else ""  # noqa: PLR2004 - RFC 9110, section 15.4
        raise NotDelivered(f"The response has the status {status}.{moved}", status)
    return status


def write_body(due: DueDelivery) -> bytes:
    """Return the body, as the specification of Standard Webhooks recommends: type, timestamp, data."""
    data = {
        "run_id": str(due.run_id),
        "state": due.state,
        "experiment": due.experiment,
        "model": due.model_name,
        "model_version": due.model_version,
        "preset": due.preset,
        "attempt": due.attempt,
        "error": None if due.error is None else asdict(due.error),
        "ended_at": due.ended_at.isoformat(),
        "link": f"/v1/runs/{due.run_id}",
    }
    return json.dumps({"type": EVENT_TYPE, "timestamp": due.ended_at.isoformat(), "data": data}).encode()


def write_headers(due: DueDelivery, body: bytes, now: int) -> dict[str, str]:
    """Return the headers of a message, which sign it."""
    # The same for each try, so that the receiver knows a repeated message.
    message_id = f"run-ended_{due.run_id}"
    return {
        "Content-Type": "application/json",
        "User-Agent": "Trainyard",
        "webhook-id": message_id,
        "webhook-timestamp": str(now),
        "webhook-signature": sign(due.secret, message_id, now, body),
    }


async def _post(due: DueDelivery) -> int:
    parts = urlsplit(due.url)
    name = str(parts.hostname)
    address = await _find_address(name, parts.port or (443 if parts.scheme == "https" else 80))
    shown = f"[{address}]" if isinstance(address, IPv6Address) else str(address)
    port = f":{parts.port}" if parts.port else ""
    # Connected to the very address that was checked: the name may mean another one by then. The certificate still
    # has to be one of the name.
    target = parts._replace(netloc=f"{shown}{port}").geturl()
    body = write_body(due)
    headers = write_headers(due, body, int(time.time())) | {"Host": f"{parts.netloc}"}
    async with (
        httpx.AsyncClient(follow_redirects=False, trust_env=False, timeout=TIMEOUT_SECONDS) as client,
        # The body of the response is not read.
        client.stream("POST", target, content=body, headers=headers, extensions={"sni_hostname": name}) as response,
    ):
        return response.status_code


async def _find_address(name: str, port: int) -> Address:
    """Return an address of a host.

    Raises:
        NotDelivered: If it has none that messages may go to.
    """
    try:
        # The operator has named this very address.
        return ip_address(name)
    except ValueError:
        pass
    found = await asyncio.get_running_loop().getaddrinfo(name, port, type=socket.SOCK_STREAM)
    return choose_address(name, [ip_address(str(sockaddr[0]).partition("%")[0]) for *_, sockaddr in found])


def choose_address(name: str, addresses: Sequence[Address]) -> Address:
    """Return the first address of a host.

    Raises:
        NotDelivered: If any is one of this machine or of its link, where services trust whoever reaches them.
    """
    for address in addresses:
        mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
        real = mapped or address
        is_local = real.is_loopback or real.is_link_local or real.is_multicast or real.is_unspecified
        if is_local and name != "localhost":
            raise NotDelivered(f"The name {name} means {real}, an address of this machine or its link.")
    return addresses[0]
