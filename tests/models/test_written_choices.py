"""Every choice of a spec in the source of core.code makes what models makes of it."""

import numpy as np
import pytest

from core.code.draft import Draft
from core.code.networks.weights import write_initializer, write_regularizer
from core.code.objectives.losses import write_loss
from core.code.objectives.optimizers import write_optimizer
from core.code.source import literal, write_line
from core.experiment import EXAMPLE, parse_spec
from core.specs.losses import LOSSES
from models.networks.weights import make_initializer, make_regularizer
from models.objectives.losses import make_loss
from models.objectives.optimizers import make_optimizer
from models.runtime import keras
from models.seeds import derive_seed

RATE = {"initial_learning_rate": 0.1, "decay_steps": 3}
SCHEDULES = [
    {"name": "exponential_decay", **RATE, "decay_rate": 0.9, "staircase": True},
    {"name": "inverse_time_decay", **RATE, "decay_rate": 0.5},
    {"name": "polynomial_decay", **RATE, "cycle": True, "power": 2.0},
    {"name": "cosine_decay", **RATE, "warmup_target": 0.2, "warmup_steps": 2},
    {"name": "piecewise_constant_decay", "boundaries": [2, 4], "values": [0.1, 0.05, 0.01]},
]
OPTIMIZERS = [
    {"name": "sgd", "momentum": 0.5, "nesterov": True, "clipvalue": 0.5},
    {"name": "rmsprop", "rho": 0.8, "momentum": 0.1, "centered": True},
    "adagrad",
    {"name": "adadelta", "rho": 0.9, "global_clipnorm": 2.0},
    {"name": "adam", "amsgrad": True, "clipnorm": 1.0},
    {"name": "adamw", "weight_decay": None},
    {"name": "adamax", "weight_decay": 0.1},
    "nadam",
    {"name": "ftrl", "beta": 0.1, "l1_regularization_strength": 0.2},
    {"name": "lion", "beta_1": 0.8},
    *({"name": "sgd", "learning_rate": schedule} for schedule in SCHEDULES),
]


def training_of(**training):
    return parse_spec({**EXAMPLE, "training": {**EXAMPLE["training"], **training}}).training


def evaluate(draft, code):
    """Execute what an expression needs and return its value."""
    text = draft.write('"""Test."""', ["SEED = 7"]) + f"\nvalue = {write_line(code)}\n"
    names = {}
    exec(compile(text, "part.py", "exec"), names)  # noqa: S102 - this is what is tested.
    return names["value"]


def settings_of(optimizer):
    config = optimizer.get_config()
    return {name: value for name, value in config.items() if name not in {"name", "is_legacy_optimizer"}}


@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=str)
def test_optimizer_has_the_settings_of_the_run(optimizer):
    spec = training_of(optimizer=optimizer).optimizer
    draft = Draft()

    written = evaluate(draft, write_optimizer(draft, spec, "float32", has_embeddings=False))
    made = make_optimizer(spec)

    assert issubclass(type(made), type(written))
    expected, got = settings_of(made), settings_of(written)
    for schedule in (expected["learning_rate"], got["learning_rate"]):
        if isinstance(schedule, dict):
            schedule.pop("registered_name", None)
    assert got == expected


def test_an_optimizer_of_float16_scales_the_loss():
    draft = Draft()
    spec = training_of(optimizer="sgd").optimizer

    written = evaluate(draft, write_optimizer(draft, spec, "mixed_float16", has_embeddings=False))

    assert isinstance(written, keras.optimizers.LossScaleOptimizer)


@pytest.mark.parametrize("name", LOSSES)
def test_loss_has_the_value_of_the_run(name):
    options = {"label_smoothing": 0.1} if LOSSES[name].smooths_labels else {}
    options |= {"from_logits": True} if LOSSES[name].probability else {}
    spec = training_of(loss={"name": name, **options}).loss
    draft = Draft()
    random = np.random.default_rng(1)
    answers = random.uniform(0.1, 0.9, (4, 3)).astype("float32")
    is_sparse = name == "sparse_categorical_crossentropy"
    targets = np.array([0, 2, 1, 1]) if is_sparse else np.eye(3, dtype="float32")[[0, 2, 1, 1]]

    written = evaluate(draft, write_loss(draft, spec))

    weights = np.array([1, 2, 0, 1], "float32")
    assert float(written(targets, answers, weights)) == float(make_loss(spec)(targets, answers, weights))


@pytest.mark.parametrize(
    "initializer",
    [
        *("zeros", "ones", "glorot_uniform", "glorot_normal", "he_uniform", "he_normal", "lecun_uniform"),
        *("lecun_normal", "random_normal", "truncated_normal", "random_uniform", "orthogonal"),
        {"name": "constant", "value": 1e30},
        {"name": "variance_scaling", "scale": 0.5, "mode": "fan_out", "distribution": "uniform"},
    ],
    ids=str,
)
def test_first_weights_are_those_of_the_run(initializer):
    layers = [{"units": 3, "activation": "softmax", "kernel_initializer": initializer}]
    spec = parse_spec({**EXAMPLE, "model": {"kind": "mlp", "layers": layers}}).model.layers[0].kernel_initializer
    draft = Draft()

    written = keras.initializers.get(evaluate(draft, write_initializer(draft, spec, literal("dense_1"), "kernel")))

    made = make_initializer(spec, derive_seed(7, "dense_1", "kernel"))
    np.testing.assert_array_equal(written((4, 3)), made((4, 3)))


def test_regularizers_are_those_of_the_run():
    layers = [{"units": 3, "activation": "softmax", "kernel_regularizer": {"l1": 0.1, "l2": 0.01}}]
    spec = parse_spec({**EXAMPLE, "model": {"kind": "mlp", "layers": layers}}).model.layers[0]
    draft = Draft()

    written = evaluate(draft, write_regularizer(draft, spec.kernel_regularizer))

    assert written.get_config() == make_regularizer(spec.kernel_regularizer).get_config()
    assert write_regularizer(draft, spec.bias_regularizer) is None
