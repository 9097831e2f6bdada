import hmac
import logging
import time

import pytest
from sqlalchemy import update

from api.auth import authentication
from api.auth.authentication import MAX_REMEMBERED, REMEMBER_SECONDS
from core.api_keys import Scope, make_key, read_key
from core.errors import DatabaseUnavailable
from db import api_keys
from db.records.service import ApiKeyRecord
from db.session import Database
from db.statements import database_now


@pytest.fixture(params=["sqlite", "postgresql"])
def database_kind(request):
    return request.param


@pytest.fixture
def ask(locked_client):
    def ask(key, path="/v1/runs"):
        return locked_client.get(path, headers={"Authorization": f"Bearer {key}"})

    return ask


@pytest.fixture
def clock(monkeypatch):
    """A clock that a test moves on."""

    class Clock:
        now = 1000.0

        def monotonic(self):
            return self.now

    clock = Clock()
    monkeypatch.setattr(authentication, "time", clock)
    return clock


@pytest.fixture
def num_looks(monkeypatch):
    """Return a list that grows with every look-up of a key in the database."""
    looks = []
    find = api_keys.find

    def count(session, prefix):
        looks.append(prefix)
        return find(session, prefix)

    monkeypatch.setattr(api_keys, "find", count)
    return looks


def move_time(database, key, **seconds):
    prefix = read_key(key).prefix
    with database.transaction() as session:
        values = {name: database_now(plus) for name, plus in seconds.items()}
        session.execute(update(ApiKeyRecord).where(ApiKeyRecord.prefix == prefix).values(**values))


def stored(database, key):
    with database.reading() as session:
        return api_keys.get(session, read_key(key).prefix)


def wait_for_use(database, key):
    deadline = time.monotonic() + 30
    while stored(database, key).last_used_at is None:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return stored(database, key).last_used_at


def test_keys_of_the_environment_and_of_the_database_open(ask, admin_key, keep_key):
    assert ask(admin_key).status_code == 200
    assert ask(keep_key(Scope.READ)).status_code == 200


def test_both_of_two_bootstrap_keys_open_while_one_takes_over(make_client, make_settings, admin_key):
    new = make_key().reveal()
    client = make_client(make_settings(bootstrap_key=f"{admin_key},{new}"))
    assert [client.get("/v1/runs", headers={"X-API-Key": key}).status_code for key in (admin_key, new)] == [200, 200]


def test_a_key_for_metrics_given_from_outside_opens_only_them(make_client, make_settings, admin_key):
    key = make_key().reveal()
    client = make_client(make_settings(bootstrap_key=admin_key, metrics_key=key))
    client.headers["X-API-Key"] = key
    assert client.get("/metrics").status_code == 200
    assert client.get("/v1/runs").status_code == 403


@pytest.mark.parametrize("kind", ["unknown prefix", "wrong secret", "wrong secret of the environment's key"])
def test_the_error_of_a_wrong_key_does_not_say_what_is_wrong(ask, keep_key, admin_key, kind):
    wrong = make_key().secret
    known = {"wrong secret": keep_key(Scope.READ), "wrong secret of the environment's key": admin_key}
    key = f"{known[kind][:12]}{wrong}" if kind in known else f"ty_abcdefgh_{wrong}"
    answer = ask(key)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == 'Bearer realm="trainyard", error="invalid_token"'
    assert answer.json()["detail"].startswith("This API key is unknown.")


def test_the_error_of_an_expired_key_says_so(ask, keep_key, database):
    key = keep_key(Scope.READ, lifetime_seconds=3600)
    move_time(database, key, expires_at=-1)
    answer = ask(key)
    assert answer.status_code == 401
    assert f"{read_key(key).prefix} ('test') expired at " in answer.json()["detail"]


def test_the_state_of_a_key_is_reported_only_to_callers_with_the_whole_key(ask, keep_key, database):
    key = keep_key(Scope.READ, lifetime_seconds=3600)
    move_time(database, key, expires_at=-1)
    answer = ask(key[:-3] + ("aaa" if key[-3:] != "aaa" else "bbb"))
    assert "is unknown" in answer.json()["detail"]


def test_a_cached_key_is_rejected_after_it_expires(ask, keep_key, database, clock):
    key = keep_key(Scope.READ, lifetime_seconds=3600)
    move_time(database, key, expires_at=1.5)
    assert ask(key).status_code == 200
    clock.now += 1.6
    move_time(database, key, expires_at=-1)
    assert ask(key).status_code == 401


def test_a_key_revoked_here_is_rejected_at_once(locked_client, ask, admin_key, keep_key):
    key = keep_key(Scope.READ)
    assert ask(key).status_code == 200
    prefix = read_key(key).prefix
    assert locked_client.delete(f"/v1/keys/{prefix}", headers={"X-API-Key": admin_key}).status_code == 204
    answer = ask(key)
    assert answer.status_code == 401
    assert "was revoked at" in answer.json()["detail"]


def test_a_key_revoked_elsewhere_is_rejected_within_five_seconds(ask, keep_key, database, clock):
    key = keep_key(Scope.READ)
    assert ask(key).status_code == 200
    with database.transaction() as session:
        api_keys.revoke(session, read_key(key).prefix, keep_an_admin=False)
    assert REMEMBER_SECONDS < 5
    clock.now += REMEMBER_SECONDS
    assert ask(key).status_code == 401


def test_a_key_in_use_is_looked_up_once_in_a_while(ask, keep_key, num_looks, clock):
    key = keep_key(Scope.READ)
    num_looks.clear()
    for _ in range(5):
        assert ask(key).status_code == 200
    assert len(num_looks) == 1
    clock.now += REMEMBER_SECONDS
    assert ask(key).status_code == 200
    assert len(num_looks) == 2


def test_wrong_keys_take_no_memory(locked_client, ask):
    authenticator = locked_client.app.state.service.authenticator
    for _ in range(20):
        assert ask(make_key().reveal()).status_code == 401
    assert authenticator._remembered == {}


def test_the_number_of_cached_keys_is_limited(locked_client, ask, keep_key, num_looks, monkeypatch):
    monkeypatch.setattr(authentication, "MAX_REMEMBERED", 2)
    authenticator = locked_client.app.state.service.authenticator
    keys = [keep_key(Scope.READ, name=f"n{number}") for number in range(5)]
    num_looks.clear()
    for key in keys:
        assert ask(key).status_code == 200
        assert len(authenticator._remembered) <= 2
    assert len(num_looks) == 5
    assert MAX_REMEMBERED >= 2


def test_no_secret_stays_in_memory(locked_client, ask, keep_key, admin_key):
    key = keep_key(Scope.READ)
    ask(key)
    ask(admin_key)
    authenticator = locked_client.app.state.service.authenticator
    kept = f"{authenticator._remembered} {authenticator.given_keys}"
    assert read_key(key).prefix in kept
    assert read_key(key).secret not in kept
    assert read_key(admin_key).secret not in kept


def test_every_key_is_compared_in_constant_time_known_or_not(ask, keep_key, admin_key, monkeypatch):
    compared = []
    compare = hmac.compare_digest

    def spy(first, second):
        compared.append(len(first) == len(second))
        return compare(first, second)

    monkeypatch.setattr(hmac, "compare_digest", spy)
    for key in (keep_key(Scope.READ), make_key().reveal(), admin_key[:12] + make_key().secret):
        ask(key)
    assert compared == [True, True, True]


def test_the_use_of_a_key_is_written_once_a_minute(ask, keep_key, database, clock):
    key = keep_key(Scope.READ)
    ask(key)
    first = wait_for_use(database, key)
    clock.now += REMEMBER_SECONDS
    ask(key)
    assert stored(database, key).last_used_at == first


def test_a_use_that_cannot_be_recorded_fails_no_request(ask, keep_key, database, monkeypatch, caplog, locked_client):
    def fail(_session, _prefix):
        raise DatabaseUnavailable("The database is read-only for now.")

    monkeypatch.setattr(api_keys, "note_use", fail)
    key = keep_key(Scope.READ)
    with caplog.at_level(logging.WARNING):
        assert ask(key).status_code == 200
        locked_client.portal.call(locked_client.app.state.service.authenticator.close)
    assert f"The use of the API key {read_key(key).prefix} was not recorded" in caplog.text
    assert stored(database, key).last_used_at is None


def test_without_the_database_stored_keys_wait_and_given_ones_open(ask, admin_key, keep_key, monkeypatch):
    key = keep_key(Scope.READ)

    def fail(_):
        raise DatabaseUnavailable("The database does not answer: connection refused. Try again.")

    monkeypatch.setattr(Database, "reading", fail)
    answer = ask(key, "/v1/presets")
    assert answer.status_code == 503
    assert "retry-after" in answer.headers
    assert ask(admin_key, "/v1/presets").status_code == 200
    assert list(ask(key, "/v1/models/iris").json()) == ["error"]


def test_no_log_holds_a_secret(ask, admin_key, keep_key, caplog, monkeypatch):
    key = keep_key(Scope.READ)
    monkeypatch.setattr("api.presets.routes.get_preset", lambda _: 1 / 0)
    with caplog.at_level(logging.DEBUG):
        for one in (key, admin_key, make_key().reveal()):
            ask(one)
            ask(one, "/v1/presets/x")
            ask(one, f"/v1/runs?key={one}")
    secrets = [read_key(one).secret for one in (key, admin_key)]
    # httpx, which sends these requests in the test, logs their addresses itself.
    logged = [record.getMessage() for record in caplog.records if record.name != "httpx"]
    assert logged
    assert not [line for line in logged for secret in secrets if secret in line]
