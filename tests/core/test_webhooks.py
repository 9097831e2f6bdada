import pytest

from core.errors import InvalidInput
from core.webhooks import AllowedHosts, make_secret, sign


def test_a_message_is_signed_as_standard_webhooks_says():
    """The example of the reference libraries (github.com/standard-webhooks/standard-webhooks)."""
    secret, body = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", b'{"test": 2432232314}'
    signature = sign(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body)
    assert signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert sign(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265331, body) != signature


def test_secrets_differ_and_can_sign():
    assert make_secret() != make_secret()
    assert sign(make_secret(), "id", 0, b"").startswith("v1,")


def test_a_secret_that_is_not_base64_is_an_error():
    with pytest.raises(ValueError, match="base64"):
        sign("whsec_ä", "id", 0, b"")


HOSTS = AllowedHosts.read(["hooks.example.org", "Other.example:8443", "http://10.0.0.5:9000", "http://plain.example"])


@pytest.mark.parametrize(
    "url",
    [
        "https://hooks.example.org/a?b=c",
        "https://HOOKS.example.org:443",
        "https://hooks.example.org.",
        "https://other.example:8443/",
        "http://10.0.0.5:9000/x",
        "http://plain.example/",
    ],
)
def test_addresses_of_allowed_hosts_are_accepted(url):
    HOSTS.check(url)
    assert HOSTS.allows(url)


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.example.org/",
        "https://hooks.example.org:8443/",
        "https://plain.example/",
        "https://evil.example/",
        "https://hooks.example.org.evil.example/",
        "https://evil.example/?https://hooks.example.org",
        "https://127.0.0.1/",
    ],
)
def test_addresses_of_other_hosts_are_rejected_with_what_to_add(url):
    with pytest.raises(InvalidInput, match="TRAINYARD_WEBHOOK_HOSTS") as caught:
        HOSTS.check(url)
    assert caught.value.problems[0].code == "host_not_allowed"
    assert not HOSTS.allows(url)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "hooks.example.org",
        "ftp://hooks.example.org",
        "file:///etc/passwd",
        "https://user@hooks.example.org/",
        "https://hooks.example.org@evil.example/",
        "https://evil.example\\@hooks.example.org/",
        "https://hooks.example.org/#part",
        "https://hooks.example.org:0/",
        "https://hooks.example.org:99999/",
        "https://[::1/",
        "https://hooks.example.org/\n",
        "https://hooks.example.org/ä",
        "https://hooks.example.org/" + "a" * 3000,
    ],
)
def test_what_is_no_address_is_rejected(url):
    with pytest.raises(InvalidInput) as caught:
        HOSTS.check(url)
    assert caught.value.problems[0].code == "invalid_url"
    assert len(caught.value.detail) < 500


def test_without_a_setting_no_host_is_allowed():
    assert not AllowedHosts.read([]).allows("https://hooks.example.org")


@pytest.mark.parametrize("entry", ["", "*", "*.example.org", "https://a.example/path", "ftp://a.example", "a b", "a?b"])
def test_an_entry_that_is_no_host_is_rejected(entry):
    with pytest.raises(ValueError, match="is not a host"):
        AllowedHosts.read([entry])
