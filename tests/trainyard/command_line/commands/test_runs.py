import json

import pytest

RUN_ID = "01920000-0000-7000-8000-000000000001"
RUN_PATH = f"/v1/runs/{RUN_ID}"


@pytest.fixture
def listing(fake, run_document):
    fake.on("GET", "/v1/runs", {"items": [run_document("failed"), run_document("succeeded")], "next_cursor": "more"})


@pytest.mark.usefixtures("listing")
def test_runs_are_listed_with_full_ids_outside_a_terminal(invoke):
    result = invoke("runs", "--limit", "2")
    assert result.exit_code == 0
    header, first, second = result.stdout.splitlines()
    assert header.split() == ["RUN", "STATE", "MODEL", "EXPERIMENT", "DONE", "SUBMITTED", "LATEST"]
    assert first.split()[:4] == [RUN_ID, "failed", "binary-adder", "default"]
    assert second.split()[1] == "succeeded"


@pytest.mark.usefixtures("listing")
def test_output_outside_a_terminal_has_no_escape_codes(invoke):
    assert "\x1b" not in invoke("runs").stdout


@pytest.mark.usefixtures("listing")
def test_filters_and_limit_are_passed_on(invoke, fake):
    invoke("runs", "--state", "queued", "--state", "failed", "--experiment", "e", "--limit", "2")
    assert fake.requests[0].query == [("state", "queued"), ("state", "failed"), ("experiment", "e"), ("limit", "2")]
    assert len(fake.requests) == 1


@pytest.mark.usefixtures("listing")
def test_limit_over_a_page_takes_more_pages(invoke, fake):
    result = invoke("runs", "--limit", "3", "--json")
    assert len(json.loads(result.stdout)["items"]) == 3
    assert len(fake.requests) == 2


@pytest.mark.usefixtures("listing")
def test_condition_words_and_order_are_passed_on(invoke, fake):
    invoke("runs", "--filter", "tags.a = b", "--find", "x y", "--sort", "-created_at", "--limit", "2")
    assert fake.requests[0].query == [
        ("filter", "tags.a = b"),
        ("find", "x y"),
        ("sort", "-created_at"),
        ("limit", "2"),
    ]


def test_columns_are_those_that_were_named(invoke, fake):
    items = [
        {"id": "a", "tags": {"x.y": "two words"}, "metrics": {"epoch/train/loss": {"best": 0.25}}, "notes": "a\nb"},
        {"id": "b", "tags": {}, "metrics": {}, "notes": None},
    ]
    fake.on("GET", "/v1/runs", {"items": items, "next_cursor": None})
    columns = 'id, tags."x.y",metrics."epoch/train/loss".best,notes'
    result = invoke("runs", "--columns", columns)
    assert fake.requests[0].query == [("limit", "20"), ("fields", columns)]
    header, first, second = result.stdout.splitlines()
    assert header.split() == ["id", 'tags."x.y"', 'metrics."epoch/train/loss".best', "notes"]
    assert first.split() == ["a", "two", "words", "0.25", "a", "b"]
    assert second.split() == ["b"]
    assert json.loads(invoke("runs", "--columns", columns, "--json").stdout) == {"items": items}


def test_unknown_state_names_the_states(invoke):
    result = invoke("runs", "--state", "done")
    assert result.exit_code == 2
    assert "succeeded" in result.stderr


def test_no_runs_leave_standard_output_empty(invoke, fake):
    fake.on("GET", "/v1/runs", {"items": [], "next_cursor": None})
    result = invoke("runs")
    assert (result.exit_code, result.stdout) == (0, "")
    assert "No runs fit" in result.stderr


def test_run_is_shown_with_metrics_and_curve(invoke, fake, run_document, progress_document):
    fake.on("GET", RUN_PATH, run_document("running", progress=progress_document(3), latest_metrics={"train/loss": 0.1}))
    keys = ["epoch/train/loss", "epoch/validation/loss", "train/loss"]
    items = [{"key": key, "count": 3, "first": 1, "last": 0.1, "min": 0.1, "max": 1} for key in keys]
    fake.on("GET", f"{RUN_PATH}/metrics", {"items": items})
    series = [{"key": key, "x": [10, 20, 30], "y": [1.0, 0.5, 0.1]} for key in keys[:2]]
    fake.on("GET", f"{RUN_PATH}/metrics/history", {"run_id": RUN_ID, "series": series})
    result = invoke("show", RUN_ID)
    assert result.exit_code == 0
    assert "epoch 3 of 5" in result.stdout
    assert "METRIC" in result.stdout
    assert "epoch/validation/loss  1 to 0.1" in result.stdout
    assert dict(fake.requests[-1].query)["keys"] == "epoch/train/loss,epoch/validation/loss"


def test_queued_run_is_shown_without_metrics(invoke, fake, run_document):
    fake.on("GET", RUN_PATH, run_document())
    fake.on("GET", f"{RUN_PATH}/metrics", {"items": []})
    result = invoke("show", RUN_ID)
    assert result.exit_code == 0
    assert "METRIC" not in result.stdout


def test_run_is_found_by_the_beginning_of_its_id(invoke, fake, run_document):
    fake.on("GET", "/v1/runs", {"items": [run_document()], "next_cursor": None})
    fake.on("GET", RUN_PATH, run_document())
    assert json.loads(invoke("show", "01920000", "--json").stdout)["id"] == RUN_ID


def test_shown_run_can_be_followed(invoke, fake, run_document):
    fake.on("GET", RUN_PATH, run_document("running"), run_document("running"), run_document("failed"))
    result = invoke("show", RUN_ID, "--watch")
    assert result.exit_code == 1
    assert result.stdout == f"Run {RUN_ID} failed.\n"


def test_unknown_run_is_reported_in_words(invoke, fake, answer):
    fake.on("GET", RUN_PATH, answer({"detail": f"There is no run {RUN_ID}.", "code": "unknown_run"}, 404))
    result = invoke("show", RUN_ID)
    assert (result.exit_code, result.stderr) == (1, f"Error: There is no run {RUN_ID}.\n")


def test_logs_are_printed_as_they_are(invoke, fake, answer):
    fake.on("GET", f"{RUN_PATH}/logs", answer("one\ntwo", headers={"Content-Type": "text/plain"}))
    assert invoke("logs", RUN_ID).stdout == "one\ntwo"


def test_a_program_is_printed_as_it_is(invoke, fake, answer):
    fake.on("GET", f"{RUN_PATH}/code", answer('print("ü")\n', headers={"Content-Type": "text/x-python"}))
    assert invoke("code", RUN_ID).stdout == 'print("ü")\n'


@pytest.mark.parametrize(("state", "text"), [("cancelled", "is cancelled."), ("running", "was asked to stop.")])
def test_cancel_reports_whether_the_run_has_ended(invoke, fake, answer, run_document, state, text):
    fake.on("POST", f"{RUN_PATH}:cancel", answer(run_document(state), 202))
    result = invoke("cancel", RUN_ID)
    assert (result.exit_code, result.stdout) == (0, f"Run {RUN_ID} {text}\n")


def test_cancel_as_json_prints_the_run(invoke, fake, run_document):
    fake.on("POST", f"{RUN_PATH}:cancel", run_document("cancelled"))
    assert json.loads(invoke("cancel", RUN_ID, "--json").stdout)["state"] == "cancelled"


def test_delete_does_not_ask_where_nobody_can_answer(invoke, fake, answer):
    fake.on("DELETE", RUN_PATH, answer(status=204))
    result = invoke("delete", RUN_ID)
    assert (result.exit_code, result.stdout) == (0, f"Run {RUN_ID} is deleted.\n")
    assert fake.count("DELETE", RUN_PATH) == 1


def test_delete_by_force_takes_aliases_too(invoke, fake, answer):
    fake.on("DELETE", RUN_PATH, answer({"id": RUN_ID, "model_version": None}))
    assert invoke("delete", RUN_ID, "--force").stdout == f"Run {RUN_ID} is deleted.\n"
    assert fake.requests[-1].query == [("force", "true")]
