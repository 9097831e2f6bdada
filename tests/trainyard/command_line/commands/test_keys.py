import json

import pytest

from trainyard.command_line.commands.keys import read_lifetime
from trainyard.errors import InvalidArgument

KEY = "ty_k3v9x2pa_Zf4T8mQ1sYbN6uWc0RjHd7LgXe5PiKo2VtBqA9nCyDz"
ENTRY = {
    "prefix": "k3v9x2pa",
    "name": "ci",
    "scopes": ["read", "submit"],
    "source": "database",
    "state": "live",
    "created_at": "2026-01-02T03:04:05Z",
    "expires_at": "2027-02-03T04:05:06Z",
    "revoked_at": None,
    "last_used_at": None,
}


def test_made_key_is_alone_on_standard_output(invoke, fake, answer):
    fake.on("POST", "/v1/keys", answer(ENTRY | {"key": KEY}, 201))
    result = invoke("keys", "create", "ci", "--scope", "read", "--scope", "submit")
    assert (result.exit_code, result.stdout) == (0, f"{KEY}\n")
    assert "not shown again" in result.stderr
    assert KEY not in result.stderr
    assert fake.requests[0].body == {"name": "ci", "scopes": ["read", "submit"]}


def test_made_key_is_printed_as_json_where_asked(invoke, fake, answer):
    fake.on("POST", "/v1/keys", answer(ENTRY | {"key": KEY}, 201))
    result = invoke("keys", "create", "ci", "--scope", "read", "--json")
    assert json.loads(result.stdout) == ENTRY | {"key": KEY}


def test_lifetime_is_sent_in_seconds(invoke, fake, answer):
    fake.on("POST", "/v1/keys", answer(ENTRY | {"key": KEY}, 201))
    assert invoke("keys", "create", "ci", "--scope", "predict", "--expires", "90d").exit_code == 0
    assert fake.requests[0].body == {"name": "ci", "scopes": ["predict"], "lifetime_seconds": 7_776_000}


@pytest.mark.parametrize(
    ("arguments", "exit_code"),
    [(["ci"], 2), (["ci", "--scope", "root"], 2), (["ci", "--scope", "read", "--expires", "soon"], 1)],
)
def test_what_makes_no_key_is_not_sent(invoke, fake, arguments, exit_code):
    assert invoke("keys", "create", *arguments).exit_code == exit_code
    assert fake.requests == []


def test_keys_are_listed(invoke, fake):
    given = {"prefix": "b00tstr4", "name": "bootstrap", "scopes": ["admin"], "source": "environment", "state": "live"}
    fake.on("GET", "/v1/keys", {"items": [given, ENTRY]})
    result = invoke("keys", "list")
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[1].split() == ["b00tstr4", "bootstrap", "admin", "live", "environment"]
    assert lines[2].startswith("k3v9x2pa  ci         read, submit  live   database")
    assert lines[2].endswith("2027-02-03")
    assert json.loads(invoke("keys", "list", "--json").stdout) == {"items": [given, ENTRY]}


def test_no_keys_are_reported_with_what_to_do(invoke, fake):
    fake.on("GET", "/v1/keys", {"items": []})
    result = invoke("keys", "list")
    assert (result.exit_code, result.stdout) == (0, "")
    assert "trainyard keys create" in result.stderr


@pytest.mark.parametrize("given", ["k3v9x2pa", KEY, "ty_k3v9x2pa"])
def test_revoking_sends_the_public_part_alone(invoke, fake, answer, given):
    fake.on("DELETE", "/v1/keys/k3v9x2pa", answer(status=204))
    assert invoke("keys", "revoke", given).exit_code == 0
    assert [request.path for request in fake.requests] == ["/v1/keys/k3v9x2pa"]


def test_key_of_the_environment_is_sent(invoke, fake):
    fake.on("GET", "/v1/keys", {"items": []})
    invoke("keys", "list", environment={"TRAINYARD_KEY": KEY})
    assert fake.requests[0].headers["authorization"] == f"Bearer {KEY}"


def test_refusal_is_reported_in_words(invoke, fake, answer):
    detail = "This request needs a key with the scope admin; yours has read."
    fake.on("GET", "/v1/keys", answer({"detail": detail, "code": "insufficient_scope"}, 403))
    result = invoke("keys", "list")
    assert (result.exit_code, result.stdout, result.stderr) == (1, "", f"Error: {detail}\n")


@pytest.mark.parametrize(
    ("text", "seconds"), [("45s", 45), ("30m", 1800), ("12h", 43_200), ("90d", 7_776_000), ("2w", 1_209_600)]
)
def test_lifetime_is_a_number_and_a_unit(text, seconds):
    assert read_lifetime(text) == seconds


@pytest.mark.parametrize("text", ["", "90", "d", "0d", "-1d", "1.5d", "90 d", "90D", "1y", "9" * 50 + "d"])
def test_anything_else_is_rejected_with_an_example(text):
    with pytest.raises(InvalidArgument, match="such as 90d"):
        read_lifetime(text)
