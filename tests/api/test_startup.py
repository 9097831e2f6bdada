"""A service that asks for keys does not start while nobody has one to make others with."""

import asyncio
import sqlite3

import pytest
from pydantic import SecretStr
from sqlalchemy import event

from api.app import create_app
from api.startup import check_and_close
from core.api_keys import Scope
from core.errors import InvalidSetup
from db import api_keys


@pytest.fixture(params=[{"host": "0.0.0.0"}, {"host": "192.0.2.1"}, {"require_keys": True}])  # noqa: S104
def closed_settings(make_settings, request):
    return make_settings(**request.param)


def test_a_start_without_an_admin_key_is_rejected_saying_how_to_make_one(make_client, closed_settings):
    with pytest.raises(InvalidSetup, match=r"TRAINYARD_BOOTSTRAP_KEY to a key made with: python -m core\.api_keys"):
        make_client(closed_settings)


def test_keys_that_may_make_no_others_do_not_suffice(make_client, closed_settings, keep_key):
    keep_key(Scope.READ, Scope.SUBMIT, Scope.PREDICT, Scope.METRICS)
    with pytest.raises(InvalidSetup, match="no admin key"):
        make_client(closed_settings)


def test_a_revoked_admin_key_does_not_suffice(make_client, closed_settings, keep_key, database):
    prefix = keep_key(Scope.ADMIN)[3:11]
    with database.transaction() as session:
        api_keys.revoke(session, prefix, keep_an_admin=False)
    with pytest.raises(InvalidSetup, match="no admin key"):
        make_client(closed_settings)


def test_a_rejected_start_closes_its_connections(make_settings):
    app = create_app(make_settings(require_keys=True))
    pool = app.state.service.database.engine.pool
    opened = []
    event.listen(pool, "connect", lambda connection, _record: opened.append(connection))

    async def start():
        async with check_and_close(app):
            pass

    with pytest.raises(InvalidSetup, match="no admin key"):
        asyncio.run(start())
    assert opened
    for connection in opened:
        with pytest.raises(sqlite3.ProgrammingError, match="closed database"):
            connection.execute("SELECT 1")


def test_an_admin_key_in_the_database_suffices(make_client, closed_settings, keep_key):
    key = keep_key(Scope.ADMIN)
    client = make_client(closed_settings)
    assert client.get("/v1/keys").status_code == 401
    assert client.get("/v1/keys", headers={"X-API-Key": key}).status_code == 200


def test_an_admin_key_given_from_outside_suffices(make_client, closed_settings, admin_key):
    given = closed_settings.model_copy(update={"bootstrap_key": SecretStr(admin_key)})
    client = make_client(given)
    assert client.get("/v1/keys", headers={"X-API-Key": admin_key}).status_code == 200


def test_an_open_service_needs_none(make_client, settings):
    assert make_client(settings).get("/v1/keys").json()["items"] == []


def test_a_provider_that_onnxruntime_lacks_is_reported_at_the_start(make_client, make_settings):
    with pytest.raises(
        InvalidSetup, match=r"SERVING_PROVIDERS has 'TensorrtExecutionProvider', which .* lacks; it has"
    ):
        make_client(make_settings(serving_providers="TensorrtExecutionProvider, CPUExecutionProvider"))
