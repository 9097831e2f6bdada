import asyncio

import pytest
from prometheus_client.parser import text_string_to_metric_families

from api.instruments import REQUEST_BUCKETS, Instruments
from api.request_meter import RequestMeter

REQUESTS = "trainyard_http_requests_total"
SECONDS = "trainyard_http_request_duration_seconds"


def requests(measured):
    """The counted requests: (method, route, status) and how many."""
    counted = {}
    for name, value in measured.items():
        if name.startswith(REQUESTS):
            labels = dict(part.split("=") for part in name[len(REQUESTS) + 1 : -1].replace('"', "").split(","))
            counted[labels["method"], labels["route"], labels["status"]] = value
    return counted


def test_requests_are_counted_by_the_template_of_their_route(client, scrape):
    for name in ("iris-keras", "perceptron-or", "no-such"):
        client.get(f"/v1/presets/{name}")
    assert requests(scrape(client)) == {
        ("GET", "/v1/presets/{name}", "2xx"): 2,
        ("GET", "/v1/presets/{name}", "4xx"): 1,
    }


def test_every_prediction_route_has_a_name_of_its_own(client, scrape, worker, iris):
    worker.register("iris-keras", iris)
    for place in ("", "/versions/1", "/versions/2"):
        client.post(f"/v1/models/iris-keras{place}:predict", json={"instances": [[1, 2, 3, 4]]})
    assert requests(scrape(client)) == {
        ("POST", "/v1/models/{model}:predict", "2xx"): 1,
        ("POST", "/v1/models/{model}/versions/{version}:predict", "2xx"): 1,
        ("POST", "/v1/models/{model}/versions/{version}:predict", "4xx"): 1,
    }


def test_paths_that_lead_nowhere_are_counted_together(client, scrape):
    for number in range(50):
        client.get(f"/attack/{number}.php")
        client.get(f"/v1/runs/{number}/nothing")
    client.post("/v1/runs", content="{}", headers={"Sec-Fetch-Site": "cross-site"})
    assert requests(scrape(client)) == {("GET", "unmatched", "4xx"): 100, ("POST", "unmatched", "4xx"): 1}


def test_requests_without_a_key_make_no_series_of_their_own(locked_client, scrape, admin_key):
    for path in ("/v1/runs", "/v1/presets", "/nothing"):
        assert locked_client.get(path).status_code == 401
    locked_client.headers["Authorization"] = f"Bearer {admin_key}"
    assert requests(scrape(locked_client)) == {("GET", "unmatched", "4xx"): 3}


def test_pages_and_their_files_are_counted_together(client, scrape):
    for path in ("/docs", "/redoc", "/openapi.json", "/static/swagger-page.js"):
        assert client.get(path).status_code == 200
    client.get("/static/no-such.js")
    client.get("/")
    expected = {("GET", "pages", "2xx"): 4, ("GET", "pages", "4xx"): 1, ("GET", "pages", "3xx"): 1}
    assert requests(scrape(client)) == expected


def test_head_is_counted_as_the_get_it_is_answered_as(client, scrape):
    client.head("/healthz")
    assert requests(scrape(client)) == {("GET", "/healthz", "2xx"): 1}


def test_methods_that_nothing_here_has_are_counted_together(client, scrape):
    for method in ("BREW", "WHEN", "PROPFIND"):
        client.request(method, "/healthz")
    assert requests(scrape(client)) == {("other", "/healthz", "4xx"): 3}


def test_an_internal_error_is_counted_as_one(client, scrape, monkeypatch):
    monkeypatch.setattr("api.experiments.experiments.list_page", lambda *_, **__: 1 / 0)
    assert client.get("/v1/experiments").status_code == 500
    assert requests(scrape(client)) == {("GET", "/v1/experiments", "5xx"): 1}


def test_every_request_is_timed_once(client, scrape):
    for _ in range(3):
        client.get("/healthz")
    measured = scrape(client)
    labels = 'method="GET",route="/healthz"'
    assert measured[f"{SECONDS}_count{{{labels}}}"] == 3
    assert measured[f"{SECONDS}_sum{{{labels}}}"] > 0
    buckets = [name for name in measured if name.startswith(f"{SECONDS}_bucket") and "/healthz" in name]
    # One more than the bounds: +Inf.
    assert len(buckets) == len(REQUEST_BUCKETS) + 1


def test_a_scrape_sees_itself_in_progress_and_nothing_else(client, scrape):
    client.get("/healthz")
    assert scrape(client)["trainyard_http_requests_in_progress"] == 1


def test_apps_of_one_process_count_for_themselves(make_client, settings, scrape):
    busy, idle = make_client(settings), make_client(settings)
    busy.get("/healthz")
    assert requests(scrape(busy)) == {("GET", "/healthz", "2xx"): 1}
    assert requests(scrape(idle)) == {}


@pytest.fixture
def instruments():
    return Instruments()


def measure(instruments):
    from prometheus_client import generate_latest  # noqa: PLC0415 - of use to these two tests alone.

    families = text_string_to_metric_families(generate_latest(instruments.registry).decode())
    return {sample.name: sample for family in families for sample in family.samples}


def run(app, instruments):
    async def nothing(*_):
        pass

    asyncio.run(RequestMeter(app, instruments)({"type": "http", "method": "GET"}, nothing, nothing))


def test_a_client_that_leaves_before_the_answer_is_counted_without_a_status(instruments):
    async def leave(_scope, _receive, _send):
        pass

    run(leave, instruments)
    sample = measure(instruments)[REQUESTS]
    assert (sample.labels, sample.value) == ({"method": "GET", "route": "unmatched", "status": "none"}, 1)


def test_a_request_that_fails_is_not_in_progress_any_more(instruments):
    async def fail(_scope, _receive, _send):
        raise OSError

    with pytest.raises(OSError):  # noqa: PT011 - the very one that was raised; nothing is said in it.
        run(fail, instruments)
    assert measure(instruments)["trainyard_http_requests_in_progress"].value == 0
