"""Each method of the client with the JSON of the service."""

import io
import math
import tarfile
from datetime import UTC, datetime

import numpy as np
import pytest

from trainyard.errors import (
    Conflict,
    InvalidArgument,
    InvalidRequest,
    NotFound,
    Problem,
    RunFailed,
    UnexpectedAnswer,
    WaitTimedOut,
)
from trainyard.notices import Notice
from trainyard.resources.runs import Progress, RunError

RUN_ID = "01920000-0000-7000-8000-000000000001"
RUN_PATH = f"/v1/runs/{RUN_ID}"


def test_submitted_preset_carries_overrides_experiment_and_tags(client, fake, answer, run_document):
    fake.on("POST", "/v1/runs", answer(run_document(), 202, {"Location": RUN_PATH}))
    run = client.submit("binary-adder", overrides={"training": {"epochs": 3}}, experiment="tries", tags={"by": "me"})
    assert (run.id, run.state, run.has_ended) == (RUN_ID, "queued", False)
    assert fake.requests[0].body == {
        "preset": "binary-adder",
        "overrides": {"training": {"epochs": 3}},
        "experiment": "tries",
        "tags": {"by": "me"},
    }


def test_notes_and_priority_are_sent_if_given(client, fake, answer, run_document):
    fake.on("POST", "/v1/runs", answer(run_document(), 202))
    client.submit("binary-adder", notes="Why?", priority=0)
    assert fake.requests[0].body == {"preset": "binary-adder", "notes": "Why?", "priority": 0}


def test_a_batch_gives_a_handle_for_each_run_in_order(client, fake, answer):
    ids = [RUN_ID, RUN_ID[:-1] + "2"]
    fake.on("POST", "/v1/runs:batch", answer({"ids": ids}, 202))
    requests = [{"preset": "binary-adder"}, {"spec": {"name": "mine"}}]
    runs = client.submit_batch(requests, idempotency_key="nightly")
    assert [run.id for run in runs] == ids
    assert fake.requests[0].body == {"runs": requests}
    assert fake.requests[0].headers["idempotency-key"] == "nightly"


def test_a_batch_whose_answer_is_lost_is_sent_again_as_the_same(client, fake, answer):
    fake.on("POST", "/v1/runs:batch", answer(drop=True), answer({"ids": [RUN_ID]}, 202))
    assert [run.id for run in client.submit_batch([{"preset": "binary-adder"}])] == [RUN_ID]
    assert len({request.headers["idempotency-key"] for request in fake.requests}) == 1


def test_runs_are_repeated_and_cloned_as_new_runs(client, fake, answer, run_document):
    new_id = RUN_ID[:-1] + "2"
    for verb in ("retry", "clone", "continue"):
        fake.on("POST", f"{RUN_PATH}:{verb}", answer(run_document(id=new_id), 202))
    run = client.run(RUN_ID)
    assert run.train_further(20, tags={"by": "ada"}, idempotency_key="b").id == new_id
    assert run.train_further(steps=50).id == new_id
    assert run.train_further().id == new_id
    in_epochs, in_steps, the_rest = [fake.requests.pop() for _ in range(3)][::-1]
    assert (in_epochs.body, in_epochs.headers["idempotency-key"]) == ({"epochs": 20, "tags": {"by": "ada"}}, "b")
    assert (in_steps.body, the_rest.body) == ({"steps": 50}, {})
    assert run.retry().id == new_id
    changed = run.clone({"training": {"epochs": 20}}, tags={}, notes="longer", priority=-5, idempotency_key="a")
    assert (changed.id, run.id) == (new_id, RUN_ID)
    retried, cloned = fake.requests
    assert retried.raw == b""
    assert cloned.body == {"overrides": {"training": {"epochs": 20}}, "tags": {}, "notes": "longer", "priority": -5}
    assert cloned.headers["idempotency-key"] == "a"
    assert len(retried.headers["idempotency-key"]) == 36


def test_submitted_spec_is_sent_whole(client, fake, answer, run_document):
    fake.on("POST", "/v1/runs", answer(run_document(), 202))
    client.submit({"name": "mine"})
    assert fake.requests[0].body == {"spec": {"name": "mine"}}


def test_each_submission_has_its_own_idempotency_key(client, fake, answer, run_document):
    fake.on("POST", "/v1/runs", answer(run_document(), 202))
    for _ in range(2):
        client.submit("binary-adder")
    keys = [request.headers["idempotency-key"] for request in fake.requests]
    assert len(set(keys)) == 2


def test_given_idempotency_key_is_sent(client, fake, answer, run_document):
    fake.on("POST", "/v1/runs", answer(run_document(), 202))
    client.submit("binary-adder", idempotency_key="nightly-7")
    assert fake.requests[0].headers["idempotency-key"] == "nightly-7"


@pytest.mark.parametrize("given", [None, 7, ["binary-adder"]])
def test_what_is_neither_a_preset_nor_a_spec_is_not_sent(client, fake, given):
    for method in (client.submit, client.validate):
        with pytest.raises(InvalidArgument, match="Expected a preset's name or a spec"):
            method(given)
    assert fake.requests == []


def test_overrides_of_a_whole_spec_are_not_sent(client, fake):
    with pytest.raises(InvalidArgument, match="Change the spec itself"):
        client.submit({}, overrides={"seed": 1})
    assert fake.requests == []


def test_run_is_read_with_its_types(client, fake, run_document, progress_document):
    fake.on(
        "GET",
        RUN_PATH,
        run_document(
            "failed",
            progress=progress_document(2),
            latest_metrics={"train/loss": None},
            phases={"queue": 0.5},
            error={"code": "training_failed", "detail": "The loss is NaN."},
            ended_at="2026-01-02T03:04:06.500000+00:00",
        ),
    )
    run = client.get_run(RUN_ID).snapshot
    assert run.progress == Progress("train", 2, 5, 20, 50, 0, 0.4, 3.0)
    assert math.isnan(run.latest_metrics["train/loss"])
    assert run.error == RunError("training_failed", "The loss is NaN.")
    assert run.created_at == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert run.ended_at == datetime(2026, 1, 2, 3, 4, 6, 500_000, tzinfo=UTC)
    assert run.has_ended
    assert not run.has_succeeded


def test_fields_added_by_a_newer_service_are_kept_in_the_document(client, fake, run_document):
    fake.on("GET", RUN_PATH, run_document(energy_joules=12))
    assert client.get_run(RUN_ID).snapshot.document["energy_joules"] == 12


def test_list_goes_through_all_pages_with_the_same_filters(client, fake, run_document):
    fake.on(
        "GET",
        "/v1/runs",
        {"items": [run_document(run_id="a"), run_document(run_id="b")], "next_cursor": "c=1&d"},
        {"items": [run_document(run_id="c")], "next_cursor": None},
    )
    runs = client.list_runs(states=["queued", "running"], experiment="e 1", page_size=2)
    assert [run.id for run in runs] == ["a", "b", "c"]
    common = [("state", "queued"), ("state", "running"), ("experiment", "e 1"), ("limit", "2")]
    assert [request.query for request in fake.requests] == [common, [*common, ("cursor", "c=1&d")]]


def test_runs_are_found_by_filter_words_and_order(client, fake, run_document):
    fake.on("GET", "/v1/runs", {"items": [run_document()], "next_cursor": None})
    assert len(list(client.list_runs(filter="tags.a = 'b c'", find="x y", sort="-created_at"))) == 1
    assert fake.requests[0].query == [
        ("filter", "tags.a = 'b c'"),
        ("find", "x y"),
        ("sort", "-created_at"),
        ("limit", "100"),
    ]


def test_fields_of_runs_are_selected(client, fake):
    fake.on("GET", "/v1/runs", {"items": [{"id": "a", "tags": {"team": "vision"}}], "next_cursor": None})
    assert list(client.select_runs(["id", "tags.team"], states=["failed"])) == [{"id": "a", "tags": {"team": "vision"}}]
    assert fake.requests[0].query == [("state", "failed"), ("limit", "1000"), ("fields", "id,tags.team")]


def test_a_run_is_changed_by_what_is_given(client, fake, run_document):
    fake.on("PATCH", RUN_PATH, run_document("succeeded"))
    run = client.run(RUN_ID).update(tags={"team": "vision", "draft": None}, notes="")
    assert run.state == "succeeded"
    assert fake.requests[0].body == {"tags": {"team": "vision", "draft": None}, "notes": ""}
    assert "if-match" not in fake.requests[0].headers
    client.run(RUN_ID).update(notes="mine", experiment="e", priority=3, replace_notes=True)
    assert fake.requests[1].body == {"notes": "mine", "experiment": "e", "priority": 3}
    assert fake.requests[1].headers["if-match"] == "*"


def test_notes_that_would_be_replaced_unread_are_a_conflict(client, fake, answer):
    fake.on("PATCH", RUN_PATH, answer({"detail": "It has notes.", "code": "precondition_required"}, status=428))
    with pytest.raises(Conflict, match="It has notes"):
        client.run(RUN_ID).update(notes="mine")


def test_list_fetches_no_page_before_it_is_needed(client, fake, run_document):
    fake.on("GET", "/v1/runs", {"items": [run_document()], "next_cursor": "more"})
    next(client.list_runs())
    assert len(fake.requests) == 1


def test_wait_returns_the_ended_run_and_reports_each_poll(client, fake, run_document):
    fake.on("GET", RUN_PATH, run_document(), run_document("running"), run_document("succeeded"))
    seen = []
    run = client.run(RUN_ID).wait(on_update=lambda looked: seen.append(looked.state))
    assert run.has_succeeded
    assert seen == ["queued", "running", "succeeded"]


def test_wait_goes_on_while_a_run_is_paused(client, fake, run_document):
    fake.on("GET", RUN_PATH, run_document("paused"), run_document("queued"), run_document("succeeded"))
    seen = []
    assert client.run(RUN_ID).wait(on_update=lambda looked: seen.append(looked.state)).has_succeeded
    assert seen == ["paused", "queued", "succeeded"]


def test_wait_for_a_paused_run_that_gives_up_says_what_it_waits_for(client, fake, run_document):
    fake.on("GET", RUN_PATH, run_document("paused"))
    with pytest.raises(WaitTimedOut, match=r"still paused after 0 s\. It goes on when it is resumed\."):
        client.run(RUN_ID).wait(0)


def test_wait_gives_up_after_its_time_and_says_that_the_run_goes_on(client, fake, run_document):
    fake.on("GET", RUN_PATH, run_document("running"))
    with pytest.raises(WaitTimedOut, match=r"still running after 0\.1 s\. It continues"):
        client.run(RUN_ID).wait(0.1)


def test_wait_with_no_time_still_returns_a_run_that_has_ended(client, fake, run_document):
    fake.on("GET", RUN_PATH, run_document("failed"))
    assert client.run(RUN_ID).wait(0, check=False).state == "failed"


def test_wait_for_a_run_that_failed_raises_its_problems(client, fake, run_document):
    problem = {"pointer": "/spec/training/epochs", "detail": "Must be at least 1.", "code": "too_small"}
    error = {"code": "invalid_spec", "detail": "The spec does not fit its data.", "problems": [problem]}
    fake.on("GET", RUN_PATH, run_document("failed", error=error))
    run = client.run(RUN_ID)
    with pytest.raises(RunFailed) as caught:
        run.wait()
    assert str(caught.value) == (
        f"Run {RUN_ID} failed: The spec does not fit its data.\n  at /spec/training/epochs: Must be at least 1."
    )
    assert (caught.value.run_id, caught.value.state, caught.value.code) == (RUN_ID, "failed", "invalid_spec")
    assert caught.value.problems == (Problem("/spec/training/epochs", "Must be at least 1.", "too_small"),)
    assert (run.state, run.has_ended) == ("failed", True)


def test_wait_for_a_run_that_was_cancelled_raises_as_well(client, fake, run_document):
    fake.on("GET", RUN_PATH, run_document("cancelled"))
    with pytest.raises(RunFailed, match="ended as cancelled") as caught:
        client.run(RUN_ID).wait()
    assert caught.value.state == "cancelled"


def test_wait_without_check_returns_the_run_that_failed(client, fake, run_document):
    fake.on("GET", RUN_PATH, run_document("failed", error={"code": "x", "detail": "No."}))
    assert client.run(RUN_ID).wait(check=False).error.detail == "No."


def test_handle_of_a_run_is_made_without_a_request_and_filled_by_refresh(client, fake, run_document):
    run = client.run(RUN_ID)
    assert (run.id, run.state, run.has_ended, fake.requests) == (RUN_ID, "unknown", False, [])
    fake.on("GET", RUN_PATH, run_document("running"))
    assert run.refresh().state == "running"
    assert run.state == "running"


def test_run_predicts_with_the_version_it_registered(client, fake, answer, run_document):
    fake.on("GET", RUN_PATH, run_document("succeeded", model_version={"name": "m", "version": 7}))
    fake.on(
        "POST", "/v1/models/m/versions/7:predict", answer({"predictions": [1, 2]}, headers={"X-Model-Version": "7"})
    )
    predictions = client.get_run(RUN_ID).predict([[0], [1]])
    assert (list(predictions), len(predictions), predictions[1], predictions.version) == ([1, 2], 2, 2, 7)


def test_run_that_is_not_known_to_have_a_model_does_not_predict(client, fake, run_document):
    fake.on("GET", RUN_PATH, run_document("running"))
    for run in (client.run(RUN_ID), client.get_run(RUN_ID)):
        with pytest.raises(InvalidArgument, match=r"Call wait\(\) or refresh\(\) first"):
            run.predict([[0]])


def test_cancel_returns_the_run_as_it_is_then(client, fake, answer, run_document):
    fake.on("POST", f"{RUN_PATH}:cancel", answer(run_document("running", cancel_requested=True), 202))
    assert client.run(RUN_ID).cancel().snapshot.is_cancel_requested


def test_delete_of_a_run_that_goes_on_is_a_conflict(client, fake, answer):
    problem = {"status": 409, "detail": "The run is running. Cancel it first.", "code": "conflict"}
    fake.on("DELETE", RUN_PATH, answer(problem, 409), answer(status=204))
    with pytest.raises(Conflict, match="Cancel it first"):
        client.run(RUN_ID).delete()
    client.run(RUN_ID).delete()


def test_delete_by_force_says_so_in_the_query(client, fake, answer):
    fake.on("DELETE", RUN_PATH, answer({"id": RUN_ID, "model_version": None}))
    client.run(RUN_ID).delete(force=True)
    client.run(RUN_ID).delete()
    assert [request.query for request in fake.requests] == [[("force", "true")], []]


def test_metrics_are_read_by_key(client, fake):
    item = {"key": "train/loss", "count": 3, "first": 1, "last": 0.5, "last_step": 3}
    fake.on(
        "GET", f"{RUN_PATH}/metrics", {"items": [item | {"min": 0.25, "min_step": 2, "max": None, "max_step": None}]}
    )
    (metric,) = client.run(RUN_ID).metrics()
    assert (metric.key, metric.count, metric.first, metric.last, metric.last_step) == ("train/loss", 3, 1.0, 0.5, 3)
    assert (metric.min, metric.min_step, metric.max_step) == (0.25, 2, None)
    assert math.isnan(metric.max)


def test_history_is_asked_for_by_keys_and_read_in_columns(client, fake):
    series = {"key": "a", "x": [1, 2], "y": [0.5, None], "y_min": [0.4, 0.3], "total": 100, "downsampled": True}
    fake.on("GET", f"{RUN_PATH}/metrics/history", {"run_id": RUN_ID, "series": [series]})
    (curve,) = client.run(RUN_ID).history(["a", "b/c"], max_points=2, mode="lttb")
    assert fake.requests[0].query == [("x", "step"), ("max_points", "2"), ("mode", "lttb"), ("keys", "a,b/c")]
    assert (curve.x, curve.y[0], curve.y_min, curve.y_max) == ((1.0, 2.0), 0.5, (0.4, 0.3), ())
    assert math.isnan(curve.y[1])
    assert (curve.total, curve.is_downsampled) == (100, True)


def test_history_may_be_smoothed_and_cut_on_another_axis(client, fake):
    series = {"key": "a", "x": [0.5, 1.0], "y": ["Infinity", "NaN"], "smoothed": [2.0, "-Infinity"], "total": 2}
    fake.on("GET", f"{RUN_PATH}/metrics/history", {"run_id": RUN_ID, "series": [series]})
    (curve,) = client.run(RUN_ID).history(["a"], x="epoch", smoothing=0.9, x_max=2.0)
    assert dict(fake.requests[-1].query) == {
        "keys": "a",
        "x": "epoch",
        "max_points": "500",
        "mode": "minmax",
        "smoothing": "0.9",
        "x_max": "2.0",
    }
    assert (curve.y[0], curve.smoothed) == (math.inf, (2.0, -math.inf))
    assert list(curve.columns()) == ["x", "y", "smoothed"]


def test_steps_stay_whole_numbers(client, fake):
    series = {"key": "a", "x": [2**62 + 1], "y": [1], "total": 1}
    fake.on("GET", f"{RUN_PATH}/metrics/history", {"run_id": RUN_ID, "series": [series]})
    assert client.run(RUN_ID).history()[0].x == (2**62 + 1,)


def test_curves_of_runs_are_compared(client, fake):
    curve = {"run_id": RUN_ID, "x": None, "y": [1.0, "NaN", None], "y_min": None, "y_max": None, "smoothed": None}
    columns = {"mean": [2.0, None], "stddev": [None, None], "low": [None, None], "high": ["Infinity", None]}
    average = {"group": "a" * 64, "run_ids": [RUN_ID], "seeds": [7], "n": [1, 0]} | columns
    body = {
        "x": "step",
        "metrics": [
            {"key": "a", "x": [1, 2, 3], "curves": [curve | {"total": 2}], "averages": []},
            {"key": "b", "x": [1, 2], "curves": [], "averages": [average]},
            {"key": "c", "x": None, "curves": [curve | {"x": [4], "y": [5.0], "total": 9}], "averages": []},
        ],
        "missing": [{"run_id": "x", "key": None, "code": "unknown_run", "detail": "There is no run x."}],
    }
    fake.on("POST", "/v1/metrics:compare", body)
    compared = client.compare_metrics([client.run(RUN_ID), "x"], ["a", "b"], average="seeds", x_min=1.0)
    sent = fake.requests[-1].body
    assert (sent["runs"], sent["keys"], sent["average"], sent["x_min"]) == ([RUN_ID, "x"], ["a", "b"], "seeds", 1.0)
    assert "x_max" not in sent
    aligned, averaged, alone = compared.metrics
    assert (aligned.curves[0].x, aligned.curves[0].y[0], aligned.curves[0].y[2]) == ((1, 2, 3), 1.0, None)
    assert math.isnan(aligned.curves[0].y[1])
    assert list(aligned.columns()) == ["x", RUN_ID]
    assert (averaged.averages[0].mean, averaged.averages[0].high) == ((2.0, None), (math.inf, None))
    assert averaged.columns()["aaaaaaaa n"] == (1, 0)
    assert (alone.curves[0].x, alone.curves[0].y, alone.curves[0].total) == ((4,), (5.0,), 9)
    assert (compared.missing[0].code, compared.document["x"]) == ("unknown_run", "step")


def test_points_are_exported_to_a_file(client, fake, tmp_path):
    fake.on("GET", f"{RUN_PATH}/metrics/export", "key,step\na,1\n")
    path = client.run(RUN_ID).export_metrics(tmp_path / "points.csv", keys=["a/*", "b"])
    assert path.read_text() == "key,step\na,1\n"
    assert fake.requests[-1].query == [("format", "csv"), ("keys", "a/*,b")]


def test_history_of_all_keys_names_none(client, fake):
    fake.on("GET", f"{RUN_PATH}/metrics/history", {"run_id": RUN_ID, "series": []})
    assert client.run(RUN_ID).history() == []
    assert "keys" not in dict(fake.requests[0].query)


def test_logs_are_text(client, fake, answer):
    fake.on("GET", f"{RUN_PATH}/logs", answer("epoch 1\nepoch 2\n", headers={"Content-Type": "text/plain"}))
    assert client.run(RUN_ID).logs() == "epoch 1\nepoch 2\n"


def test_the_program_of_a_run_is_text(client, fake, answer):
    fake.on("GET", f"{RUN_PATH}/code", answer("import keras\n", headers={"Content-Type": "text/x-python"}))
    assert client.run(RUN_ID).code() == "import keras\n"


@pytest.mark.parametrize(
    ("chosen", "path"),
    [
        ({}, "/v1/models/m:predict"),
        ({"version": 3}, "/v1/models/m/versions/3:predict"),
        ({"label": "live"}, "/v1/models/m/labels/live:predict"),
    ],
)
def test_prediction_goes_to_the_version_asked_for(client, fake, answer, chosen, path):
    fake.on("POST", path, answer({"predictions": [[0.25], [0.75]]}, headers={"X-Model-Version": "3"}))
    predictions = client.predict("m", [[1.0], [2.0]], **chosen)
    assert (predictions.model, predictions.version, predictions.rows) == ("m", 3, ([0.25], [0.75]))
    assert fake.requests[0].body == {"instances": [[1.0], [2.0]]}
    assert fake.requests[0].query == []


def test_prediction_with_labels_asks_for_them(client, fake):
    fake.on("POST", "/v1/models/m:predict", {"predictions": [{"label": "setosa"}]})
    assert client.predict("m", [[1, 2]], with_labels=True).rows == ({"label": "setosa"},)
    assert fake.requests[0].query == [("labels", "true")]


def test_prediction_carries_nan_both_ways(client, fake, answer):
    fake.on("POST", "/v1/models/m:predict", answer('{"predictions": [NaN, -Infinity]}'))
    rows = client.predict("m", [math.nan]).rows
    assert b"NaN" in fake.requests[0].raw
    assert math.isnan(rows[0])
    assert rows[1] == -math.inf


def test_prediction_takes_arrays(client, fake):
    fake.on("POST", "/v1/models/m:predict", {"predictions": [0, 1]})
    client.predict("m", np.array([[1, 2], [3, 4]], dtype="float32"))
    client.predict("m", [{"a": np.int64(45), "b": [np.float64(0.5)]}])
    assert [request.body["instances"] for request in fake.requests] == [[[1, 2], [3, 4]], [{"a": 45, "b": [0.5]}]]


def test_value_that_json_does_not_know_is_not_sent(client, fake):
    with pytest.raises(InvalidArgument, match="A complex cannot be sent"):
        client.predict("m", [1j])
    assert fake.requests == []


def test_prediction_error_of_the_compatible_form_is_reported(client, fake, answer):
    fake.on("POST", "/v1/models/m:predict", answer({"error": "Row 0 has 3 numbers, not 4."}, 400))
    with pytest.raises(InvalidRequest, match="Row 0 has 3 numbers") as caught:
        client.predict("m", [[1, 2, 3]])
    assert caught.value.status == 400


def test_prediction_takes_a_version_or_a_label(client):
    with pytest.raises(InvalidArgument, match="either"):
        client.predict("m", [1], version=1, label="live")


def test_names_are_percent_encoded(client, fake):
    with pytest.raises(NotFound):
        client.predict("../runs?x", [1])
    assert fake.requests[0].path == "/v1/models/..%2Fruns%3Fx:predict"


def test_row_shape_is_read_from_the_metadata(client, fake):
    tensor = {"dtype": "DT_FLOAT", "tensor_shape": {"dim": [{"size": "-1"}, {"size": "-1"}, {"size": "2"}]}}
    definition = {"serving_default": {"inputs": {"pairs": tensor}, "outputs": {}}}
    fake.on("GET", "/v1/models/m/metadata", {"metadata": {"signature_def": {"signature_def": definition}}})
    assert client.get_row_shape("m") == (None, 2)


def test_row_shape_of_unknown_metadata_is_not_guessed(client, fake):
    fake.on("GET", "/v1/models/m/metadata", {"metadata": {}})
    assert client.get_row_shape("m") is None


def test_presets_are_listed_and_found_by_name(client, fake):
    preset = {"name": "a", "title": "T", "teaches": "L", "published": "0.98", "spec": {"seed": 0}, "variants": {}}
    fake.on("GET", "/v1/presets", {"items": [preset]})
    fake.on("GET", "/v1/presets/a", preset)
    assert [found.title for found in client.list_presets()] == ["T"]
    assert client.get_preset("a").spec == {"seed": 0}


def test_validation_returns_the_layer_table(client, fake):
    layer = {"name": "dense", "type": "Dense", "output_shape": [None, 10], "num_parameters": 7850}
    odd = {"code": "nothing_to_record", "pointer": "/training/record", "detail": "Odd."}
    fake.on(
        "POST",
        "/v1/specs:validate",
        {"spec": {"seed": 0}, "layers": [layer], "num_parameters": 7850, "num_steps": 100, "warnings": [odd]},
    )
    report = client.validate("mnist-softmax", overrides={"seed": 0})
    assert report.layers[0].output_shape == (None, 10)
    assert (report.num_parameters, report.num_steps) == (7850, 100)
    assert report.warnings == (Notice("nothing_to_record", "/training/record", "Odd."),)
    assert fake.requests[0].body == {"preset": "mnist-softmax", "overrides": {"seed": 0}}


def test_rejected_spec_carries_every_problem(client, fake, answer):
    problem = {
        "type": "about:blank",
        "title": "Unprocessable Content",
        "status": 422,
        "detail": "The spec has 1 problem.",
        "code": "invalid_spec",
        "errors": [{"pointer": "/spec/training/epochs", "detail": "Must be at least 1.", "code": "too_small"}],
    }
    fake.on("POST", "/v1/specs:validate", answer(problem, 422))
    with pytest.raises(InvalidRequest) as caught:
        client.validate({})
    error = caught.value
    assert (error.status, error.code, error.detail) == (422, "invalid_spec", "The spec has 1 problem.")
    assert [(p.pointer, p.detail, p.code) for p in error.problems] == [
        ("/spec/training/epochs", "Must be at least 1.", "too_small")
    ]


def test_file_is_sent_byte_for_byte_with_its_length(client, fake, answer, tmp_path):
    content = bytes(range(256)) * 3000  # Three chunks, the last one short.
    source = tmp_path / "file.gz"
    source.write_bytes(content)
    version = {"name": "flowers", "version": 1, "kind": "table", "format": "csv", "summary": "2 rows"}
    fake.on("POST", "/v1/datasets/flowers/versions", answer(version | {"sha256": "ab", "num_bytes": 768_000}, 201))
    progress = []
    client.upload_dataset("flowers", source, on_progress=progress.append)
    assert fake.requests[0].raw == content
    assert fake.requests[0].headers["content-length"] == "768000"
    assert "transfer-encoding" not in fake.requests[0].headers
    assert progress == [0, 262_144, 524_288, 768_000]


def test_folder_is_sent_as_one_archive_with_progress(client, fake, answer, tmp_path):
    folder = tmp_path / "flowers"
    for name in ("roses", "tulips"):
        (folder / name).mkdir(parents=True)
        (folder / name / "1.png").write_bytes(b"1" * 600)
    version = {"name": "flowers", "version": 1, "kind": "images", "format": "tar", "summary": "2 images"}
    fake.on("POST", "/v1/datasets/flowers/versions", answer(version | {"sha256": "ab", "num_bytes": 4096}, 201))
    progress = []
    assert client.upload_dataset("flowers", folder, on_progress=progress.append).is_new
    assert fake.requests[0].query == [("filename", "flowers.tar")]
    assert progress == [0, len(fake.requests[0].raw)]
    with tarfile.open(fileobj=io.BytesIO(fake.requests[0].raw)) as archive:
        assert archive.getnames() == ["roses/1.png", "tulips/1.png"]


def test_upload_is_written_to_a_file_byte_for_byte(client, fake, answer, tmp_path):
    content = "0123456789" * 100_000
    fake.on("GET", "/v1/datasets/flowers/versions/3/content", answer(content))
    target, progress = tmp_path / "got.csv", []
    assert client.download_dataset("flowers", 3, target=target, on_progress=progress.append) == target
    assert target.read_text() == content
    assert progress[-1] == len(content)
    assert list(tmp_path.iterdir()) == [target]


def test_download_that_fails_leaves_no_file(client, fake, answer, tmp_path):
    fake.on("GET", "/v1/datasets/flowers/versions/3/content", answer({"detail": "Gone."}, 404))
    with pytest.raises(NotFound, match="Gone"):
        client.download_dataset("flowers", 3, target=tmp_path / "got.csv")
    assert list(tmp_path.iterdir()) == []


def test_unreadable_file_is_not_sent(client, fake, tmp_path):
    with pytest.raises(InvalidArgument, match="cannot be read"):
        client.upload_dataset("flowers", tmp_path / "none")
    assert fake.requests == []


@pytest.mark.parametrize(
    "body",
    ["<html>hello</html>", [], {"id": "x"}, {"state": "queued"}, {"id": "x", "state": "y", "created_at": "soon"}],
)
def test_answer_of_another_program_is_not_taken_for_a_run(client, fake, body):
    fake.on("GET", RUN_PATH, body)
    with pytest.raises(UnexpectedAnswer, match="Check the address"):
        client.get_run(RUN_ID)


def test_redirect_is_not_followed(client, fake, answer):
    fake.on("GET", RUN_PATH, answer(status=302, headers={"Location": "http://elsewhere.example"}))
    with pytest.raises(UnexpectedAnswer, match="302"):
        client.get_run(RUN_ID)


def test_error_page_of_a_proxy_is_reported_by_its_status(client, fake, answer):
    fake.on("GET", RUN_PATH, answer("<html>", 403))
    with pytest.raises(Exception, match="403 Forbidden"):
        client.get_run(RUN_ID)


def test_client_of_no_address_takes_the_environments(connect, monkeypatch):
    monkeypatch.setenv("TRAINYARD_URL", "http://yard.example")
    with connect() as client:
        assert client.base_url == "http://yard.example"


def test_a_variant_is_sent_by_its_name_with_overrides_beside_it(client, fake, answer, run_document):
    fake.on("POST", "/v1/runs", answer(run_document(), 202))
    client.submit("binary-adder", variant="gru", overrides={"seed": 1})
    assert fake.requests[0].body == {"preset": "binary-adder", "variant": "gru", "overrides": {"seed": 1}}


def test_a_spec_has_no_variants(client):
    with pytest.raises(InvalidArgument, match="Change the spec itself"):
        client.submit({"name": "a"}, variant="gru")
