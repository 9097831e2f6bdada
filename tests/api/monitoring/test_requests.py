import asyncio

import pytest

from api.auth.authentication import Authenticator
from api.auth.gate import Gate
from api.auth.origins import Origins
from api.middleware import RequestMiddleware
from api.monitoring.requests import BOUNDS, RequestCounts

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
    client.get("/", headers={"accept": "text/html"})
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
    monkeypatch.setattr("api.experiments.routes.experiments.list_page", lambda *_, **__: 1 / 0)
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
    assert len(buckets) == len(BOUNDS) + 1


def test_a_scrape_sees_itself_in_progress_and_nothing_else(client, scrape):
    client.get("/healthz")
    assert scrape(client)["trainyard_http_requests_in_progress"] == 1


def test_apps_of_one_process_count_for_themselves(make_client, settings, scrape):
    busy, idle = make_client(settings), make_client(settings)
    busy.get("/healthz")
    assert requests(scrape(busy)) == {("GET", "/healthz", "2xx"): 1}
    assert requests(scrape(idle)) == {}


@pytest.fixture
def counts():
    return RequestCounts()


def read(counts):
    """The samples of a family by its name."""
    return {family.name: family.samples for family in counts.collect()}


@pytest.fixture
def wrap(settings, database, counts):
    """Wrap an app in the layer that counts."""

    def make(app):
        return RequestMiddleware(app, gate=Gate(Origins(settings), Authenticator(settings, database)), counts=counts)

    return make


async def nothing(*_):
    pass


def run(wrapped, send=nothing):
    headers = [(b"host", b"127.0.0.1")]
    scope = {"type": "http", "method": "GET", "path": "/", "query_string": b"", "headers": headers}
    asyncio.run(wrapped(scope, nothing, send))


def test_a_client_that_leaves_before_the_answer_is_counted_without_a_status(wrap, counts):
    async def leave(_scope, _receive, _send):
        pass

    run(wrap(leave))
    (sample,) = read(counts)["trainyard_http_requests"]
    assert (sample.labels, sample.value) == ({"method": "GET", "route": "unmatched", "status": "none"}, 1)


def test_a_request_that_fails_after_its_answer_began_is_not_in_progress_any_more(wrap, counts):
    async def fail(_scope, _receive, send):
        assert counts.num_in_progress == 1
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise OSError

    with pytest.raises(OSError):  # noqa: PT011 - the very one that was raised; nothing is said in it.
        run(wrap(fail))
    assert counts.num_in_progress == 0


def test_a_request_that_fails_before_its_answer_began_is_counted_as_a_500(wrap, counts):
    async def fail(_scope, _receive, _send):
        raise OSError

    run(wrap(fail))
    (sample,) = read(counts)["trainyard_http_requests"]
    assert (sample.labels["status"], sample.value) == ("5xx", 1)
    assert counts.num_in_progress == 0


def test_what_is_not_a_request_is_not_counted(wrap, counts):
    async def app(_scope, _receive, _send):
        pass

    asyncio.run(wrap(app)({"type": "lifespan"}, None, None))
    assert read(counts)["trainyard_http_requests"] == []


def test_a_bucket_holds_what_took_at_most_its_bound(counts):
    for seconds in (0.0001, 0.00025, 0.00026, 0.9, 1.0, 99.0):
        counts.add("/healthz", "GET", 200, seconds)
    buckets = {
        sample.labels["le"]: sample.value
        for sample in read(counts)["trainyard_http_request_duration_seconds"]
        if sample.name.endswith("_bucket")
    }
    expected = {"0.00025": 2, "0.0005": 3, "0.5": 3, "1.0": 5, "10.0": 5, "+Inf": 6}
    assert {bound: buckets[bound] for bound in expected} == expected


def test_times_of_a_route_are_reported_together_whatever_the_status(counts):
    for status in (200, 204, 404, 503):
        counts.add("/v1/runs", "GET", status, 0.25)
    samples = read(counts)
    by_status = {sample.labels["status"]: sample.value for sample in samples["trainyard_http_requests"]}
    assert by_status == {"2xx": 2, "4xx": 1, "5xx": 1}
    times = {
        sample.name.rsplit("_", 1)[1]: sample.value for sample in samples["trainyard_http_request_duration_seconds"]
    }
    assert (times["count"], times["sum"]) == (4, 1.0)
