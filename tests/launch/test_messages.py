from core.api_keys import make_key
from core.settings import Settings
from launch.messages import banner


def test_banner_names_an_address_that_this_machine_can_ask_and_the_key_to_send():
    key = make_key()
    text = banner(Settings(host="0.0.0.0", bootstrap_key=key.reveal()))  # noqa: S104 - not listened on.
    assert "Docs page: http://127.0.0.1:8000/docs" in text
    assert 'curl -s http://127.0.0.1:8000/v1/runs -H "Authorization: Bearer $TRAINYARD_KEY"' in text
    assert key.secret not in text


def test_banner_of_an_open_service_asks_for_no_key():
    assert "Authorization" not in banner(Settings())
