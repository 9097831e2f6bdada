import json

from benchmarks.serving.soak.__main__ import main, write_outcome
from benchmarks.serving.soak.memory import Curve
from benchmarks.serving.soak.requests import SOAK_FORMS
from benchmarks.serving.soak.running import Outcome, Plan, soak


def test_a_service_answers_rightly_while_models_come_and_go_and_aliases_move():
    plan = Plan(3.0, num_models=6, num_versions=2, num_loaded=2, num_clients=4)
    seen = []

    outcome = soak(plan, lambda seconds, _tally, _resident: seen.append(seconds))

    assert outcome.errors == {}
    assert outcome.answers.keys() == SOAK_FORMS.keys()
    # One for each model before the requests, and one each second.
    assert outcome.num_moves > plan.num_models
    assert len(outcome.curve.resident_bytes) == len(seen)
    assert min(outcome.curve.resident_bytes) > 0


def test_wrong_answers_and_growing_memory_are_told():
    outcome = Outcome({"v1": 1_000}, {"wrong outputs": 2}, 9, Curve((100, 100, 100, 200)))

    lines = write_outcome(outcome, Plan(60.0)).splitlines()

    assert "20 models of 3 versions, room for 5; 8 clients, 60 s: 1,000 v1; 9 moves of aliases." in lines
    assert "Errors: 2, NOT MET" in lines
    assert "  2 × wrong outputs" in lines
    assert "  +100.0% from the second quarter to the last, NOT MET" in lines


def test_the_command_exits_with_1_if_anything_was_wrong(monkeypatch, tmp_path, capsys):
    path = tmp_path / "soak.json"
    outcomes = {
        0: Outcome({"v1": 1}, {}, 1, Curve((5,))),
        1: Outcome({"v1": 1}, {"wrong outputs": 1}, 1, Curve((5,))),
    }
    for code, outcome in outcomes.items():
        monkeypatch.setattr("benchmarks.serving.soak.__main__.soak", lambda _plan, _report, result=outcome: result)
        assert main(["--minutes", "0.1", "--output", str(path)]) == code
        assert json.loads(path.read_text())["errors"] == outcome.errors
    assert "Errors: 0, met" in capsys.readouterr().out
