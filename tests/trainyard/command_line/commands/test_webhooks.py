import json
from datetime import UTC, datetime, timedelta

import pytest

from trainyard.command_line.display.webhooks import format_deliveries, format_webhook
from trainyard.resources.webhooks import Delivery, Webhook

PATH = "/v1/webhooks"
WEBHOOK_ID = "01920000-0000-7000-8000-00000000000d"
RUN_ID = "01920000-0000-7000-8000-000000000001"
URL = "https://hooks.example.org/trainyard"
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # noqa: S105 - An example of the specification.
TIME = "2026-01-02T03:04:05Z"

WEBHOOK = {
    "id": WEBHOOK_ID,
    "url": URL,
    "states": ["succeeded", "failed"],
    "experiment": None,
    "model": "adder",
    "created_by": "ci",
    "created_at": TIME,
    "failing_since": None,
    "disabled_at": None,
    "disabled_reason": None,
}
DISABLED = WEBHOOK | {"failing_since": TIME, "disabled_at": TIME, "disabled_reason": "The response has the status 410."}
DELIVERY = {
    "id": 12,
    "run_id": RUN_ID,
    "run_state": "succeeded",
    "ended_at": TIME,
    "state": "delivered",
    "num_tries": 1,
    "due_at": None,
    "tried_at": TIME,
    "status": 204,
    "detail": None,
}


def test_secret_is_alone_on_standard_output(invoke, fake, answer):
    fake.on("POST", PATH, answer(WEBHOOK | {"secret": SECRET}, 201))
    options = ["--state", "succeeded", "--state", "failed", "--experiment", "iris", "--model", "adder"]
    result = invoke("webhooks", "make", URL, *options)
    assert (result.exit_code, result.stdout) == (0, f"{SECRET}\n")
    assert WEBHOOK_ID in result.stderr
    assert "not shown again" in result.stderr
    assert SECRET not in result.stderr
    sent = {"url": URL, "states": ["succeeded", "failed"], "experiment": "iris", "model": "adder"}
    assert fake.requests[0].body == sent


def test_made_webhook_is_printed_as_json_where_asked(invoke, fake, answer):
    fake.on("POST", PATH, answer(WEBHOOK | {"secret": SECRET}, 201))
    result = invoke("webhooks", "make", URL, "--json")
    assert json.loads(result.stdout) == WEBHOOK | {"secret": SECRET}
    assert fake.requests[0].body == {"url": URL}


@pytest.mark.parametrize("arguments", [[], [URL, "--state", "running"]])
def test_what_makes_no_webhook_is_not_sent(invoke, fake, arguments):
    assert invoke("webhooks", "make", *arguments).exit_code == 2
    assert fake.requests == []


def test_lost_secret_is_reported_with_what_to_do(invoke, fake, answer):
    detail = f"The first request with this Idempotency-Key has created {PATH}/{WEBHOOK_ID}."
    fake.on("POST", PATH, answer(drop=True), answer({"detail": detail, "code": "secret_not_kept"}, 409))
    result = invoke("webhooks", "make", URL)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith(f"Error: {detail} ")
    assert "trainyard webhooks delete ID" in result.stderr
    assert len({request.headers["idempotency-key"] for request in fake.requests}) == 1


def test_other_conflict_is_reported_as_it_is(invoke, fake, answer):
    detail = "There are 100 webhooks, and no more than 100 are allowed. Delete some."
    fake.on("POST", PATH, answer({"detail": detail, "code": "conflict"}, 409))
    result = invoke("webhooks", "make", URL)
    assert (result.exit_code, result.stderr) == (1, f"Error: {detail}\n")


def test_webhooks_are_listed(invoke, fake):
    failing = WEBHOOK | {"failing_since": TIME, "experiment": "iris", "model": None}
    fake.on("GET", PATH, {"items": [WEBHOOK, failing, DISABLED]})
    result = invoke("webhooks", "list")
    assert result.exit_code == 0
    headers, *lines = result.stdout.splitlines()
    assert headers.split() == ["WEBHOOK", "ADDRESS", "STATES", "EXPERIMENT", "MODEL", "NOW", "MADE"]
    assert [line.split()[:5] for line in lines] == [
        [WEBHOOK_ID, URL, "succeeded,", "failed", "adder"],
        [WEBHOOK_ID, URL, "succeeded,", "failed", "iris"],
        [WEBHOOK_ID, URL, "succeeded,", "failed", "adder"],
    ]
    assert [line.split()[5] for line in lines] == ["enabled", "failing", "disabled"]
    assert json.loads(invoke("webhooks", "list", "--json").stdout) == {"items": [WEBHOOK, failing, DISABLED]}


def test_no_webhooks_are_reported_with_what_to_do(invoke, fake):
    fake.on("GET", PATH, {"items": []})
    result = invoke("webhooks", "list")
    assert (result.exit_code, result.stdout) == (0, "")
    assert "trainyard webhooks make" in result.stderr


def test_webhook_is_shown_with_the_reason_that_disabled_it(invoke, fake):
    fake.on("GET", f"{PATH}/{WEBHOOK_ID}", DISABLED)
    result = invoke("webhooks", "show", WEBHOOK_ID)
    assert result.exit_code == 0
    assert result.stdout.startswith(f"Webhook {WEBHOOK_ID}\n")
    lines = {line.split()[0]: line.split(maxsplit=1)[1] for line in result.stdout.splitlines()[1:]}
    assert lines["address"] == URL
    assert lines["now"] == "disabled"
    assert lines["reason"] == DISABLED["disabled_reason"]
    assert json.loads(invoke("webhooks", "show", WEBHOOK_ID, "--json").stdout) == DISABLED


def test_what_does_not_apply_is_not_shown():
    shown = format_webhook(Webhook.from_json(WEBHOOK))
    assert "experiment" not in shown
    assert "failing" not in shown
    assert "reason" not in shown


def test_deliveries_are_listed_up_to_the_limit(invoke, fake):
    path = f"{PATH}/{WEBHOOK_ID}/deliveries"
    fake.on("GET", path, {"items": [DELIVERY, DELIVERY | {"id": 11}], "next_cursor": "abc"})
    result = invoke("webhooks", "deliveries", WEBHOOK_ID, "--limit", "2")
    assert result.exit_code == 0
    headers, *lines = result.stdout.splitlines()
    assert headers.split("  ")[0] == "RUN"
    assert [line.split()[:4] for line in lines] == [[RUN_ID, "succeeded", "delivered", "1"]] * 2
    assert lines[0].split()[-1] == "204"
    assert [request.query for request in fake.requests] == [[("limit", "2")]]
    printed = invoke("webhooks", "deliveries", WEBHOOK_ID, "--limit", "3", "--json").stdout
    assert [item["id"] for item in json.loads(printed)["items"]] == [12, 11, 12]


def test_next_try_is_told_as_the_time_until_then():
    soon, later = ((datetime.now(UTC) + timedelta(seconds=seconds)).isoformat() for seconds in (9.3, 90.3))
    waiting = DELIVERY | {"state": "waiting", "status": 503, "detail": "The response has the status 503."}
    shown = format_deliveries([Delivery.from_json(waiting | {"due_at": due}) for due in (later, soon, TIME)])
    first, second, third = shown.splitlines()[1:]
    assert "in 1 min 30 s" in first
    assert "  in 9 s  " in second
    assert "  now  " in third
    assert first.endswith("503     The response has the status 503.")


def test_no_deliveries_are_reported(invoke, fake):
    fake.on("GET", f"{PATH}/{WEBHOOK_ID}/deliveries", {"items": [], "next_cursor": None})
    result = invoke("webhooks", "deliveries", WEBHOOK_ID)
    assert (result.exit_code, result.stdout) == (0, "")
    assert "no messages" in result.stderr


def test_webhook_is_enabled(invoke, fake):
    fake.on("POST", f"{PATH}/{WEBHOOK_ID}:enable", WEBHOOK)
    result = invoke("webhooks", "enable", WEBHOOK_ID)
    assert (result.exit_code, result.stdout) == (0, f"Webhook {WEBHOOK_ID} is enabled.\n")
    assert json.loads(invoke("webhooks", "enable", WEBHOOK_ID, "--json").stdout) == WEBHOOK


def test_webhook_is_deleted(invoke, fake, answer):
    fake.on("DELETE", f"{PATH}/{WEBHOOK_ID}", answer(status=204))
    for options in ([], ["--yes"]):
        result = invoke("webhooks", "delete", WEBHOOK_ID, *options)
        assert (result.exit_code, result.stdout) == (0, f"Webhook {WEBHOOK_ID} is deleted.\n")


@pytest.mark.parametrize("command", ["show", "deliveries", "enable", "delete"])
def test_unknown_webhook_is_reported_in_words(invoke, fake, answer, command):
    detail = f"There is no webhook {WEBHOOK_ID}. GET /v1/webhooks lists those that exist."
    path = f"{PATH}/{WEBHOOK_ID}"
    for method, asked in (("GET", path), ("GET", f"{path}/deliveries"), ("POST", f"{path}:enable"), ("DELETE", path)):
        fake.on(method, asked, answer({"detail": detail, "code": "unknown_webhook"}, 404))
    result = invoke("webhooks", command, WEBHOOK_ID)
    assert (result.exit_code, result.stdout, result.stderr) == (1, "", f"Error: {detail}\n")
