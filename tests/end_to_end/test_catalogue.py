"""A reduced catalogue through the service: short presets unchanged, long ones with fewer steps."""

import subprocess
import sys

import pytest

from core.catalogue.presets import get_preset
from reproduction.outcomes import Outcomes
from reproduction.running import train_variants
from reproduction.variants import list_variant_runs
from reproduction.verdicts import Verdict, evaluate
from trainyard import Client

SHORT_ROWS = (
    "linear-regression",
    "two-input-regression",
    "perceptron-or",
    "iris-small",
    "forward-softmax",
    "forward-sigmoid",
)
FEW_DIGITS = {"max_train_samples": 5000, "max_test_samples": 1000}


@pytest.mark.parametrize("name", SHORT_ROWS)
def test_a_short_row_is_reproduced_whole(service, name):
    preset = get_preset(name).model_copy(update={"num_seeds": 1})
    outcomes = Outcomes()
    with Client(str(service.http.base_url)) as client:
        train_variants(client, preset, list_variant_runs(preset, variants=False), outcomes.add)
    row = evaluate(preset, outcomes)
    assert row.verdict is Verdict.REPRODUCED, row


@pytest.fixture(scope="module")
def digits(service, mnist_dir):
    assert service.command("data", "add", "mnist", str(mnist_dir)).returncode == 0


@pytest.mark.usefixtures("digits")
@pytest.mark.parametrize(
    ("preset", "variant", "steps", "least", "most"),
    [
        ("mnist-softmax", None, 100, 0.8, 0.9),
        ("optimizers", "adam", 150, 0.8, 0.95),
        # With small normal weights sigmoids do not learn; relu with He's do in a sixth of the steps.
        ("vanishing-gradient", "sigmoid-normal-0.01", 300, 0.0, 0.2),
        ("vanishing-gradient", "relu-he", 300, 0.8, 0.95),
        ("batch-norm", None, 300, 0.6, 0.95),
    ],
)
def test_variants_on_digits_go_their_way_from_the_first_steps(service, preset, variant, steps, least, most):
    overrides = {"dataset": FEW_DIGITS, "training": {"steps": steps}}
    run = service.train(preset=preset, variant=variant, overrides=overrides)
    assert least <= run["latest_metrics"]["test/accuracy"] <= most


def test_a_variant_runs_by_its_name_with_overrides_on_top(service):
    overrides = {"dataset": {"num_train": 200, "num_test": 50}, "training": {"epochs": 1}}
    run = service.train(preset="binary-adder", variant="gru", overrides=overrides)
    assert (run["preset"], run["spec"]["model"]["cell"], run["progress"]["num_steps"]) == ("binary-adder", "gru", 100)


def test_the_command_runs_a_variant(service):
    ran = service.command("run", "perceptron-or", "--variant", "four-rows", "--watch")
    assert ran.returncode == 0, ran.stderr
    newest = service.http.get("/v1/runs", params={"limit": 1}).json()["items"][0]
    assert (newest["preset"], newest["progress"]["num_steps"]) == ("perceptron-or", 120)


def test_a_reproduction_writes_its_page_and_trains_nothing_twice(service, tmp_path):
    def reproduce():
        words = ["--url", str(service.http.base_url), "--only", "forward-linear", "--output", str(tmp_path / "page.md")]
        return subprocess.run(
            [sys.executable, "-m", "reproduction", *words], capture_output=True, text=True, timeout=120, check=False
        )

    first, second = reproduce(), reproduce()
    assert (first.returncode, second.returncode) == (0, 0), first.stderr
    assert "forward-linear, seed 0: succeeded" in first.stdout
    assert "succeeded" not in second.stdout
    assert "| [forward-linear](#forward-linear) |" in (tmp_path / "page.md").read_text()
