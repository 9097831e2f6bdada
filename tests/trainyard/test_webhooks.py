"""The client's methods for webhooks with the JSON of the service."""

from datetime import UTC, datetime

import pytest

from trainyard.errors import Conflict, InvalidRequest, NotFound, UnexpectedAnswer

PATH = "/v1/webhooks"
WEBHOOK_ID = "01920000-0000-7000-8000-00000000000d"
RUN_ID = "01920000-0000-7000-8000-000000000001"
URL = "https://hooks.example.org/trainyard"
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # noqa: S105 - An example of the specification.
TIME = "2026-01-02T03:04:05Z"
MOMENT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)

WEBHOOK = {
    "id": WEBHOOK_ID,
    "url": URL,
    "states": ["succeeded", "failed"],
    "experiment": "iris",
    "model": None,
    "created_by": "ci",
    "created_at": TIME,
    "failing_since": None,
    "disabled_at": None,
    "disabled_reason": None,
}

DELIVERY = {
    "id": 12,
    "run_id": RUN_ID,
    "run_state": "failed",
    "ended_at": TIME,
    "state": "waiting",
    "num_tries": 2,
    "due_at": TIME,
    "tried_at": None,
    "status": 503,
    "detail": "The response has the status 503.",
}


def test_a_made_webhook_has_its_secret_and_says_it_only_when_asked(client, fake, answer):
    fake.on("POST", PATH, answer(WEBHOOK | {"secret": SECRET}, 201))
    made = client.make_webhook(URL, states=["succeeded", "failed"], experiment="iris")
    assert made.secret == made.document["secret"] == SECRET
    assert SECRET not in repr(made)
    assert made.webhook.document == WEBHOOK
    (request,) = fake.requests
    assert request.body == {"url": URL, "states": ["succeeded", "failed"], "experiment": "iris"}
    assert len(request.headers["idempotency-key"]) == 36


def test_what_is_not_chosen_is_left_to_the_service(client, fake, answer):
    fake.on("POST", PATH, answer(WEBHOOK | {"secret": SECRET}, 201))
    client.make_webhook(URL, model="adder")
    client.make_webhook(URL)
    assert [request.body for request in fake.requests] == [{"url": URL, "model": "adder"}, {"url": URL}]
    assert len({request.headers["idempotency-key"] for request in fake.requests}) == 2


def test_a_lost_answer_makes_no_second_webhook_and_is_an_error_that_names_the_first(client, fake, answer):
    detail = f"The first request has created {PATH}/{WEBHOOK_ID}. Send DELETE."
    fake.on("POST", PATH, answer(drop=True), answer({"detail": detail, "code": "secret_not_kept"}, 409))
    with pytest.raises(Conflict, match=WEBHOOK_ID) as caught:
        client.make_webhook(URL)
    assert caught.value.code == "secret_not_kept"
    assert len({request.headers["idempotency-key"] for request in fake.requests}) == 1
    assert fake.count("POST", PATH) == 2


def test_webhooks_are_read_with_their_times(client, fake):
    disabled = WEBHOOK | {"failing_since": TIME, "disabled_at": TIME, "disabled_reason": "Gone.", "model": "adder"}
    fake.on("GET", PATH, {"items": [WEBHOOK, disabled]})
    fake.on("GET", f"{PATH}/{WEBHOOK_ID}", disabled)
    first, second = client.list_webhooks()
    assert (first.id, first.url, first.states) == (WEBHOOK_ID, URL, ("succeeded", "failed"))
    assert (first.experiment, first.model, first.created_at) == ("iris", None, MOMENT)
    assert (first.failing_since, first.disabled_at, first.disabled_reason) == (None, None, None)
    assert (second.failing_since, second.disabled_at, second.disabled_reason) == (MOMENT, MOMENT, "Gone.")
    assert client.get_webhook(WEBHOOK_ID) == second


def test_deliveries_come_a_page_at_a_time(client, fake):
    path = f"{PATH}/{WEBHOOK_ID}/deliveries"
    delivered = DELIVERY | {"id": 11, "state": "delivered", "due_at": None, "tried_at": TIME, "status": 204}
    pages = [{"items": [DELIVERY], "next_cursor": "abc"}, {"items": [delivered], "next_cursor": None}]
    fake.on("GET", path, *pages)
    first, second = client.list_deliveries(WEBHOOK_ID, page_size=1)
    assert (first.id, first.run_id, first.run_state, first.state, first.num_tries) == (
        12,
        RUN_ID,
        "failed",
        "waiting",
        2,
    )
    assert (first.due_at, first.tried_at, first.status, first.detail) == (MOMENT, None, 503, DELIVERY["detail"])
    assert (second.due_at, second.tried_at) == (None, MOMENT)
    assert [request.query for request in fake.requests] == [[("limit", "1")], [("limit", "1"), ("cursor", "abc")]]


def test_a_webhook_is_enabled_and_deleted(client, fake, answer):
    fake.on("POST", f"{PATH}/{WEBHOOK_ID}:enable", WEBHOOK)
    fake.on("DELETE", f"{PATH}/{WEBHOOK_ID}", answer(drop=True), answer({"detail": "There is no webhook."}, 404))
    assert client.enable_webhook(WEBHOOK_ID).disabled_at is None
    # The first answer is lost; that it is gone afterwards is what was asked for.
    client.delete_webhook(WEBHOOK_ID)
    assert fake.count("DELETE", f"{PATH}/{WEBHOOK_ID}") == 2


def test_refusals_are_the_errors_of_all_resources(client, fake, answer):
    problem = {"pointer": "/url", "detail": "Messages to evil.example are not allowed.", "code": "host_not_allowed"}
    fake.on("POST", PATH, answer({"detail": problem["detail"], "errors": [problem]}, 400))
    with pytest.raises(InvalidRequest) as caught:
        client.make_webhook("https://evil.example/")
    assert [(found.pointer, found.code) for found in caught.value.problems] == [("/url", "host_not_allowed")]
    for ask in (client.get_webhook, client.enable_webhook, client.delete_webhook):
        with pytest.raises(NotFound):
            ask("a/b")
    assert {request.path for request in fake.requests[1:]} == {f"{PATH}/a%2Fb", f"{PATH}/a%2Fb:enable"}
    with pytest.raises(NotFound):
        list(client.list_deliveries(WEBHOOK_ID))


def test_an_answer_of_another_form_is_an_error_in_words(client, fake):
    fake.on("GET", f"{PATH}/{WEBHOOK_ID}", {"id": WEBHOOK_ID})
    with pytest.raises(UnexpectedAnswer, match="Check the address"):
        client.get_webhook(WEBHOOK_ID)
