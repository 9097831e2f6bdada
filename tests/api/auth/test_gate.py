"""Requests like one that was accepted are accepted without another look, and no others."""

import asyncio
import time

import pytest

from core.errors import DatabaseUnavailable, TrainyardError
from db import api_keys
from db.session import Database

HOST = (b"host", b"127.0.0.1:8000")


@pytest.fixture
def locked(locked_client):
    return locked_client.app.state.service


def admit(gate, *headers, path="/v1/models/iris:predict", query=b"", server=("127.0.0.1", 8000)):
    """The caller of a request, or the code of the error."""
    scope = {"type": "http", "method": "POST", "path": path, "query_string": query, "server": server}
    scope["headers"] = [HOST, *headers] if all(name != b"host" for name, _ in headers) else list(headers)
    try:
        return asyncio.run(gate.admit(scope, dict(scope["headers"]))).name
    except TrainyardError as error:
        return error.code


def test_an_accepted_request_is_not_checked_again(locked, admin_key, monkeypatch):
    bearer = (b"authorization", b"Bearer " + admin_key.encode())
    assert admit(locked.gate, bearer) == "bootstrap"

    async def fail(_):
        raise AssertionError("it was checked again")

    monkeypatch.setattr(type(locked.gate), "check", fail)
    assert admit(locked.gate, bearer) == "bootstrap"
    assert admit(locked.gate, bearer, path="/v2/models/iris/infer", query=b"labels=true") == "bootstrap"


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ([], "key_refused"),
        ([(b"authorization", b"Bearer nothing")], "unknown_credential"),
        ([(b"x-api-key", b"nothing")], "unknown_credential"),
        ([(b"authorization", b"Basic KEY")], "unknown_credential"),
        ([(b"authorization", b"Bearer KEY"), (b"x-api-key", b"other")], "unknown_credential"),
        ([(b"authorization", b"Bearer KEY"), (b"authorization", b"Bearer KEY")], "unknown_credential"),
        ([(b"authorization", b"Bearer KEY"), (b"sec-fetch-site", b"cross-site")], "cross_site_request"),
    ],
)
def test_what_differs_from_an_accepted_request_is_checked(locked, admin_key, headers, code):
    assert admit(locked.gate, (b"authorization", b"Bearer " + admin_key.encode())) == "bootstrap"
    given = [(name, value.replace(b"KEY", admin_key.encode())) for name, value in headers]
    assert admit(locked.gate, *given) == code


def test_a_revoked_key_is_not_accepted_any_more(locked, keep_key):
    key = keep_key("predict", name="revoked")
    header = (b"x-api-key", key.encode())
    assert admit(locked.gate, header) == "revoked"
    prefix = key.split("_")[1]
    with locked.database.transaction() as session:
        api_keys.revoke(session, prefix, keep_an_admin=False)
    locked.authenticator.forget(prefix)
    assert admit(locked.gate, header) == "unknown_credential"


@pytest.mark.parametrize("server", [("192.0.2.7", 8000)])
def test_another_address_or_host_is_checked_where_no_keys_are_asked_for(client, server):
    gate = client.app.state.service.gate
    assert admit(gate) == "anybody"
    assert admit(gate) == "anybody"
    assert admit(gate, server=server) == "misdirected_request"
    assert admit(gate, (b"host", b"example.org")) == "misdirected_request"
    assert admit(gate, HOST, HOST) == "invalid_input"
    assert admit(gate, (b"origin", b"http://example.org")) == "cross_site_request"
    assert admit(gate, path="/v1/models/a\x00b:predict") == "invalid_input"
    assert admit(gate, query=b"a=%00") == "invalid_input"


def test_no_secret_is_kept(locked, admin_key):
    assert admit(locked.gate, (b"authorization", b"Bearer " + admin_key.encode())) == "bootstrap"
    assert admin_key.encode() not in repr(locked.gate._accepted).encode()


def test_a_key_that_was_valid_is_accepted_while_the_database_is_down(locked, keep_key, monkeypatch):
    key, other = keep_key("predict", name="known"), keep_key("predict", name="new")
    assert admit(locked.gate, (b"x-api-key", key.encode())) == "known"

    def fail(_):
        raise DatabaseUnavailable("The database does not answer: connection refused. Try again.")

    monkeypatch.setattr(Database, "reading", fail)
    started = time.monotonic()
    monkeypatch.setattr("api.auth.authentication.time.monotonic", lambda: started + 60)
    assert admit(locked.gate, (b"x-api-key", key.encode())) == "known"
    assert admit(locked.gate, (b"x-api-key", other.encode())) == "database_unavailable"
    monkeypatch.setattr("api.auth.authentication.time.monotonic", lambda: started + 700)
    assert admit(locked.gate, (b"x-api-key", key.encode())) == "database_unavailable"
