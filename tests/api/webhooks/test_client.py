"""The client and the command line with webhooks of the real service, over HTTP."""

import asyncio
import inspect
import socket
import threading
import time

import httpx
import pytest
import uvicorn
from typer.testing import CliRunner

from api.app import create_app
from core.webhooks import MAX_URL_LENGTH
from db import runs
from trainyard import AsyncClient, Client
from trainyard.command_line.app import app
from trainyard.errors import AccessDenied, Conflict, InvalidRequest, NotFound

HOST = "hooks.example.org"
URL = f"https://{HOST}/trainyard"
UNKNOWN_ID = "01935a41-77b0-7c11-8e0f-2f6a9d3b5c10"


@pytest.fixture
def address(make_settings, admin_key):
    """Address of a service in this process that asks for keys and may tell one host."""
    settings = make_settings(webhook_hosts=HOST, bootstrap_key=admin_key)
    server = uvicorn.Server(uvicorn.Config(create_app(settings), log_config=None))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        deadline = time.monotonic() + 60
        while not server.started:
            assert thread.is_alive()
            assert time.monotonic() < deadline
            time.sleep(0.01)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        server.should_exit = True
        thread.join()


class Ask:
    """Calls the methods of either client, and returns what came of them."""

    def __init__(self, client, runner):
        self._client = client
        self._runner = runner

    def __getattr__(self, name):
        def call(*arguments, **options):
            result = getattr(self._client, name)(*arguments, **options)
            if inspect.iscoroutine(result):
                return self._runner.run(result)
            if inspect.isasyncgen(result):
                return self._runner.run(_gather(result))
            return list(result) if inspect.isgenerator(result) else result

        return call


async def _gather(items):
    return [item async for item in items]


@pytest.fixture(params=[Client, AsyncClient])
def connect(address, request):
    """Connect with a key; each test runs with both clients."""
    with asyncio.Runner() as runner:
        opened = []

        def make(key):
            opened.append(Ask(request.param(address, key), runner))
            return opened[-1]

        yield make
        for client in opened:
            client.close()


@pytest.fixture
def admin(connect, admin_key):
    return connect(admin_key)


def end_runs(database, count):
    ended = []
    with database.transaction() as session:
        for _ in range(count):
            run_id = runs.create(session, experiment="trials", model_name="adder", spec={}).id
            runs.cancel(session, run_id)
            ended.append(str(run_id))
    return ended


def test_a_webhook_from_its_making_to_its_end(admin, database):
    made = admin.make_webhook(URL, states=["cancelled"], experiment="trials")
    assert made.secret.startswith("whsec_")
    assert (made.webhook.url, made.webhook.states, made.webhook.experiment) == (URL, ("cancelled",), "trials")
    assert admin.list_webhooks() == [made.webhook]
    assert admin.get_webhook(made.webhook.id) == made.webhook

    ended = end_runs(database, 3)
    deliveries = admin.list_deliveries(made.webhook.id, page_size=2)
    assert [delivery.run_id for delivery in deliveries] == ended[::-1]
    first = deliveries[0]
    assert (first.run_state, first.state, first.num_tries, first.tried_at) == ("cancelled", "waiting", 0, None)
    assert first.due_at is not None

    assert admin.enable_webhook(made.webhook.id) == made.webhook
    admin.delete_webhook(made.webhook.id)
    assert admin.list_webhooks() == []


def test_an_unknown_webhook_is_not_found(admin):
    for webhook_id in (UNKNOWN_ID, "nonsense", "a/b"):
        for ask in (admin.get_webhook, admin.enable_webhook, admin.delete_webhook, admin.list_deliveries):
            with pytest.raises(NotFound):
                ask(webhook_id)


@pytest.mark.parametrize(
    ("arguments", "pointer", "code"),
    [
        ({"url": "https://evil.example/"}, "/url", "host_not_allowed"),
        ({"url": "file:///etc/passwd"}, "/url", "invalid_url"),
        ({"url": f"{URL}/{'a' * MAX_URL_LENGTH}"}, "/url", None),
        ({"url": URL, "states": ["running"]}, "/states", None),
    ],
)
def test_a_webhook_that_cannot_be_is_rejected_where_it_is_wrong(admin, arguments, pointer, code):
    with pytest.raises(InvalidRequest) as caught:
        admin.make_webhook(**arguments)
    (problem,) = caught.value.problems
    assert problem.pointer == pointer
    assert code is None or problem.code == code
    assert admin.list_webhooks() == []


def test_only_admins_have_webhooks(connect, keep_key):
    client = connect(keep_key("read", "submit", "predict"))
    for ask in (client.list_webhooks, lambda: client.make_webhook(URL), lambda: client.delete_webhook(UNKNOWN_ID)):
        with pytest.raises(AccessDenied, match="needs a key with the scope admin"):
            ask()


def lose_first_answer(http):
    """Break the connection of an httpx client once, after the service has acted."""
    is_lost = []

    def note(response):
        if not is_lost:
            is_lost.append(True)
            raise httpx.ReadError("Cut off.", request=response.request)

    async def note_async(response):
        note(response)

    http.event_hooks = {"response": [note_async if isinstance(http, httpx.AsyncClient) else note]}
    return is_lost


def test_a_lost_answer_names_the_one_webhook_that_was_made(admin):
    lost = lose_first_answer(admin._client._transport._http)
    with pytest.raises(Conflict) as caught:
        admin.make_webhook(URL)
    assert lost
    assert caught.value.code == "secret_not_kept"
    (made,) = admin.list_webhooks()
    assert f"DELETE /v1/webhooks/{made.id}" in caught.value.detail
    admin.delete_webhook(made.id)
    assert admin.make_webhook(URL).webhook.id != made.id


@pytest.fixture
def invoke(address, admin_key):
    """Run the command line against the service, with the admin key unless another is given."""

    def run(*arguments, key=admin_key):
        environment = {"TRAINYARD_URL": address, "TRAINYARD_KEY": key}
        return CliRunner().invoke(app, ["webhooks", *arguments], env=environment)

    return run


def test_the_commands_do_the_same(invoke, database):
    made = invoke("make", URL, "--state", "cancelled")
    assert made.exit_code == 0
    assert made.stdout.startswith("whsec_")
    listed = invoke("list").stdout
    webhook_id = listed.splitlines()[1].split()[0]
    assert webhook_id in made.stderr
    assert made.stdout.strip() not in listed
    (run_id,) = end_runs(database, 1)
    assert invoke("deliveries", webhook_id).stdout.splitlines()[1].split()[:3] == [run_id, "cancelled", "waiting"]
    assert URL in invoke("show", webhook_id).stdout
    assert invoke("enable", webhook_id).exit_code == 0
    assert invoke("delete", webhook_id).exit_code == 0
    assert invoke("list").stdout == ""


def test_refusals_of_the_service_are_printed_in_words(invoke, keep_key):
    refused = invoke("make", "https://evil.example/")
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert "Messages to evil.example are not allowed" in refused.stderr
    assert "TRAINYARD_WEBHOOK_HOSTS" in refused.stderr
    unknown = invoke("show", UNKNOWN_ID)
    assert (unknown.exit_code, unknown.stderr.startswith("Error: There is no webhook")) == (1, True)
    denied = invoke("list", key=keep_key("read"))
    assert (denied.exit_code, "scope admin" in denied.stderr) == (1, True)
