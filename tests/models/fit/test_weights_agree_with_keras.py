"""Weights of samples and classes against stock `Model.fit`, which is given them by its own arguments."""

import numpy as np
import pytest

from benchmarks.stock import keras_own
from core.experiment import parse_spec
from models.assembly import assemble
from models.fit.fitting import fit
from models.objectives.losses import make_loss
from models.objectives.optimizers import make_optimizer

CLOSE = {"rtol": 2e-4, "atol": 2e-5}
NUM_ROWS, NUM_VALIDATION, NUM_TEST = 45, 10, 8
NUM_TRAIN = NUM_ROWS - NUM_VALIDATION - NUM_TEST


def random_table():
    random = np.random.default_rng(8)
    return {
        "inputs": random.normal(size=(NUM_ROWS, 3)).tolist(),
        # Few of the last class.
        "classes": random.choice(3, NUM_ROWS, p=[0.5, 0.35, 0.15]).tolist(),
        "weights": np.where(np.arange(NUM_ROWS) % 7 == 2, 0.0, random.uniform(0.1, 4, NUM_ROWS)).tolist(),
    }


TABLE = random_table()


def spec_of(plan, *, is_weighed, class_weight=None, loss="sparse_categorical_crossentropy"):
    dataset = {
        "name": "inline",
        "inputs": TABLE["inputs"],
        "targets": TABLE["classes"],
        "class_labels": ["often", "sometimes", "rarely"],
        "sample_weight": TABLE["weights"] if is_weighed else None,
        # The last rows are held out, so that the stock side finds its weights without asking our code.
        "split": {"validation": NUM_VALIDATION, "test": NUM_TEST, "shuffle": False},
    }
    layers = [{"units": 5, "activation": "tanh", "kernel_regularizer": {"l2": 0.01}}, {"units": 3}]
    layers[-1]["activation"] = "softmax"
    return parse_spec(
        {
            "name": "weights",
            "seed": 2,
            "dataset": dataset,
            "model": {"kind": "mlp", "layers": layers},
            "training": {
                "optimizer": {"name": "adam", "learning_rate": 0.02},
                "loss": loss,
                "metrics": ["accuracy"],
                # 27 samples: the last batch of an epoch has 3.
                "batch_size": 8,
                "epochs": 4,
                "shuffle": False,
                "class_weight": class_weight,
                "plan": plan,
            },
        }
    )


SPARSE, DENSE = "sparse_categorical_crossentropy", "categorical_crossentropy"


@pytest.mark.parametrize(
    ("plan", "is_weighed", "class_weight", "loss"),
    [
        ("graph", True, None, SPARSE),
        ("graph", False, {"often": 0.5, "2": 4.0}, DENSE),
        ("graph", False, "balanced", SPARSE),
        ("xla", True, None, DENSE),
        ("xla", False, {"often": 0.5, "2": 4.0}, SPARSE),
        ("step", True, None, SPARSE),
        ("stream", True, None, SPARSE),
    ],
)
def test_curves_and_weights_are_those_of_model_fit(
    plan, is_weighed, class_weight, loss, tmp_path, reporter, check_agreement
):
    spec = spec_of(plan, is_weighed=is_weighed, class_weight=class_weight, loss=loss)
    ours, stock = assemble(spec, tmp_path), assemble(spec, tmp_path)
    weights = np.array(TABLE["weights"]) if is_weighed else None

    outcome = fit(ours.network, ours.data, spec.training, ours.measures, spec.seed, reporter)
    history, test = stock_fit(stock, spec, weights)

    check_agreement(outcome, ours.network, history, test, stock.network, **CLOSE)


def stock_fit(stock, spec, weights):
    network, data = stock.network, stock.data.prepared()
    # Keras makes metrics that weigh only where they are called weighted.
    network.compile(
        optimizer=keras_own(make_optimizer(spec.training.optimizer)),
        loss=make_loss(spec.training.loss),
        metrics=["accuracy"],
    )
    by_part = [None] * 3 if weights is None else np.split(weights, [NUM_TRAIN, NUM_TRAIN + NUM_VALIDATION])
    train, validation, test = (
        (part.inputs, part.targets, of_part)
        for part, of_part in zip((data.train, data.validation, data.test), by_part, strict=True)
    )
    history = network.fit(
        *train[:2],
        sample_weight=train[2],
        class_weight=keras_class_weight(spec.training.class_weight),
        validation_data=validation,
        epochs=spec.training.epochs,
        batch_size=spec.training.batch_size,
        shuffle=False,
        verbose=0,
    ).history
    return history, network.evaluate(test[0], test[1], sample_weight=test[2], verbose=0, return_dict=True)


def keras_class_weight(class_weight):
    if class_weight == "balanced":
        counts = np.bincount(TABLE["classes"][:NUM_TRAIN])
        assert len(counts) == 3
        return dict(enumerate(NUM_TRAIN / (3 * counts)))
    return None if class_weight is None else {0: 0.5, 2: 4.0}


def test_weights_of_classes_and_samples_together_are_the_product(tmp_path, reporter):
    # Keras takes only one of both.
    spec = spec_of("graph", is_weighed=True, class_weight={"often": 0.5, "rarely": 4})
    ours, stock = assemble(spec, tmp_path), assemble(spec, tmp_path)
    by_class = np.array([0.5, 1, 4])[TABLE["classes"][:NUM_TRAIN]]
    weights = np.array(TABLE["weights"])
    weights[:NUM_TRAIN] *= by_class
    plain = spec_of("graph", is_weighed=True)

    fit(ours.network, ours.data, spec.training, ours.measures, spec.seed, reporter)
    history, _ = stock_fit(stock, plain, weights)

    assert list(reporter.curves["epoch/train/loss"].values()) == pytest.approx(history["loss"], rel=2e-4)
    assert list(reporter.curves["epoch/validation/loss"].values()) == pytest.approx(history["val_loss"], rel=2e-4)


def test_a_weighted_loss_is_divided_by_the_number_of_samples(tmp_path, reporter):
    spec = parse_spec(
        {
            "name": "line",
            "dataset": {
                "name": "inline",
                "inputs": [[1], [1], [1]],
                "targets": [1, 2, 3],
                "sample_weight": [2, 0.5, 4],
                "split": {"test": 1, "shuffle": False},
            },
            "model": {"kind": "mlp", "layers": [{"units": 1, "kernel_initializer": "zeros"}]},
            "training": {
                "loss": "mse",
                "metrics": ["mean_squared_error"],
                "optimizer": {"name": "sgd", "learning_rate": 0.1},
            },
        }
    )
    assembly = assemble(spec, tmp_path)

    outcome = fit(assembly.network, assembly.data, spec.training, assembly.measures, 0, reporter)

    # Answers of 0: (2·1 + 0.5·4)/2 by weight, (1 + 4)/2 without.
    assert reporter.curves["train/loss"] == pytest.approx({1: 2.0})
    assert reporter.curves["train/mean_squared_error"] == pytest.approx({1: 2.5})
    # The slope of both weights is −(2·2·1 + 2·0.5·2)/2 = −3: each becomes 0.3, the answer 0.6, its error 2.4.
    assert outcome.metrics["test/loss"] == pytest.approx(4 * 2.4**2)
    assert outcome.metrics["test/mean_squared_error"] == pytest.approx(2.4**2)
