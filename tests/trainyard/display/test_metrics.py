from trainyard.display.metrics import headline, keys_to_draw
from trainyard.run_answers import MetricSummary


def summary(key, count):
    return MetricSummary(key, count, 1.0, 0.5, 1, 0.5, 1, 1.0, 1)


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


def test_curves_by_epoch_are_drawn_from_three_epochs_on():
    metrics = [summary("epoch/train/loss", 3), summary("epoch/validation/loss", 3), summary("train/loss", 300)]
    assert keys_to_draw(metrics) == ["epoch/train/loss", "epoch/validation/loss"]


def test_curve_by_step_is_drawn_for_few_epochs():
    assert keys_to_draw([summary("epoch/train/loss", 2), summary("train/loss", 300)]) == ["train/loss"]


def test_nothing_is_drawn_of_single_points():
    assert keys_to_draw([summary("train/loss", 1), summary("test/loss", 1)]) == []
