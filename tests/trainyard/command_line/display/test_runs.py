import re

import pytest

from trainyard.command_line.display.runs import format_metrics, format_outcome, format_run, headline
from trainyard.resources.metrics import MetricSummary
from trainyard.resources.runs import RunSnapshot

RUN_ID = "01920000-0000-7000-8000-000000000001"
ESCAPES = re.compile(r"\x1b\[[0-9;]*m")


def plain(text):
    return ESCAPES.sub("", text)


def test_running_run_shows_how_far_it_is(run_document, progress_document):
    document = run_document(
        "running",
        progress=progress_document(2),
        latest_metrics={"train/loss": 0.25},
        device="CPU",
        engine={"plan": "xla", "batch_size": 16, "tried": {}, "steps_per_second": 4730.2},
        tags={"by": "me"},
    )
    text = format_run(RunSnapshot.from_json(document))
    assert text.splitlines()[0].startswith(f"Run {RUN_ID}  ")
    assert "train: epoch 2 of 5, step 20 of 50 (40%), 3 s left" in text
    assert re.search(r"attempt +1 of 3", text)
    assert re.search(r"engine +plan xla, batch_size 16, 4,730 steps/s\n", text)
    assert re.search(r"latest +loss 0\.25", text)


def test_succeeded_run_shows_its_time_and_model(run_document):
    document = run_document(
        "succeeded",
        phases={"queue": 0.5, "train": 9.0},
        model_version={"name": "binary-adder", "version": 3},
        ended_at="2026-01-02T03:04:17.300Z",
    )
    text = format_run(RunSnapshot.from_json(document))
    assert re.search(r"model +binary-adder, version 3", text)
    assert re.search(r"took +12\.3 s", text)
    assert re.search(r"phases +queue 0\.50 s, train 9\.00 s", text)


def test_run_that_ended_early_shows_how_far_it_came_but_no_time_left(run_document, progress_document):
    text = format_run(RunSnapshot.from_json(run_document("cancelled", progress=progress_document(2))))
    assert text.endswith("epoch 2 of 5, step 20 of 50 (40%)")


def test_succeeded_run_shows_no_progress(run_document, progress_document):
    assert "epoch" not in format_run(RunSnapshot.from_json(run_document("succeeded", progress=progress_document(5))))


def test_failed_run_shows_why(run_document):
    document = run_document("failed", error={"code": "training_failed", "detail": "The loss is NaN at step 7."})
    assert "The loss is NaN at step 7. [training_failed]" in format_run(RunSnapshot.from_json(document))


def test_warnings_of_a_run_are_shown_with_code_and_place(run_document):
    warning = {"code": "rows_dropped", "pointer": "/dataset/target", "detail": "2 rows are left out."}
    text = format_run(RunSnapshot.from_json(run_document("queued", warnings=[warning], num_warnings=1)))
    assert re.search(r"warning +2 rows are left out\. \(rows_dropped at /dataset/target\)", text)


def test_run_asked_to_stop_says_so(run_document):
    text = format_run(RunSnapshot.from_json(run_document("running", cancel_requested=True)))
    assert "running, cancel requested" in text


@pytest.mark.parametrize(
    ("interruption", "text"),
    [("pause", "running, pausing"), ("preemption", "running, makes room for a run of a higher priority")],
)
def test_run_that_is_interrupted_says_why(run_document, interruption, text):
    shown = format_run(RunSnapshot.from_json(run_document("running", interruption=interruption)))
    assert plain(shown).splitlines()[0] == f"Run {RUN_ID}  {text}"


def test_run_that_is_cancelled_while_it_pauses_is_cancelled(run_document):
    document = run_document("running", interruption="pause", cancel_requested=True)
    assert "running, cancel requested\n" in format_run(RunSnapshot.from_json(document))


def test_paused_run_shows_how_far_it_is_and_how_it_goes_on(run_document, progress_document):
    document = run_document("paused", progress=progress_document(2, eta_seconds=None))
    text = plain(format_run(RunSnapshot.from_json(document)))
    assert text.splitlines()[0] == f"Run {RUN_ID}  paused"
    assert re.search(rf"goes on +after: trainyard resume {RUN_ID}\n", text)
    assert "epoch 2 of 5, step 20 of 50 (40%)" in text


def test_run_shows_where_its_attempts_went_on(run_document):
    steps = {1: None, 2: 24000, 3: 31000}
    attempts = [{"number": number, "resumed_at_step": step} for number, step in steps.items()]
    text = format_run(RunSnapshot.from_json(run_document("running", attempts=attempts)))
    assert re.search(r"resumed +attempt 2 at step 24,000, attempt 3 at step 31,000\n", text)


def test_outcome_of_a_success_names_the_model_and_its_test(run_document):
    document = run_document(
        "succeeded",
        latest_metrics={"test/loss": 0.000329, "test/accuracy": 1.0},
        model_version={"name": "binary-adder", "version": 3},
        ended_at="2026-01-02T03:04:17Z",
    )
    assert format_outcome(RunSnapshot.from_json(document)) == (
        f"Run {RUN_ID} succeeded in 12.0 s: test loss 0.000329, test accuracy 1. Model binary-adder, version 3."
    )


def test_outcome_of_a_failure_has_the_reason(run_document):
    document = run_document("failed", error={"code": "x", "detail": "The loss is NaN."})
    assert format_outcome(RunSnapshot.from_json(document)) == f"Run {RUN_ID} failed: The loss is NaN."


def test_outcome_of_a_cancelled_run_is_short(run_document):
    assert format_outcome(RunSnapshot.from_json(run_document("cancelled"))) == f"Run {RUN_ID} cancelled."


def test_metrics_show_extremes_with_their_steps():
    text = plain(format_metrics([MetricSummary("train/loss", 1000, 1.0, 0.5, 1000, 0.25, 900, 2.0, None)]))
    assert text.splitlines()[0].split("  ")[0] == "METRIC"
    assert text.splitlines()[1].split() == ["train/loss", "1,000", "0.5", "0.25", "900", "2"]


def test_running_run_shows_training_and_validation():
    latest = {
        "train/loss": 0.5,
        "epoch/train/loss": 0.6,
        "epoch/train/accuracy": 0.9,
        "epoch/validation/loss": 0.75,
        "train/other": 3.0,
    }
    assert headline(latest) == "loss 0.5, accuracy 0.9, validation loss 0.75"


def test_ended_run_shows_its_test():
    latest = {"train/loss": 0.5, "test/loss": 0.000329, "test/accuracy": 1.0}
    assert headline(latest, has_ended=True) == "test loss 0.000329, test accuracy 1"


def test_ended_run_without_a_test_shows_training():
    assert headline({"train/loss": 0.5}, has_ended=True) == "loss 0.5"


def test_run_without_metrics_shows_nothing():
    assert headline({}) == ""


def test_failed_run_shows_each_problem_of_its_spec(run_document):
    problems = [{"pointer": "/spec/training/epochs", "detail": "Must be at least 1.", "code": "too_small"}]
    error = {"code": "invalid_spec", "detail": "The spec does not fit.", "problems": problems}
    run = RunSnapshot.from_json(run_document("failed", error=error))
    assert format_outcome(run) == (
        f"Run {RUN_ID} failed: The spec does not fit.\n  at /spec/training/epochs: Must be at least 1."
    )
    assert "problem     at /spec/training/epochs: Must be at least 1." in plain(format_run(run))
