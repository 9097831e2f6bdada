"""Properties of every spec, and of almost valid ones, drawn by Hypothesis."""

import copy
import json
from typing import get_args

import pytest
from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis import strategies as st

from core.checks.cost import check_spec
from core.datasets.dataset import SOURCES, UPLOADED_SOURCES
from core.errors import InvalidSpec, OverLimit
from core.experiment import ExperimentSpec, parse_spec
from core.networks.layers import CnnLayer, MlpLayer, RnnLayer
from core.settings import Settings
from core.specs.base import FLOAT32_MAX
from core.uploads.description import (
    ArrayDescription,
    ArraysDescription,
    ColumnDescription,
    ImagesDescription,
    TableDescription,
    ValueCount,
)

# Derandomized: the same specs in every run.
settings.register_profile("core", derandomize=True, deadline=None, database=None, max_examples=200)
core_profile = settings(settings.get_profile("core"), suppress_health_check=[HealthCheck.too_slow])

sizes = st.integers(1, 2**31 - 1)
small = st.integers(1, 64)
numbers = st.floats(-FLOAT32_MAX, FLOAT32_MAX) | st.integers(-1000, 1000)
plain = st.floats(-1e6, 1e6) | st.integers(-1000, 1000)
positive = st.floats(0, FLOAT32_MAX, exclude_min=True)
not_negative = st.floats(0, FLOAT32_MAX)
fractions = st.floats(0, 1, exclude_max=True)
labels = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=20)


def objects(required, **optional):
    """Draw JSON objects with the required members and some of the optional ones."""
    fixed = {
        name: value if isinstance(value, st.SearchStrategy) else st.just(value) for name, value in required.items()
    }
    return st.fixed_dictionaries(fixed, optional=optional)


initializers = st.one_of(
    st.sampled_from(["zeros", "ones", "glorot_uniform", "he_normal", "lecun_normal"]),
    objects({"name": "constant"}, value=numbers),
    objects({"name": "random_normal"}, mean=numbers, stddev=not_negative),
    objects({"name": "truncated_normal"}, mean=numbers, stddev=not_negative),
    objects({"name": "random_uniform"}, minval=numbers, maxval=numbers),
    objects({"name": "variance_scaling"}, scale=positive, mode=st.sampled_from(["fan_in", "fan_out", "fan_avg"])),
)
kernel_initializers = initializers | objects({"name": "orthogonal"}, gain=numbers)
regularizers = st.none() | objects({}, l1=not_negative, l2=not_negative)
zeros = st.integers(0, 64)
pairs = small | st.tuples(small, small).map(list)
activations = st.sampled_from(["linear", "relu", "gelu", "softmax", "hard_sigmoid"])
normalizations = st.one_of(
    st.none(),
    st.sampled_from(["before_activation", "after_activation"]),
    objects({}, position=st.just("after_activation"), momentum=fractions, epsilon=positive, center=st.booleans()),
)
weighted = {
    "activation": activations,
    "use_bias": st.booleans(),
    "kernel_initializer": kernel_initializers,
    "bias_initializer": initializers,
    "kernel_regularizer": regularizers,
    "batch_normalization": normalizations,
    "dropout": fractions,
}
poolings = {"kind": st.sampled_from(["max", "average"]), "pool_size": pairs, "strides": st.none() | pairs}
dense = objects({"type": "dense", "units": sizes}, **weighted)
dropout = objects({"type": "dropout", "rate": fractions})
convolution = objects(
    {"type": "conv2d", "filters": sizes, "kernel_size": pairs},
    strides=pairs,
    padding=st.sampled_from(["valid", "same"]) | st.integers(0, 64) | st.tuples(zeros, zeros).map(list),
    dilation_rate=pairs,
    groups=small,
    pooling=st.none() | objects({}, **poolings),
    **weighted,
)
recurrent = objects(
    {"type": "recurrent", "cell": st.sampled_from(["simple_rnn", "lstm", "gru"]), "units": sizes},
    activation=activations,
    recurrent_initializer=kernel_initializers,
    reset_after=st.booleans(),
    return_sequences=st.booleans(),
    unroll=st.booleans(),
    bidirectional=st.booleans(),
    merge_mode=st.sampled_from(["sum", "mul", "concat", "ave"]),
)
image_layers = st.one_of(
    convolution,
    dense,
    dropout,
    objects({"type": "pooling2d"}, **poolings),
    objects({"type": "global_pooling2d"}),
    objects({"type": "flatten"}),
)


def blocks(inner):
    stacks = st.lists(inner, max_size=2)
    return st.one_of(
        objects({"type": "parallel", "branches": st.lists(stacks, min_size=2, max_size=3)}),
        objects(
            {"type": "residual", "layers": st.lists(inner, min_size=1, max_size=2)},
            shortcut=stacks,
            activation=activations,
        ),
    )


blocks_of_images = blocks(image_layers | blocks(image_layers))
family = {"num_classes": st.integers(2, 2**31 - 1), "dropout": fractions, "width": st.integers(1, 1024)}
families = st.one_of(
    objects(
        {"kind": "cnn_family", "family": "alexnet"}, hidden_units=sizes, batch_normalization=st.booleans(), **family
    ),
    objects({"kind": "cnn_family", "family": "vgg"}, depth=st.sampled_from([11, 13, 16, 19]), **family),
    objects({"kind": "cnn_family", "family": "googlenet"}, batch_normalization=st.booleans(), **family),
    objects({"kind": "cnn_family", "family": "resnet"}, depth=st.sampled_from([8, 14, 110]), **family),
)
networks = st.one_of(
    families,
    objects({"kind": "mlp", "layers": st.lists(dense | dropout | objects({"units": sizes}), min_size=1, max_size=4)}),
    objects({"kind": "cnn", "layers": st.lists(image_layers, min_size=1, max_size=4)}),
    objects({"kind": "cnn", "layers": st.lists(image_layers | blocks_of_images, min_size=1, max_size=3)}),
    objects({"kind": "rnn", "layers": st.lists(recurrent | dense | dropout, min_size=1, max_size=3)}),
    objects({"kind": "binary_adder"}, cell=st.sampled_from(["lstm", "gru"]), units=sizes, dropout=fractions),
)

shares = st.floats(0, 1, exclude_max=True) | st.integers(0, 100)
splits = objects({}, validation=shares, test=shares, shuffle=st.booleans(), stratify=st.booleans())
functions = st.one_of(
    objects({"type": "polynomial", "coefficients": st.lists(plain, min_size=1, max_size=4)}),
    objects({"type": "sine"}, amplitude=plain, angular_frequency=plain, phase=plain, offset=plain),
    objects({"type": "linear", "weights": st.lists(plain, min_size=1, max_size=1)}, offset=plain),
)


@st.composite
def inline_tables(draw):
    width = draw(small.filter(lambda size: size <= 4))
    num_rows = draw(st.integers(1, 5))
    row = st.lists(numbers, min_size=width, max_size=width)
    table = {"name": "inline", "inputs": draw(st.lists(row, min_size=num_rows, max_size=num_rows))}
    if draw(st.booleans()):
        table["columns"] = draw(st.lists(labels, min_size=width, max_size=width, unique=True))
    if draw(st.booleans()):
        table["class_labels"] = draw(st.lists(labels, min_size=2, max_size=4, unique=True))
        classes = st.integers(0, len(table["class_labels"]) - 1)
        table["targets"] = draw(st.lists(classes, min_size=num_rows, max_size=num_rows))
    else:
        table["targets"] = draw(st.lists(row, min_size=num_rows, max_size=num_rows))
    if draw(st.booleans()):
        table["sample_weight"] = draw(st.lists(positive, min_size=num_rows, max_size=num_rows))
    return table


scalings = st.sampled_from(["none", "standardize", "min_max"])
target_scalings = st.sampled_from(["auto", "none", "standardize"])
tasks = st.sampled_from(["auto", "classification", "regression"])
augmentations = objects(
    {},
    horizontal_flip=st.booleans(),
    vertical_flip=st.booleans(),
    shift=fractions,
    rotation=st.floats(0, 180),
    crop=st.integers(0, 64),
)
names_of_columns = st.sampled_from(["x", "town", "y", "day", "nowhere"])
column_choices = objects(
    {},
    type=st.sampled_from(["number", "category", "boolean", "date"]),
    scaling=scalings,
    missing=st.sampled_from(["mean", "median", "most_frequent", "constant", "category", "refuse"]),
    fill_value=plain | labels,
    encoding=st.sampled_from(["one_hot", "embedding"]),
    embedding_dim=small,
    max_categories=small,
)
of_columns = {
    "features": st.none() | st.lists(names_of_columns, max_size=3),
    "exclude": st.lists(names_of_columns, max_size=2),
    "columns": st.dictionaries(names_of_columns, column_choices, max_size=2),
    "scaling": scalings,
    "target_scaling": target_scalings,
}
table_splits = objects(
    {},
    validation=shares,
    test=shares,
    shuffle=st.booleans(),
    stratify=st.booleans(),
    column=st.none() | names_of_columns,
    order_by=st.none() | names_of_columns,
)
names_of_arrays = st.none() | st.sampled_from(["x", "y", "other"])

DATASETS = {
    "iris": objects(
        {"name": "iris"}, order=st.sampled_from(["by_species", "interleaved"]), scaling=scalings, split=splits
    ),
    "digits": objects({"name": "digits"}, rescale=st.booleans(), augmentation=augmentations, split=splits),
    "mnist": objects(
        {"name": "mnist"}, max_train_samples=st.integers(1, 60_000), max_test_samples=st.integers(1, 10_000)
    ),
    "binary_addition": objects(
        {"name": "binary_addition"}, num_bits=st.integers(2, 62), num_train=sizes, num_test=sizes
    ),
    "function": objects(
        {"name": "function", "function": functions},
        num_samples=sizes,
        low=st.floats(-100, -1),
        high=st.floats(0, 100),
        noise=st.floats(0, 1e30),
        polynomial_features=st.none() | objects({"degree": st.integers(1, 18)}, include_bias=st.booleans()),
        split=splits,
    ),
    "time_series": objects(
        {"name": "time_series"}, num_points=st.integers(200, 2**31 - 1), window=small, horizon=small
    ),
    "truth_table": objects(
        {"name": "truth_table", "operation": st.sampled_from(["or", "and", "xor", "nand", "nor"])},
        repeats=st.integers(1, 50),
    ),
    "inline": inline_tables(),
    "table": objects(
        {"name": "table", "dataset": "mine", "target": names_of_columns}, task=tasks, split=table_splits, **of_columns
    ),
    "series": objects(
        {"name": "series", "dataset": "mine", "target": names_of_columns},
        order_by=st.none() | names_of_columns,
        group_by=st.none() | names_of_columns,
        window=small,
        horizon=small,
        targets=st.sampled_from(["last", "every_step"]),
        split=table_splits,
        **of_columns,
    ),
    "arrays": objects(
        {"name": "arrays", "dataset": "mine"},
        inputs=names_of_arrays,
        targets=names_of_arrays,
        target_column=st.none() | st.integers(-3, 3),
        task=tasks,
        rescale=st.booleans(),
        scaling=scalings,
        target_scaling=target_scalings,
        split=splits,
    ),
    "images": st.tuples(
        objects(
            {"name": "images", "dataset": "mine"},
            channels=st.sampled_from([None, 1, 3]),
            resize=st.sampled_from(["stretch", "crop", "pad"]),
            max_train_samples=st.none() | small,
            augmentation=augmentations,
            split=splits,
        ),
        st.just({}) | small.map(lambda size: {"height": size, "width": size}),
    ).map(lambda parts: parts[0] | parts[1]),
}
"""By the name of the source."""

datasets = st.one_of(*DATASETS.values())


def count(*values):
    return tuple(ValueCount(value=value, count=100 // len(values)) for value in values)


A_TABLE = TableDescription(
    num_rows=100,
    columns=(
        ColumnDescription(name="x", type="number", num_missing=0, num_distinct=90),
        ColumnDescription(name="town", type="text", num_missing=9, num_distinct=2, values=count("Bergen", "Oslo")),
        ColumnDescription(name="y", type="integer", num_missing=0, num_distinct=4, values=count("1", "2", "3", "4")),
        ColumnDescription(name="day", type="date", num_missing=0, num_distinct=100, least="2024-01-01"),
    ),
)
UPLOADS = {
    "mnist": ArraysDescription(
        arrays=(
            ArrayDescription(name="x_train", shape=(900, 28, 28), dtype="uint8"),
            ArrayDescription(name="y_train", shape=(900,), dtype="uint8", values=count("0", "9")),
            ArrayDescription(name="x_test", shape=(80, 28, 28), dtype="uint8"),
            ArrayDescription(name="y_test", shape=(80,), dtype="uint8", values=count("0", "9")),
        )
    ),
    "table": A_TABLE,
    "series": A_TABLE,
    "arrays": ArraysDescription(
        arrays=(
            ArrayDescription(name="x", shape=(100, 3), dtype="float32"),
            ArrayDescription(name="y", shape=(100,), dtype="int64", values=count("0", "1")),
        )
    ),
    "images": ImagesDescription(
        num_images=100,
        classes=count("cat", "dog"),
        least_height=9,
        greatest_height=9,
        least_width=7,
        greatest_width=8,
        num_grey=0,
    ),
}
"""Descriptions that the specs of uploaded datasets are checked against."""


def test_specs_are_drawn_of_every_source():
    known = {source.source_name() for source in SOURCES}
    assert known == set(DATASETS), f"DATASETS lacks {known - set(DATASETS)} and knows {set(DATASETS) - known}"
    uploaded = {source.source_name() for source in UPLOADED_SOURCES}
    assert uploaded == set(UPLOADS), f"UPLOADS lacks {uploaded - set(UPLOADS)} and knows {set(UPLOADS) - uploaded}"


schedules = st.one_of(
    objects(
        {"name": "exponential_decay", "initial_learning_rate": positive, "decay_steps": sizes, "decay_rate": positive},
        staircase=st.booleans(),
    ),
    objects({"name": "cosine_decay", "initial_learning_rate": positive, "decay_steps": sizes}, alpha=fractions),
    objects({"name": "piecewise_constant_decay", "boundaries": [10, 20], "values": [0.1, 0.01, 0.001]}),
)
clips = st.sampled_from(["clipnorm", "clipvalue", "global_clipnorm"])
optimizers = st.one_of(
    st.sampled_from(["sgd", "adam", "adamw", "lion"]),
    objects({"name": "sgd"}, learning_rate=positive | schedules, momentum=fractions, nesterov=st.booleans()),
    objects({"name": "adam"}, beta_1=fractions, epsilon=positive, weight_decay=st.none() | not_negative),
    objects({"name": "ftrl"}, learning_rate_power=st.floats(-10, 0), beta=not_negative),
    clips.flatmap(lambda clip: objects({"name": "rmsprop", clip: positive})),
)
losses = st.one_of(
    st.sampled_from(["mean_squared_error", "mse", "hinge", "sparse_categorical_crossentropy"]),
    objects({"name": "binary_crossentropy"}, from_logits=st.booleans(), label_smoothing=fractions),
)
whole = st.integers(0, 2**31 - 1)
lengths = st.one_of(
    st.just({}),
    whole.map(lambda epochs: {"epochs": epochs}),
    whole.map(lambda steps: {"steps": steps, "epochs": None}),
)
layer_names = st.lists(st.sampled_from(["dense_1", "dense_2", "conv2d_*", "*"]), unique=True, max_size=3)
trainings = st.tuples(
    objects(
        {"loss": losses},
        optimizer=optimizers,
        metrics=st.lists(st.sampled_from(["accuracy", "mse", "auc", "rmse"]), unique=True),
        batch_size=st.just("full") | sizes,
        steps_per_epoch=st.none() | sizes,
        shuffle=st.booleans(),
        class_weight=st.sampled_from([None, "balanced"]) | st.dictionaries(labels, positive, min_size=1, max_size=3),
        precision=st.sampled_from(["float32", "mixed_float16", "mixed_bfloat16"]),
        frozen_layers=layer_names,
        record=st.lists(st.sampled_from(["gradient_norms", "activations", "weights"]), unique=True, max_size=3),
        early_stopping=st.none() | objects({}, monitor=st.just("val_loss"), patience=st.integers(0, 9)),
    ),
    lengths,
    st.just({}) | small.map(lambda devices: {"devices": devices, "record": []}),
).map(lambda parts: parts[0] | parts[1] | parts[2])
arrays = st.lists(numbers, max_size=3) | st.lists(st.lists(numbers, min_size=2, max_size=2), max_size=3)
given_weights = st.dictionaries(labels, st.dictionaries(labels, arrays, min_size=1, max_size=2), max_size=2)
weights_of_runs = st.uuids().flatmap(
    lambda run: st.one_of(
        objects({"run": st.just(str(run).upper())}, new_layers=layer_names, numbers=given_weights),
        objects({"run": st.just(str(run))}, layers=st.none() | layer_names.filter(bool)),
    )
)
first_weights = given_weights | weights_of_runs
specs = st.fixed_dictionaries(
    {
        "name": st.from_regex(r"[a-z0-9][a-z0-9._-]{0,63}", fullmatch=True),
        "dataset": datasets,
        "model": networks,
        "training": trainings,
    },
    optional={"seed": st.integers(0, 2**31 - 1), "initial_weights": first_weights},
)


@core_profile
@given(specs)
def test_a_normalised_spec_is_the_same_spec(value):
    spec = parse_spec(value)
    stored = json.dumps(spec.model_dump(mode="json"), allow_nan=False)
    again = parse_spec(json.loads(stored))
    assert again == spec
    assert again.model_dump(mode="json") == spec.model_dump(mode="json")


@core_profile
@given(specs)
def test_a_spec_as_it_was_written_is_the_same_spec(value):
    spec = parse_spec(value)
    assert parse_spec(spec.model_dump(mode="json", exclude_unset=True)) == spec


@core_profile
@given(specs)
def test_a_spec_is_validated_alike_from_text(value):
    # The worker may validate the stored JSON text without parsing it first.
    assert ExperimentSpec.model_validate_json(json.dumps(value)) == parse_spec(value)


# Everything that Python's json module returns, including text that is not UTF-8 and numbers that are not JSON.
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.just(10**400) | st.floats() | st.text(st.characters(), max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(st.characters(), max_size=8), inner, max_size=3)
    ),
    max_leaves=5,
)


def places_in(value):
    """Yield each place in a JSON value, as the steps to it."""
    steps = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [()] + [(step, *place) for step, inner in steps for place in places_in(inner)]


@st.composite
def damaged_specs(draw):
    """Draw a spec with another value in one place."""
    value = copy.deepcopy(draw(specs))
    place = draw(st.sampled_from(places_in(value)[1:]))
    parent = value
    for step in place[:-1]:
        parent = parent[step]
    if isinstance(parent, dict) and draw(st.booleans()):
        parent[draw(st.text(st.characters(), max_size=8))] = draw(json_values)
    else:
        parent[place[-1]] = draw(json_values)
    return value


def outcome(work):
    """Return the result of a call, or the InvalidSpec that it raises; any other error fails the test."""
    try:
        return work()
    except InvalidSpec as rejected:
        return rejected


def resolves(pointer, value):
    """Return whether a JSON Pointer resolves in the value; its last step may name a missing member."""
    steps = [step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:]]
    for position, step in enumerate(steps):
        if isinstance(value, list):
            value = value[int(step)]
        elif step in value:
            value = value[step]
        else:
            return position == len(steps) - 1
    return True


@core_profile
@given(json_values | damaged_specs())
def test_an_almost_valid_spec_is_accepted_or_rejected_with_problems(value):
    answer = outcome(lambda: parse_spec(value))
    if isinstance(answer, InvalidSpec):
        assert answer.problems
        for problem in answer.problems:
            (problem.pointer + problem.detail).encode()
            assert resolves(problem.pointer, value)


@core_profile
@given(specs)
def test_every_spec_is_checked_or_rejected_with_problems(value):
    spec = parse_spec(value)
    answer = outcome(lambda: check_spec(spec, Settings(), UPLOADS.get(spec.dataset.name)))
    if isinstance(answer, InvalidSpec):
        assert answer.problems
        assert isinstance(answer, OverLimit) == ("TRAINYARD_MAX_" in answer.detail)
        assert all(resolves(problem.pointer, spec.model_dump(mode="json")) for problem in answer.problems)
    else:
        assert 1 <= answer.batch_size <= answer.num_train
        assert answer.num_parameters == sum(layer.num_parameters for layer in answer.layers)


def types_in(layers):
    """Return the types of layers, including those within blocks."""
    inner = [stack for layer in layers for stack in (*layer.get("branches", ()), layer.get("layers", ()))]
    return {layer.get("type") for layer in layers}.union(*map(types_in, inner))


@pytest.mark.parametrize(
    "layer_class",
    dict.fromkeys(one for layers in (MlpLayer, CnnLayer, RnnLayer) for one in get_args(get_args(layers)[0])),
    ids=lambda layer_class: layer_class.__name__,
)
def test_every_layer_type_is_among_the_specs_that_are_drawn(layer_class):
    (name,) = get_args(layer_class.model_fields["type"].annotation)
    # Any example is enough; the simplest one takes seconds to find.
    first = settings(core_profile, phases=[Phase.generate])
    assert find(networks, lambda network: name in types_in(network.get("layers", ())), settings=first)
