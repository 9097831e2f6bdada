import io
import re

import pytest

from trainyard.command_line.display.progress import show_progress, show_transfer
from trainyard.resources.runs import RunSnapshot


class Terminal(io.StringIO):
    encoding = "utf-8"

    def isatty(self):
        return True


@pytest.fixture
def terminal(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")

    def begin():
        # pytest puts its own streams in place after the fixtures have run.
        written = Terminal()
        monkeypatch.setattr("sys.stderr", written)
        return written

    return begin


@pytest.fixture
def running(run_document, progress_document):
    def make(epoch, **changes):
        changes = {"progress": progress_document(epoch), "latest_metrics": {"train/loss": 0.5}} | changes
        return RunSnapshot.from_json(run_document("running", **changes))

    return make


def test_outside_a_terminal_each_change_is_a_line(capsys, run_document, running):
    with show_progress(RunSnapshot.from_json(run_document())) as on_look:
        for run in (
            RunSnapshot.from_json(run_document()),
            RunSnapshot.from_json(run_document()),
            running(1),
            running(1),
            running(2),
        ):
            on_look(run)
        on_look(RunSnapshot.from_json(run_document("succeeded")))
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.splitlines() == [
        "queued",
        "running  train: epoch 1 of 5, step 10 of 50 (20%), 4 s left  loss 0.5",
        "running  train: epoch 2 of 5, step 20 of 50 (40%), 3 s left  loss 0.5",
    ]


def test_outside_a_terminal_a_queued_run_shows_what_it_waits_for(capsys, run_document):
    def waiting(kind, detail):
        return RunSnapshot.from_json(run_document(waiting_for={"kind": kind, "detail": detail}))

    with show_progress(waiting("trainer", "")) as on_look:
        on_look(waiting("trainer", "the run starts as soon as a trainer is free"))
        on_look(waiting("repair", "no trainer can start: No GPU."))
        on_look(waiting("repair", "no trainer can start: No GPU."))
        on_look(waiting("worker", "no worker is running."))
    assert capsys.readouterr().err.splitlines() == [
        "queued  waits for a free trainer",
        "queued  waits for a repair: no trainer can start: No GPU.",
        "queued  waits for a worker: no worker is running.",
    ]


def test_outside_a_terminal_a_paused_run_is_one_line(capsys, running, run_document, progress_document):
    paused = RunSnapshot.from_json(run_document("paused", progress=progress_document(2, eta_seconds=None)))
    with show_progress(running(1)) as on_look:
        for run in (paused, paused, running(2)):
            on_look(run)
    assert [line.split("  ")[0] for line in capsys.readouterr().err.splitlines()] == ["paused", "running"]


def test_a_terminal_shows_a_paused_run_as_paused(terminal, run_document, progress_document):
    written = terminal()
    paused = RunSnapshot.from_json(run_document("paused", progress=progress_document(2, eta_seconds=None)))
    with show_progress(paused) as on_look:
        on_look(paused)
    assert f"goes on after: trainyard resume {paused.id}" in written.getvalue()
    assert "train " not in written.getvalue()


def test_a_terminal_shows_what_a_queued_run_waits_for(terminal, run_document):
    written = terminal()
    repair = {"kind": "repair", "detail": "no trainer can start: No GPU."}
    with show_progress(RunSnapshot.from_json(run_document())) as on_look:
        on_look(RunSnapshot.from_json(run_document(waiting_for=repair)))
    assert "waits for a repair: no trainer can start: No GPU." in written.getvalue()


def test_outside_a_terminal_small_steps_are_not_reported(capsys, running, progress_document):
    with show_progress(running(0)) as on_look:
        for thousandth in range(1001):
            on_look(running(0, progress=progress_document(0, fraction=thousandth / 1000)))
    assert len(capsys.readouterr().err.splitlines()) == 21


def test_outside_a_terminal_each_phase_is_a_line(capsys, running, progress_document):
    before = {"num_epochs": 0, "step": 0, "num_steps": 0, "fraction": 0.0, "eta_seconds": None}
    with show_progress(running(0)) as on_look:
        for phase in ("start", "compile"):
            on_look(running(0, progress=progress_document(0, phase=phase, **before), latest_metrics={}))
        for phase in ("train", "validate", "export"):
            on_look(running(5, progress=progress_document(5, phase=phase, eta_seconds=None)))
    assert [line.split(":")[0] for line in capsys.readouterr().err.splitlines()] == [
        "running  start",
        "running  compile",
        "running  train",
        "running  validate",
        "running  export",
    ]


def test_second_attempt_is_reported(capsys, running):
    with show_progress(running(1)) as on_look:
        on_look(running(3))
        on_look(running(0, attempt=2))
    assert len(capsys.readouterr().err.splitlines()) == 2


def test_terminal_gets_a_bar_with_epoch_metrics_and_time_left(terminal, run_document, running):
    written = terminal()
    with show_progress(RunSnapshot.from_json(run_document())) as on_look:
        on_look(RunSnapshot.from_json(run_document()))
        on_look(running(2))
    text = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", written.getvalue())
    assert "train" in text
    assert "epoch 2 of 5  loss 0.5  3 s left" in text


def test_terminal_gets_a_bar_for_an_upload(terminal):
    written = terminal()
    with show_transfer("file.gz", 1000) as on_progress:
        on_progress(1000)
    assert "file.gz" in written.getvalue()


def test_outside_a_terminal_an_upload_is_silent(capsys):
    with show_transfer("file.gz", 1000) as on_progress:
        assert on_progress is None
    assert capsys.readouterr().err == ""
