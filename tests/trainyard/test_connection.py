import pytest

from trainyard.connection import find_api_key, find_base_url, is_loopback
from trainyard.errors import InvalidArgument

KEY = "ty_k3v9x2pa_Zf4T8mQ1sYbN6uWc0RjHd7LgXe5PiKo2VtBqA9nCyDz"
OTHER = "ty_a1b2c3d4_Qw8Er2Ty6Ui0Op4As9Df3Gh7Jk1Lz5Xc8Vb2Nm6Qa4Z"


def test_default_is_port_8000_of_this_machine():
    assert find_base_url(None, {}) == "http://127.0.0.1:8000"


def test_host_and_port_come_from_the_environment():
    assert find_base_url(None, {"TRAINYARD_HOST": "localhost", "TRAINYARD_PORT": "9000"}) == "http://localhost:9000"


def test_url_variable_wins_over_host_and_port():
    environment = {"TRAINYARD_URL": "https://yard.example/api/", "TRAINYARD_PORT": "9000"}
    assert find_base_url(None, environment) == "https://yard.example/api"


def test_given_address_wins_over_the_environment():
    assert find_base_url("http://a:1", {"TRAINYARD_URL": "http://b:2"}) == "http://a:1"


def test_empty_variables_count_as_not_set():
    assert find_base_url(None, {"TRAINYARD_URL": "", "TRAINYARD_HOST": ""}) == "http://127.0.0.1:8000"


def test_ipv6_host_stands_in_brackets():
    assert find_base_url(None, {"TRAINYARD_HOST": "::1"}) == "http://[::1]:8000"


@pytest.mark.parametrize(
    ("host", "url"),
    [("0.0.0.0", "http://127.0.0.1:8000"), ("::", "http://[::1]:8000")],  # noqa: S104 - not listened on.
)
def test_service_on_every_address_is_asked_on_loopback(host, url):
    assert find_base_url(None, {"TRAINYARD_HOST": host}) == url


def test_address_without_scheme_is_http():
    assert find_base_url("localhost:8000", {}) == "http://localhost:8000"


@pytest.mark.parametrize("address", ["ftp://host", "http://", "http://host:port", "http://host:99999"])
def test_invalid_address_is_rejected_with_an_example(address):
    with pytest.raises(InvalidArgument, match=r"http://127\.0\.0\.1:8000"):
        find_base_url(address, {})


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://127.0.0.1:1", True),
        ("http://localhost", True),
        ("http://[::1]:1", True),
        ("http://yard.example", False),
    ],
)
def test_loopback_is_this_machine_only(url, expected):
    assert is_loopback(url) is expected


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
    assert find_api_key(given, environment) == found


@pytest.mark.parametrize("key", ["geheim\u00e9", "two words", "a\r\nX-Evil: 1"])
def test_key_that_no_header_can_carry_is_rejected_without_repeating_it(key):
    with pytest.raises(InvalidArgument, match="TRAINYARD_KEY") as caught:
        find_api_key(key, {})
    assert key not in str(caught.value)
