"""Which key is sent, how, and to whom."""

import pytest

from trainyard.credentials import find_key
from trainyard.errors import InvalidArgument, KeyRefused, ServiceBusy, ServiceUnreachable, UnexpectedAnswer
from trainyard.trainyard_client import TrainyardClient

KEY = "ty_k3v9x2pa_Zf4T8mQ1sYbN6uWc0RjHd7LgXe5PiKo2VtBqA9nCyDz"
OTHER = "ty_a1b2c3d4_Qw8Er2Ty6Ui0Op4As9Df3Gh7Jk1Lz5Xc8Vb2Nm6Qa4Z"
PRESETS = "/v1/presets"


@pytest.mark.parametrize(
    ("given", "environment", "found"),
    [
        (None, {}, None),
        (None, {"TRAINYARD_KEY": ""}, None),
        (None, {"TRAINYARD_KEY": KEY}, KEY),
        (None, {"TRAINYARD_KEY": f"{KEY}\n"}, KEY),
        (OTHER, {"TRAINYARD_KEY": KEY}, OTHER),
        ("", {"TRAINYARD_KEY": KEY}, None),
    ],
)
def test_key_is_the_one_that_was_given_or_the_environments(given, environment, found):
    assert find_key(given, environment) == found


@pytest.mark.parametrize("key", ["geheim\u00e9", "two words", "a\r\nX-Evil: 1"])
def test_key_that_no_header_can_carry_is_refused_without_repeating_it(key):
    with pytest.raises(InvalidArgument, match="TRAINYARD_KEY") as caught:
        find_key(key, {})
    assert key not in str(caught.value)


def test_key_is_sent_as_bearer_with_every_request(fake, monkeypatch):
    monkeypatch.delenv("TRAINYARD_KEY", raising=False)
    fake.on("GET", PRESETS, {"items": []})
    with TrainyardClient(fake.url, key=KEY) as client:
        client.presets()
        client.presets()
    assert [request.headers["authorization"] for request in fake.requests] == [f"Bearer {KEY}"] * 2


def test_without_a_key_none_is_sent(fake, monkeypatch):
    monkeypatch.delenv("TRAINYARD_KEY", raising=False)
    fake.on("GET", PRESETS, {"items": []})
    with TrainyardClient(fake.url) as client:
        client.presets()
    assert "authorization" not in fake.requests[0].headers


def test_key_does_not_follow_a_redirect(fake, answer):
    fake.on("GET", PRESETS, answer(status=307, headers={"Location": f"http://localhost:{fake.port}/elsewhere"}))
    with TrainyardClient(fake.url, key=KEY) as client, pytest.raises(UnexpectedAnswer, match="307"):
        client.presets()
    assert [request.path for request in fake.requests] == [PRESETS]


@pytest.mark.parametrize("status", [401, 403])
def test_refusal_tells_what_the_service_says(fake, answer, status):
    fake.on("GET", PRESETS, answer({"detail": "Do this.", "code": "key_refused"}, status))
    with TrainyardClient(fake.url, key="") as client, pytest.raises(KeyRefused, match=r"^Do this\.$") as caught:
        client.presets()
    assert (caught.value.status, caught.value.code) == (status, "key_refused")


@pytest.mark.parametrize("status", [401, 403])
def test_refusal_of_something_in_between_says_what_to_do(fake, answer, status):
    fake.on("GET", PRESETS, answer("<html>no</html>", status))
    with TrainyardClient(fake.url, key="") as client, pytest.raises(KeyRefused, match="TRAINYARD_KEY"):
        client.presets()


@pytest.mark.parametrize("ending", ["drop", "busy"])
def test_key_is_asked_for_once_however_the_request_ends(fake, answer, ending):
    fake.on("POST", "/v1/keys", answer(drop=True) if ending == "drop" else answer({"detail": "Later."}, 503))
    with TrainyardClient(fake.url, key=KEY) as client, pytest.raises((ServiceUnreachable, ServiceBusy)):
        client.create_key("ci", ["read"])
    assert fake.count("POST", "/v1/keys") == 1
