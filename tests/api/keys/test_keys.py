import pytest

from core.api_keys import Scope, make_key, read_key
from db import api_keys


@pytest.fixture
def admin(locked_client, admin_key):
    locked_client.headers["Authorization"] = f"Bearer {admin_key}"
    return locked_client


def make(client, name="ci", scopes=("read",), **fields):
    return client.post("/v1/keys", json={"name": name, "scopes": list(scopes), **fields})


def test_a_made_key_is_shown_once_and_opens_what_its_scopes_say(admin):
    made = make(admin, scopes=["submit", "read"])
    assert made.status_code == 201
    assert made.headers["cache-control"] == "no-store"
    body = made.json()
    assert made.headers["location"] == f"/v1/keys/{body['prefix']}"
    assert body["scopes"] == ["read", "submit"]
    assert (body["name"], body["source"], body["state"], body["expires_at"]) == ("ci", "database", "live", None)
    headers = {"Authorization": f"Bearer {body['key']}"}
    assert admin.get("/v1/runs", headers=headers).status_code == 200
    assert admin.get("/v1/keys", headers=headers).status_code == 403


def test_no_secret_and_no_hash_is_ever_listed(admin, database):
    key = make(admin).json()["key"]
    with database.reading() as session:
        (stored,) = api_keys.list_keys(session)
    listed = admin.get("/v1/keys")
    assert listed.headers["cache-control"] == "no-store"
    assert read_key(key).secret not in listed.text
    assert stored.secret_sha256 not in listed.text
    assert stored.prefix in listed.text


def test_keys_of_the_environment_are_listed_first(make_client, make_settings, admin_key):
    metrics_key = make_key().reveal()
    client = make_client(make_settings(bootstrap_key=admin_key, metrics_key=metrics_key))
    client.headers["X-API-Key"] = admin_key
    make(client, name="zz")
    items = client.get("/v1/keys").json()["items"]
    assert [(item["name"], item["source"], item["scopes"]) for item in items] == [
        ("bootstrap", "environment", ["admin"]),
        ("metrics", "environment", ["metrics"]),
        ("zz", "database", ["read"]),
    ]
    assert items[0]["prefix"] == read_key(admin_key).prefix
    assert items[0]["created_at"] is None


def test_a_lifetime_sets_the_end(admin, database):
    body = make(admin, lifetime_seconds=3600).json()
    with database.reading() as session:
        stored = api_keys.get(session, body["prefix"])
    assert 3500 < (stored.expires_at - stored.read_at).total_seconds() <= 3600


def test_a_revoked_key_stays_in_the_list(admin):
    prefix = make(admin).json()["prefix"]
    assert admin.delete(f"/v1/keys/{prefix}").status_code == 204
    (item,) = [item for item in admin.get("/v1/keys").json()["items"] if item["prefix"] == prefix]
    assert item["state"] == "revoked"
    assert item["revoked_at"] is not None


def test_revoking_twice_is_as_good_as_once(admin):
    prefix = make(admin).json()["prefix"]
    assert [admin.delete(f"/v1/keys/{prefix}").status_code for _ in range(2)] == [204, 204]


@pytest.mark.parametrize("prefix", ["abcdefgh", "x" * 5000, "%F0%9F%98%80", "ty_abcdefgh"])
def test_revoking_an_unknown_key_is_reported(admin, prefix):
    answer = admin.delete(f"/v1/keys/{prefix}")
    assert answer.status_code == 404
    assert answer.json()["code"] == "unknown_key"


def test_a_third_live_key_of_a_name_is_rejected(admin):
    first = make(admin).json()["prefix"]
    make(admin)
    rejected = make(admin)
    assert rejected.status_code == 409
    assert first in rejected.json()["detail"]
    admin.delete(f"/v1/keys/{first}")
    assert make(admin).status_code == 201


@pytest.mark.parametrize("variable", ["TRAINYARD_BOOTSTRAP_KEY", "TRAINYARD_METRICS_KEY"])
def test_a_key_of_the_environment_is_not_revoked_over_http(make_client, make_settings, admin_key, variable):
    metrics_key = make_key().reveal()
    client = make_client(make_settings(bootstrap_key=admin_key, metrics_key=metrics_key))
    given = admin_key if variable == "TRAINYARD_BOOTSTRAP_KEY" else metrics_key
    answer = client.delete(f"/v1/keys/{read_key(given).prefix}", headers={"X-API-Key": admin_key})
    assert answer.status_code == 409
    assert f"was given by {variable}" in answer.json()["detail"]


def test_the_last_admin_key_stays_where_no_other_was_given(make_client, make_settings, keep_key):
    key = keep_key(Scope.ADMIN)
    client = make_client(make_settings(require_keys=True))
    client.headers["X-API-Key"] = key
    rejected = client.delete(f"/v1/keys/{read_key(key).prefix}")
    assert rejected.status_code == 409
    assert "last live admin key" in rejected.json()["detail"]
    assert make(client, "second", ["admin"]).status_code == 201
    assert client.delete(f"/v1/keys/{read_key(key).prefix}").status_code == 204


def test_the_last_admin_key_of_the_database_may_go_where_one_was_given(admin):
    prefix = make(admin, scopes=["admin"]).json()["prefix"]
    assert admin.delete(f"/v1/keys/{prefix}").status_code == 204


def test_a_repeated_request_makes_one_key_and_does_not_get_its_secret_again(admin, database):
    request = {"json": {"name": "ci", "scopes": ["read"]}, "headers": {"Idempotency-Key": "a"}}
    first = admin.post("/v1/keys", **request)
    again = admin.post("/v1/keys", **request)
    prefix, secret = first.json()["prefix"], first.json()["key"]
    assert (again.status_code, again.json()["code"]) == (409, "secret_not_kept")
    assert prefix in again.json()["detail"]
    assert secret not in again.text
    assert [item["prefix"] for item in admin.get("/v1/keys").json()["items"] if item["source"] == "database"] == [
        prefix
    ]
    with database.reading() as session:
        kept = session.connection().exec_driver_sql("SELECT answer FROM idempotency_keys").scalar()
    assert secret.rpartition("_")[2] not in str(kept)


def test_an_idempotency_key_with_another_body_makes_no_key(admin):
    admin.post("/v1/keys", json={"name": "ci", "scopes": ["read"]}, headers={"Idempotency-Key": "a"})
    answer = admin.post("/v1/keys", json={"name": "cd", "scopes": ["read"]}, headers={"Idempotency-Key": "a"})
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_mismatch")


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"name": "ci"}, "/scopes"),
        ({"scopes": ["read"]}, "/name"),
        ({"name": "ci", "scopes": []}, "/scopes"),
        ({"name": "ci", "scopes": ["root"]}, "/scopes/0"),
        ({"name": "ci", "scopes": "read"}, "/scopes"),
        ({"name": "ci", "scopes": ["read"] * 6}, "/scopes"),
        ({"name": "", "scopes": ["read"]}, "/name"),
        ({"name": "a b", "scopes": ["read"]}, "/name"),
        ({"name": "a\n", "scopes": ["read"]}, "/name"),
        ({"name": "x" * 65, "scopes": ["read"]}, "/name"),
        ({"name": "ci", "scopes": ["read"], "lifetime_seconds": 0}, "/lifetime_seconds"),
        ({"name": "ci", "scopes": ["read"], "lifetime_seconds": 1000.5}, "/lifetime_seconds"),
        ({"name": "ci", "scopes": ["read"], "lifetime_seconds": 10**12}, "/lifetime_seconds"),
        ({"name": "ci", "scopes": ["read"], "secret": "mine"}, "/secret"),
    ],
)
def test_an_invalid_request_for_a_key_is_rejected_with_the_reason(admin, body, pointer):
    answer = admin.post("/v1/keys", json=body)
    assert answer.status_code == 422
    assert [problem["pointer"] for problem in answer.json()["errors"]] == [pointer]


def test_an_open_service_makes_keys_for_the_day_it_is_closed(client, make_client, make_settings):
    key = make(client, "first", ["admin"]).json()["key"]
    closed = make_client(make_settings(require_keys=True))
    assert closed.get("/v1/keys").status_code == 401
    assert closed.get("/v1/keys", headers={"X-API-Key": key}).status_code == 200
