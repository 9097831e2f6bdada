import re

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as read_openmetrics
from prometheus_client.parser import text_string_to_metric_families

from api.monitoring import census as census_taker
from api.monitoring.census import WAIT_SECONDS
from api.monitoring.instruments import Instruments
from api.monitoring.predictions import MAX_NAMED_MODELS, OTHER_MODELS
from core.api_keys import make_key
from core.errors import DatabaseUnavailable
from core.experiment import NAME_PATTERN
from db import runs
from db.session import Database

OPENMETRICS = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5"


@pytest.fixture(autouse=True)
def _every_scrape_looks_anew(monkeypatch):
    monkeypatch.setattr(census_taker, "KEPT_SECONDS", 0.0)
    monkeypatch.setattr(census_taker, "KEPT_SHARE", 0.0)


def submit(client):
    assert client.post("/v1/runs", json={"preset": "perceptron-or"}).status_code == 202


def predict(client, model, *rows):
    return client.post(f"/v1/models/{model}:predict", json={"instances": list(rows)})


def test_runs_are_reported_by_state_and_the_queue_by_its_oldest(client, scrape, worker):
    assert scrape(client)["trainyard_queue_oldest_age_seconds"] == 0
    for _ in range(4):
        submit(client)
    worker.fail(worker.claim())
    worker.claim()
    measured = scrape(client)
    by_state = {state: measured[f'trainyard_runs{{state="{state}"}}'] for state in ("queued", "running", "failed")}
    assert by_state == {"queued": 2, "running": 1, "failed": 1}
    assert measured["trainyard_queue_oldest_age_seconds"] > 0
    assert measured['trainyard_worker_runs{worker="test"}'] == 1


def test_totals_rise_with_what_happens_and_not_fall_with_what_is_deleted(client, scrape, worker, database, iris):
    worker.register("before", iris)
    scrape(client)
    run_id = worker.register("after", iris)
    submit(client)
    worker.fail(worker.claim())
    with database.transaction() as session:
        runs.delete(session, run_id)
    measured = scrape(client)
    assert measured['trainyard_runs{state="succeeded"}'] == 1
    names = ("trainyard_runs_submitted_total", "trainyard_attempts_started_total")
    # Two came and one of the earlier two went.
    assert [measured[name] for name in names] == [1, 1]
    assert measured['trainyard_runs_ended_total{state="failed"}'] == 1
    assert measured['trainyard_attempts_ended_total{outcome="failed"}'] == 1
    assert measured['trainyard_attempts_ended_total{outcome="crashed"}'] == 0


def test_predictions_are_counted_by_model_and_row(client, scrape, worker, iris, make_line):
    worker.register("iris-keras", iris)
    worker.register("line", make_line(2.0))
    predict(client, "iris-keras", [1, 2, 3, 4], [5, 6, 7, 8])
    predict(client, "iris-keras", [1, 2, 3, 4])
    predict(client, "line", *[[1.0]] * 300)
    client.post("/v1/models/line:regress", json={"examples": [{"x": 1.0}, {"x": 2.0}]})
    assert predict(client, "line", [1.0, 2.0]).status_code == 400
    measured = scrape(client)
    assert measured['trainyard_predictions_total{model="iris-keras"}'] == 2
    assert measured['trainyard_prediction_rows_total{model="iris-keras"}'] == 3
    assert measured['trainyard_predictions_total{model="line"}'] == 2
    assert measured['trainyard_prediction_rows_total{model="line"}'] == 302


def test_names_that_no_model_has_make_no_series(client, scrape):
    for number in range(20):
        assert predict(client, f"guess-{number}", [1]).status_code == 404
    assert not [name for name in scrape(client) if "guess" in name]


def test_models_beyond_the_most_that_are_named_are_counted_together():
    instruments = Instruments()
    for number in range(MAX_NAMED_MODELS + 20):
        instruments.count_prediction(f"model-{number}", 2)
        instruments.count_prediction("model-0", 1)
    assert not re.match(NAME_PATTERN, OTHER_MODELS)
    counted = {
        sample.labels["model"]: sample.value
        for family in instruments.registry.collect()
        for sample in family.samples
        if sample.name == "trainyard_prediction_rows_total"
    }
    assert len(counted) == MAX_NAMED_MODELS + 1
    assert counted["model-0"] == 2 + MAX_NAMED_MODELS + 20
    assert counted[OTHER_MODELS] == 40


def test_the_model_pool_tells_what_it_holds_and_loaded(client, scrape, worker, iris, settings):
    run_id = worker.register("iris-keras", iris)
    predict(client, "iris-keras", [1, 2, 3, 4])
    predict(client, "iris-keras", [1, 2, 3, 4])
    measured = scrape(client)
    assert measured["trainyard_models_loaded"] == 1
    assert 100_000 < measured["trainyard_models_loaded_bytes"] < 1_000_000
    assert measured["trainyard_prediction_requests_waiting"] == 0
    assert measured["trainyard_model_load_duration_seconds_count"] == 1
    assert measured["trainyard_model_load_failures_total"] == 0
    worker.register("broken", iris)
    client.app.state.service.model_pool.evict(next(iter(client.app.state.service.model_pool._entries)))
    for path in settings.artifacts_dir.rglob("*"):
        if path.is_file():
            path.unlink()
    assert predict(client, "broken", [1, 2, 3, 4]).status_code == 500
    measured = scrape(client)
    assert run_id is not None
    assert measured["trainyard_model_load_failures_total"] == 1
    assert measured["trainyard_models_loaded"] == 0
    assert measured["trainyard_models_loaded_bytes"] == 0


def test_doorbells_are_counted_by_outcome(client, scrape, monkeypatch):
    def until_counted(outcome):
        name = f'trainyard_doorbells_total{{outcome="{outcome}"}}'
        return any(scrape(client)[name] == 1 for _ in range(1000))

    submit(client)
    assert until_counted("rung")
    monkeypatch.setattr("jobs.doorbell.ring_doorbell", lambda _: 1 / 0)
    submit(client)
    assert until_counted("failed")


def test_without_the_database_the_process_still_reports_its_own_measurements(client, scrape, monkeypatch):
    submit(client)
    assert scrape(client)["trainyard_database_up"] == 1

    def fail(_):
        raise DatabaseUnavailable("The database does not answer: connection refused. Try again.")

    monkeypatch.setattr(Database, "reading", fail)
    measured = scrape(client)
    assert measured["trainyard_database_up"] == 0
    assert measured['trainyard_http_requests_total{method="POST",route="/v1/runs",status="2xx"}'] == 1
    counted = (
        "trainyard_runs",
        "trainyard_queue",
        "trainyard_attempts",
        "trainyard_worker",
        "trainyard_model_versions",
    )
    assert not [name for name in measured if name.startswith(counted)]


def test_the_key_of_prometheus_opens_this_without_the_database_too(make_client, make_settings, admin_key, monkeypatch):
    key = make_key().reveal()
    client = make_client(make_settings(bootstrap_key=admin_key, metrics_key=key))
    assert client.get("/metrics").status_code == 401

    def fail(_):
        raise DatabaseUnavailable("The database does not answer: connection refused. Try again.")

    monkeypatch.setattr(Database, "reading", fail)
    answer = client.get("/metrics", headers={"Authorization": f"Bearer {key}"})
    assert answer.status_code == 200
    assert "\ntrainyard_database_up 0.0\n" in answer.text


def test_prometheus_has_its_response_before_it_times_out():
    # Its default scrape timeout is 10 s.
    assert WAIT_SECONDS < 5


def test_the_form_is_openmetrics_where_that_is_asked_for(client):
    answer = client.get("/metrics", headers={"Accept": OPENMETRICS})
    assert answer.headers["content-type"].startswith("application/openmetrics-text; version=1.0.0")
    assert answer.text.endswith("# EOF\n")
    names = {family.name for family in read_openmetrics(answer.text)}
    assert {"trainyard_runs", "trainyard_http_requests", "trainyard_build"} <= names


@pytest.mark.parametrize("accept", ["", "*/*", "text/html", "application/openmetrics-text;version=x", "\xff;=;,"])
def test_the_form_is_prometheus_text_otherwise(client, accept):
    answer = client.get("/metrics", headers={"Accept": accept.encode("latin-1")})
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"


def test_names_follow_the_rules_and_each_says_what_it_is(client):
    families = list(text_string_to_metric_families(client.get("/metrics").text))
    assert len({family.name for family in families}) == len(families)
    for family in families:
        assert family.name.startswith(("trainyard_", "process_")), family.name
        assert family.documentation[0].isupper(), family.name
        assert family.documentation.endswith("."), family.name
        assert not family.name.endswith(("_milliseconds", "_created", "_count")), family.name
        if family.type == "counter":
            assert all(sample.name.endswith("_total") for sample in family.samples), family.name
        if family.type == "histogram":
            assert family.name.endswith("_seconds"), family.name


def test_the_version_of_the_service_is_reported(client):
    answer = client.get("/metrics").text
    version = client.get("/healthz").json()["version"]
    assert re.search(rf'^trainyard_build_info{{python="3[.\d]+",version="{re.escape(version)}"}} 1\.0$', answer, re.M)
