"""Broken connections, restarted services and requests to try again later."""

import asyncio
import socket
import threading
import time

import pytest

from trainyard.errors import AccessDenied, Conflict, InvalidArgument, NotFound, ServiceUnavailable, UnexpectedAnswer

KEY = "ty_k3v9x2pa_Zf4T8mQ1sYbN6uWc0RjHd7LgXe5PiKo2VtBqA9nCyDz"
PRESETS = "/v1/presets"
RUN_ID = "01920000-0000-7000-8000-000000000001"
RUN_PATH = f"/v1/runs/{RUN_ID}"


@pytest.fixture
def closed_port():
    """Port of this machine that no program listens on, reserved during the test."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


def test_post_whose_answer_was_lost_creates_one_run(client, fake, answer, run_document):
    run_by_key = {}

    def create_then_drop(request):
        run_by_key[request.headers["idempotency-key"]] = run_document()
        return answer(drop=True)

    def create_or_replay(request):
        return answer(run_by_key.setdefault(request.headers["idempotency-key"], run_document()), 202)

    fake.on("POST", "/v1/runs", create_then_drop, create_or_replay)
    assert client.submit("binary-adder").id == RUN_ID
    assert fake.count("POST", "/v1/runs") == 2
    assert len(run_by_key) == 1
    assert fake.requests[0].body == fake.requests[1].body


def test_post_whose_first_request_is_still_being_answered_is_sent_again(client, fake, answer, run_document):
    in_flight = answer({"detail": "Still being answered.", "code": "idempotency_in_flight"}, 409)
    fake.on("POST", "/v1/runs", in_flight, answer(run_document(), 202))
    assert client.submit("binary-adder").id == RUN_ID


def test_other_conflicts_are_not_sent_again(client, fake, answer):
    fake.on("POST", f"{RUN_PATH}:cancel", answer({"detail": "It has ended.", "code": "illegal_move"}, 409))
    with pytest.raises(Conflict, match="It has ended"):
        client.run(RUN_ID).cancel()
    assert len(fake.requests) == 1


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_busy_service_is_asked_again(client, fake, answer, run_document, status):
    # A quota that waiting does not help against is refused without Retry-After.
    headers = {"Retry-After": "0"} if status == 429 else {}
    fake.on("GET", RUN_PATH, answer({"detail": "Later."}, status, headers), run_document())
    assert client.get_run(RUN_ID).id == RUN_ID


def test_retry_after_beyond_the_limit_is_reported_instead_of_waited_for(client, fake, answer):
    fake.on("GET", RUN_PATH, answer({"detail": "The database is away."}, 503, {"Retry-After": "3600"}))
    with pytest.raises(ServiceUnavailable, match="The database is away"):
        client.get_run(RUN_ID)
    assert len(fake.requests) == 1


def test_service_that_stays_busy_is_given_up_on(connect, fake, answer):
    fake.on("GET", RUN_PATH, answer({"detail": "Later."}, 503))
    with connect(fake.url, retry_timeout=0.3) as client, pytest.raises(ServiceUnavailable):
        client.get_run(RUN_ID)
    assert len(fake.requests) > 1


def test_bad_request_is_sent_once(client, fake):
    with pytest.raises(NotFound):
        client.get_run(RUN_ID)
    assert len(fake.requests) == 1


def test_delete_whose_answer_was_lost_is_done_when_the_run_is_gone(client, fake, answer):
    fake.on("DELETE", RUN_PATH, answer(drop=True), answer({"detail": "No such run."}, 404))
    client.run(RUN_ID).delete()
    assert len(fake.requests) == 2


def test_delete_of_an_unknown_run_is_an_error(client):
    with pytest.raises(NotFound):
        client.run(RUN_ID).delete()


def test_dropped_upload_is_sent_again_from_its_beginning(client, fake, answer, tmp_path):
    source = tmp_path / "file"
    source.write_bytes(b"x" * 1000)
    version = {"name": "flowers", "version": 1, "kind": "table", "format": "csv", "summary": "2 rows"}
    path = "/v1/datasets/flowers/versions"
    fake.on("POST", path, answer(drop=True), answer(version | {"sha256": "ab", "num_bytes": 1000}, 201))
    client.upload_dataset("flowers", source)
    assert [len(request.raw) for request in fake.requests] == [1000, 1000]


def test_first_connection_that_is_refused_is_reported_at_once(connect, closed_port, monkeypatch):
    def fail(seconds):
        raise AssertionError(f"Waited {seconds} s for a service that was never there.")

    monkeypatch.setattr(time, "sleep", fail)
    monkeypatch.setattr(asyncio, "sleep", fail)
    url = f"http://127.0.0.1:{closed_port}"
    with (
        connect(url) as client,
        pytest.raises(ServiceUnavailable, match=r"\(Connection refused\); start one with `make up`") as caught,
    ):
        client.get_run(RUN_ID)
    assert url in caught.value.detail
    assert caught.value.status is None


def test_service_that_was_there_before_is_taken_to_be_restarting(client, fake, run_document):
    fake.on("GET", RUN_PATH, run_document())
    client.get_run(RUN_ID)
    fake.stop()
    restart = threading.Timer(0.3, fake.start)
    restart.start()
    try:
        assert client.get_run(RUN_ID).id == RUN_ID
    finally:
        restart.join()


def test_wait_outlives_a_restart_of_the_service(client, fake, answer, run_document):
    is_looked_at = threading.Event()

    def look(_request):
        is_looked_at.set()
        return answer(run_document("running"))

    fake.on("GET", RUN_PATH, look)

    def restart():
        is_looked_at.wait()
        fake.stop()
        fake.on("GET", RUN_PATH, run_document("succeeded"))
        time.sleep(0.3)
        fake.start()

    restarter = threading.Thread(target=restart)
    restarter.start()
    try:
        assert client.run(RUN_ID).wait().has_succeeded
    finally:
        restarter.join()


def test_wait_begun_while_the_service_is_down_finds_it_later(connect, fake, run_document):
    fake.on("GET", RUN_PATH, run_document("succeeded"))
    fake.stop()
    restart = threading.Timer(0.3, fake.start)
    with connect(fake.url) as client:
        restart.start()
        try:
            assert client.run(RUN_ID).wait().has_succeeded
        finally:
            restart.join()


def test_wait_gives_up_on_a_service_that_stays_away(connect, closed_port):
    with connect(f"http://127.0.0.1:{closed_port}") as client, pytest.raises(ServiceUnavailable):
        client.run(RUN_ID).wait(unreachable_timeout=0.2)


def test_service_that_says_nothing_is_unreachable(connect):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with (
            connect(url, timeout=0.2, retry_timeout=0) as client,
            pytest.raises(ServiceUnavailable, match="did not answer it"),
        ):
            client.get_run(RUN_ID)


def test_answer_that_cannot_be_decoded_is_not_trainyards(client, fake, answer):
    fake.on("GET", RUN_PATH, answer("not gzip", headers={"Content-Encoding": "gzip"}))
    with pytest.raises(UnexpectedAnswer, match="cannot be read"):
        client.get_run(RUN_ID)


def test_proxy_of_the_environment_is_not_asked_for_this_machine(connect, fake, run_document, monkeypatch, closed_port):
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{closed_port}")
    monkeypatch.setenv("no_proxy", "")
    monkeypatch.setenv("NO_PROXY", "")
    fake.on("GET", RUN_PATH, run_document())
    with connect(fake.url) as client:
        assert client.get_run(RUN_ID).id == RUN_ID


def test_address_that_no_client_can_use_is_rejected(connect):
    with pytest.raises(InvalidArgument, match="not the address of a service"):
        connect("http://exa mple\x00")


def test_key_is_sent_as_bearer_with_every_request(connect, fake, monkeypatch):
    monkeypatch.delenv("TRAINYARD_KEY", raising=False)
    fake.on("GET", PRESETS, {"items": []})
    with connect(fake.url, api_key=KEY) as client:
        client.list_presets()
        client.list_presets()
    assert [request.headers["authorization"] for request in fake.requests] == [f"Bearer {KEY}"] * 2


def test_without_a_key_none_is_sent(connect, fake, monkeypatch):
    monkeypatch.delenv("TRAINYARD_KEY", raising=False)
    fake.on("GET", PRESETS, {"items": []})
    with connect(fake.url) as client:
        client.list_presets()
    assert "authorization" not in fake.requests[0].headers


def test_key_does_not_follow_a_redirect(connect, fake, answer):
    fake.on("GET", PRESETS, answer(status=307, headers={"Location": f"http://localhost:{fake.port}/elsewhere"}))
    with connect(fake.url, api_key=KEY) as client, pytest.raises(UnexpectedAnswer, match="307"):
        client.list_presets()
    assert [request.path for request in fake.requests] == [PRESETS]


@pytest.mark.parametrize("status", [401, 403])
def test_error_repeats_the_detail_of_the_service(connect, fake, answer, status):
    fake.on("GET", PRESETS, answer({"detail": "Do this.", "code": "key_refused"}, status))
    with connect(fake.url, api_key="") as client, pytest.raises(AccessDenied, match=r"^Do this\.$") as caught:
        client.list_presets()
    assert (caught.value.status, caught.value.code) == (status, "key_refused")


@pytest.mark.parametrize("status", [401, 403])
def test_error_of_a_proxy_says_what_to_do(connect, fake, answer, status):
    fake.on("GET", PRESETS, answer("<html>no</html>", status))
    with connect(fake.url, api_key="") as client, pytest.raises(AccessDenied, match="TRAINYARD_KEY"):
        client.list_presets()


@pytest.mark.parametrize("ending", ["drop", "busy"])
def test_a_key_is_asked_for_again_under_the_same_idempotency_key(connect, fake, answer, ending):
    lost = answer(drop=True) if ending == "drop" else answer({"detail": "Later."}, 503)
    fake.on("POST", "/v1/keys", lost, answer({"detail": "Revoke k3v9x2pa.", "code": "secret_not_kept"}, 409))
    with connect(fake.url, api_key=KEY) as client, pytest.raises(Conflict, match="Revoke k3v9x2pa"):
        client.create_key("ci", ["read"])
    keys = [request.headers["idempotency-key"] for request in fake.requests]
    assert len(keys) == 2
    assert len(set(keys)) == 1
