"""What happens when connections break, services restart or ask to come back later."""

import socket
import threading
import time

import pytest

from trainyard.errors import Conflict, InvalidArgument, NotFound, ServiceBusy, ServiceUnreachable, UnexpectedAnswer
from trainyard.trainyard_client import TrainyardClient

RUN_ID = "01920000-0000-7000-8000-000000000001"
RUN_PATH = f"/v1/runs/{RUN_ID}"


@pytest.fixture
def closed_port():
    """A port of this machine that nothing listens on, kept from others for the while."""
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
    assert client.submit_run(preset="binary-adder").id == RUN_ID
    assert fake.count("POST", "/v1/runs") == 2
    assert len(run_by_key) == 1
    assert fake.requests[0].body == fake.requests[1].body


def test_post_whose_first_request_is_still_being_answered_is_sent_again(client, fake, answer, run_document):
    in_flight = answer({"detail": "Still being answered.", "code": "idempotency_in_flight"}, 409)
    fake.on("POST", "/v1/runs", in_flight, answer(run_document(), 202))
    assert client.submit_run(preset="binary-adder").id == RUN_ID


def test_other_conflicts_are_not_sent_again(client, fake, answer):
    fake.on("POST", f"{RUN_PATH}:cancel", answer({"detail": "It has ended.", "code": "illegal_move"}, 409))
    with pytest.raises(Conflict, match="It has ended"):
        client.cancel_run(RUN_ID)
    assert len(fake.requests) == 1


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_busy_service_is_asked_again(client, fake, answer, run_document, status):
    fake.on("GET", RUN_PATH, answer({"detail": "Later."}, status), run_document())
    assert client.get_run(RUN_ID).id == RUN_ID


def test_retry_after_beyond_the_limit_is_told_instead_of_waited_for(client, fake, answer):
    fake.on("GET", RUN_PATH, answer({"detail": "The database is away."}, 503, {"Retry-After": "3600"}))
    with pytest.raises(ServiceBusy, match="The database is away"):
        client.get_run(RUN_ID)
    assert len(fake.requests) == 1


def test_service_that_stays_busy_is_given_up_on(fake, answer):
    fake.on("GET", RUN_PATH, answer({"detail": "Later."}, 503))
    with TrainyardClient(fake.url, retry_limit_seconds=0.3) as client, pytest.raises(ServiceBusy):
        client.get_run(RUN_ID)
    assert len(fake.requests) > 1


def test_bad_request_is_sent_once(client, fake):
    with pytest.raises(NotFound):
        client.get_run(RUN_ID)
    assert len(fake.requests) == 1


def test_delete_whose_answer_was_lost_is_done_when_the_run_is_gone(client, fake, answer):
    fake.on("DELETE", RUN_PATH, answer(drop=True), answer({"detail": "No such run."}, 404))
    client.delete_run(RUN_ID)
    assert len(fake.requests) == 2


def test_delete_of_an_unknown_run_is_an_error(client):
    with pytest.raises(NotFound):
        client.delete_run(RUN_ID)


def test_dropped_upload_is_sent_again_from_its_beginning(client, fake, answer, tmp_path):
    source = tmp_path / "file"
    source.write_bytes(b"x" * 1000)
    path = "/v1/datasets/mnist/files/file"
    fake.on("PUT", path, answer(drop=True), answer(status=204))
    client.add_dataset_file("mnist", "file", source)
    assert [len(request.raw) for request in fake.requests] == [1000, 1000]


def test_first_connection_that_is_refused_is_told_at_once(closed_port, monkeypatch):
    def fail(seconds):
        raise AssertionError(f"Waited {seconds} s for a service that was never there.")

    monkeypatch.setattr(time, "sleep", fail)
    url = f"http://127.0.0.1:{closed_port}"
    with TrainyardClient(url) as client, pytest.raises(ServiceUnreachable, match="start one with `make up`") as caught:
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
        assert client.wait_for_run(RUN_ID).has_succeeded
    finally:
        restarter.join()


def test_wait_begun_while_the_service_is_down_finds_it_later(fake, run_document):
    fake.on("GET", RUN_PATH, run_document("succeeded"))
    fake.stop()
    restart = threading.Timer(0.3, fake.start)
    with TrainyardClient(fake.url) as client:
        restart.start()
        try:
            assert client.wait_for_run(RUN_ID).has_succeeded
        finally:
            restart.join()


def test_wait_gives_up_on_a_service_that_stays_away(closed_port):
    with TrainyardClient(f"http://127.0.0.1:{closed_port}") as client, pytest.raises(ServiceUnreachable):
        client.wait_for_run(RUN_ID, unreachable_seconds=0.2)


def test_service_that_says_nothing_is_unreachable():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with (
            TrainyardClient(url, timeout_seconds=0.2, retry_limit_seconds=0) as client,
            pytest.raises(ServiceUnreachable, match="did not answer it"),
        ):
            client.get_run(RUN_ID)


def test_answer_that_can_not_be_decoded_is_not_trainyards(client, fake, answer):
    fake.on("GET", RUN_PATH, answer("not gzip", headers={"Content-Encoding": "gzip"}))
    with pytest.raises(UnexpectedAnswer, match="can not be read"):
        client.get_run(RUN_ID)


def test_proxy_of_the_environment_is_not_asked_for_this_machine(fake, run_document, monkeypatch, closed_port):
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{closed_port}")
    monkeypatch.setenv("no_proxy", "")
    monkeypatch.setenv("NO_PROXY", "")
    fake.on("GET", RUN_PATH, run_document())
    with TrainyardClient(fake.url) as client:
        assert client.get_run(RUN_ID).id == RUN_ID


def test_address_that_no_client_can_use_is_refused():
    with pytest.raises(InvalidArgument, match="not the address of a service"):
        TrainyardClient("http://exa mple\x00")
