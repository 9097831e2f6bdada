"""Translation of a spec to arguments of stock Keras."""

import pytest
from pydantic import TypeAdapter

from benchmarks.stock import epochs_and_steps, keras_own
from core.checks.length import measure_length
from core.specs.optimizers import Optimizer
from core.specs.parsing import parse_as
from core.specs.training import Training
from models.objectives.optimizers import make_optimizer
from models.runtime import keras


@pytest.mark.parametrize(
    ("training", "num_samples", "expected"),
    [
        ({"epochs": 20, "batch_size": 5}, 120, (20, None)),
        ({"epochs": 10_000, "batch_size": "full"}, 100, (10_000, None)),
        # Ten steps an epoch where the samples fill seven.
        ({"epochs": 10, "steps_per_epoch": 10}, 200, (10, 10)),
        # 1,800 of 600 steps a pass are three epochs; 2,000 end within the fourth.
        ({"steps": 1_800, "batch_size": 100}, 60_000, (3, None)),
        ({"steps": 2_000, "batch_size": 100}, 60_000, (1, 2_000)),
        ({"steps": 60, "batch_size": 128}, 60_000, (1, 60)),
    ],
)
def test_epochs_and_steps_add_up_to_the_steps_of_the_spec(training, num_samples, expected):
    length = measure_length(parse_as(Training, {"loss": "mean_squared_error", **training}), num_samples)

    assert epochs_and_steps(length) == expected


def test_stock_keras_updates_weights_by_its_own_rules():
    spec = TypeAdapter(Optimizer).validate_python({"name": "adamw", "weight_decay": 0.1, "clipnorm": 1.0})

    optimizer = keras_own(make_optimizer(spec))

    assert type(optimizer) is keras.optimizers.AdamW
    assert (optimizer.weight_decay, optimizer.clipnorm) == (0.1, 1.0)
