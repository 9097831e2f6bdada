import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.checks.cost import check_spec
from core.checks.length import check_early_stopping, measure_length
from core.errors import InvalidSpec
from core.experiment import parse_spec
from core.settings import Settings
from core.specs.training import Training


def length_of(num_samples=100, **training):
    return measure_length(Training.model_validate({"loss": "mse", **training}), num_samples)


@pytest.mark.parametrize(
    ("training", "steps_per_epoch", "num_steps", "num_epochs"),
    [
        ({}, 4, 4, 1),  # Batches of 32, 32, 32 and 4.
        ({"epochs": 3, "batch_size": 50}, 2, 6, 3),
        ({"epochs": 3, "batch_size": "full"}, 1, 3, 3),
        ({"epochs": 3, "batch_size": 1000}, 1, 3, 3),
        ({"steps": 9, "batch_size": 50}, 2, 9, 5),
        ({"epochs": 10, "steps_per_epoch": 10}, 10, 100, 10),
        ({"steps": 25, "steps_per_epoch": 10}, 10, 25, 3),
        ({"steps": 0}, 4, 0, 0),
        ({"epochs": 0, "steps_per_epoch": 10}, 10, 0, 0),
    ],
)
def test_steps_and_epochs_follow_from_each_other(training, steps_per_epoch, num_steps, num_epochs):
    length = length_of(**training)

    assert (length.steps_per_epoch, length.num_steps, length.num_epochs) == (steps_per_epoch, num_steps, num_epochs)


def test_a_last_epoch_cut_short_ends_with_the_last_step():
    length = length_of(steps=9, batch_size=50)

    assert [length.epoch_end(epoch) for epoch in range(1, 6)] == [2, 4, 6, 8, 9]


@given(
    batch_size=st.integers(1, 200) | st.just("full"),
    validation=st.integers(0, 99),
    extent=st.fixed_dictionaries({}, optional={"steps_per_epoch": st.integers(1, 50)}),
    ends=st.sampled_from([{"epochs": 3}, {"steps": 7}, {}, {"steps": 0}, {"epochs": 0}]),
)
def test_the_api_foretells_the_same_numbers(batch_size, validation, extent, ends):
    spec = parse_spec(
        {
            "name": "line",
            "dataset": {
                "name": "function",
                "function": {"type": "linear", "weights": [1.0]},
                "num_samples": 100,
                "split": {"validation": float(validation)},
            },
            "model": {"kind": "mlp", "layers": [{"units": 1}]},
            "training": {"loss": "mse", "batch_size": batch_size, **extent, **ends},
        }
    )

    report = check_spec(spec, Settings())
    length = measure_length(spec.training, spec.dataset.shape().num_train)

    assert (length.batch_size, length.steps_per_epoch, length.num_epochs, length.num_steps) == (
        report.batch_size,
        report.steps_per_epoch,
        report.num_epochs,
        report.num_steps,
    )


@pytest.mark.parametrize(
    ("dataset", "monitor"),
    [({"split": {"validation": 0.2}}, "val_loss"), ({"split": {"validation": 0.2}}, "val_accuracy"), ({}, "loss")],
)
def test_early_stopping_watches_what_is_measured(check, iris, dataset, monitor):
    training = {"metrics": ["accuracy"], "early_stopping": {"monitor": monitor}}
    assert check(iris({"dataset": dataset, "training": training}))


@pytest.mark.parametrize(
    ("dataset", "monitor", "detail"),
    [
        ({}, "val_loss", "no samples are held out for validation. Set dataset.split.validation, or watch 'loss'."),
        ({"split": {"validation": 0.2}}, "val_auc", "but this run measures accuracy, loss."),
        ({}, "auc", "but this run measures accuracy, loss."),
    ],
)
def test_early_stopping_cannot_watch_what_is_not_measured(check, iris, dataset, monitor, detail):
    training = {"metrics": ["accuracy"], "early_stopping": {"monitor": monitor}}
    with pytest.raises(InvalidSpec, match=f"early_stopping watches '{monitor}'") as caught:
        check(iris({"dataset": dataset, "training": training}))
    (problem,) = caught.value.problems
    assert problem.pointer == "/training/early_stopping/monitor"
    assert detail in problem.detail


@pytest.mark.parametrize(
    ("metrics", "monitor", "rises"),
    [
        (["accuracy"], "val_accuracy", True),
        (["mean_squared_error"], "mean_squared_error", False),
        ([], "loss", False),
    ],
)
def test_the_measure_says_which_way_is_better(metrics, monitor, rises):
    training = Training.model_validate({"loss": "mse", "metrics": metrics, "early_stopping": {"monitor": monitor}})

    check_early_stopping(training, has_validation=True)

    assert training.early_stopping.is_rising is rises
