from math import inf, nan

import pytest

from core.catalogue.presets import Preset
from core.errors import InvalidSpec
from core.experiment import parse_spec
from core.specs.parsing import parse_as, read_whole_numbers
from core.specs.training import EarlyStopping

DECAY = '{"name": "exponential_decay", "initial_learning_rate": 0.01, "decay_steps": 1000, "decay_rate": 0.96}'


def layers(*changes):
    return {"model": {"layers": [{"units": 3, "activation": "softmax", **change} for change in changes]}}


def test_a_short_spec_is_filled_with_defaults(iris):
    spec = parse_spec(iris({}))
    assert spec.seed == 0
    assert spec.training.batch_size == 32
    assert spec.training.optimizer.name == "rmsprop"
    assert spec.model.layers[0].kernel_initializer.name == "glorot_uniform"


@pytest.mark.parametrize(
    ("patch", "pointer", "hint"),
    [
        ({"sead": 1}, "/sead", "Did you mean 'seed'?"),
        ({"training": {"learning_rates": 1}}, "/training/learning_rates", "Known here: batch_size,"),
        ({"training": {"optimiser": "sgd"}}, "/training/optimiser", "Did you mean 'optimizer'?"),
        (
            {"training": {"optimizer": {"name": "sgd", "learningrate": 1}}},
            "/training/optimizer/learningrate",
            "Did you mean 'learning_rate'?",
        ),
        ({"training": {"early_stopping": {"patients": 3}}}, "/training/early_stopping/patients", "'patience'?"),
        ({"dataset": {"split": {"validate": 0.2}}}, "/dataset/split/validate", "Did you mean 'validation'?"),
        (layers({"unit": 3}), "/model/layers/0/unit", "Did you mean 'units'?"),
        (
            layers({"kernel_initializer": {"name": "random_normal", "std": 1}}),
            "/model/layers/0/kernel_initializer/std",
            "Did you mean 'stddev'?",
        ),
    ],
)
def test_an_unknown_field_is_reported_with_the_nearest_name(iris, problems, patch, pointer, hint):
    found = problems(iris(patch))
    assert list(found) == [pointer]
    assert found[pointer].code == "unknown_field"
    assert hint in found[pointer].detail


@pytest.mark.parametrize(
    ("patch", "pointer", "hint"),
    [
        ({"dataset": {"name": "irises"}}, "/dataset/name", "Did you mean 'iris'?"),
        ({"model": {"kind": "mpl"}}, "/model/kind", "Did you mean 'mlp'?"),
        (layers({"type": "dens"}), "/model/layers/0/type", "Did you mean 'dense'?"),
        (layers({"activation": "rellu"}), "/model/layers/0/activation", "Did you mean 'relu'?"),
        (layers({"kernel_initializer": "he_norml"}), "/model/layers/0/kernel_initializer", "Did you mean 'he_normal'?"),
        (
            layers({"kernel_initializer": {"name": "he_norml"}}),
            "/model/layers/0/kernel_initializer/name",
            "Did you mean 'he_normal'?",
        ),
        (layers({"batch_normalization": "before"}), "/model/layers/0/batch_normalization", ", before_activation."),
        ({"training": {"optimizer": "adan"}}, "/training/optimizer", "Did you mean 'adam'?"),
        ({"training": {"optimizer": {"name": "adan"}}}, "/training/optimizer/name", "Did you mean 'adam'?"),
        ({"training": {"loss": "mean_square_error"}}, "/training/loss", "Did you mean 'mean_squared_error'?"),
        ({"training": {"metrics": ["accuracy", "acuracy"]}}, "/training/metrics/1", "Did you mean 'accuracy'?"),
        (
            {"training": {"optimizer": {"name": "sgd", "learning_rate": {"name": "exponential"}}}},
            "/training/optimizer/learning_rate/name",
            "Did you mean 'exponential_decay'?",
        ),
    ],
)
def test_an_unknown_value_is_reported_with_the_nearest_name(iris, problems, patch, pointer, hint):
    found = problems(iris(patch))
    assert list(found) == [pointer]
    assert hint in found[pointer].detail


def test_keras_short_names_are_understood(iris):
    spec = parse_spec(iris({"training": {"loss": {"name": "mse"}, "metrics": ["acc", "rmse"]}}))
    assert spec.training.loss.name == "mean_squared_error"
    assert spec.training.metrics == ("accuracy", "root_mean_squared_error")


def test_every_mistake_is_reported_in_one_response(problems):
    found = problems(
        {
            "name": "Not A Name",
            "seed": -1,
            "colour": "red",
            "dataset": {"name": "function", "function": {"type": "sine", "phase": "late"}, "noise": -1, "hihg": 2},
            "model": {
                "kind": "cnn",
                "layers": [
                    {"type": "conv2d", "filters": 0, "kernel_size": [3, 0], "pooling": {"kind": "mean"}},
                    {"type": "dense"},
                    {"units": 10},
                ],
            },
            "training": {
                "optimizer": {"name": "sgd", "momentum": 1},
                "epochs": -1,
                "early_stopping": {"patience": 1.5},
            },
        }
    )
    assert set(found) == {
        "/name",
        "/seed",
        "/colour",
        "/dataset/function/phase",
        "/dataset/noise",
        "/dataset/hihg",
        "/model/layers/0/filters",
        "/model/layers/0/kernel_size/1",
        "/model/layers/0/pooling/kind",
        "/model/layers/1/units",
        "/model/layers/2/type",
        "/training/optimizer/momentum",
        "/training/loss",
        "/training/epochs",
        "/training/early_stopping/patience",
    }
    assert found["/training/loss"].detail == "The field 'loss' is missing."


def test_the_summary_counts_errors_and_quotes_the_first(iris):
    with pytest.raises(
        InvalidSpec, match=r'^2 errors\. The first is at /name: Expected a string like "iris-mlp"; got 5\.$'
    ):
        parse_spec(iris({"name": 5, "seed": "x"}))


def test_a_single_mistake_is_the_whole_message(iris):
    with pytest.raises(InvalidSpec, match=r"^Expected a whole number like 0; got true\.$"):
        parse_spec(iris({"seed": True}))


def test_pointers_begin_where_the_spec_stands_in_the_request(iris):
    with pytest.raises(InvalidSpec) as caught:
        parse_spec(iris({"seed": 0.5}), pointer="/spec")
    assert caught.value.problems[0].pointer == "/spec/seed"


def test_slashes_and_tildes_in_names_are_escaped_in_pointers(iris, problems):
    # RFC 6901 section 3.
    assert list(problems(iris({"a/b~c": 1}))) == ["/a~1b~0c"]


def test_a_field_named_like_its_dataset_keeps_its_pointer(line, problems):
    # The dataset `function` has a field `function`; pydantic's locations contain both.
    assert list(problems(line({"dataset": {"noise": -1}}))) == ["/dataset/noise"]
    assert list(problems(line({"dataset": {"function": {"coefficients": ["a"]}}}))) == [
        "/dataset/function/coefficients/0"
    ]


def test_a_model_named_like_a_field_keeps_its_pointers(iris, problems):
    assert list(problems(iris({"name": "model", "model": {"layers": [{"units": 0}]}}))) == ["/model/layers/0/units"]


def test_an_unknown_field_named_like_a_layer_type_keeps_its_siblings_pointers(iris, problems):
    value = iris({"model": {"layers": [{"type": "dropout", "dropout": 0.5, "rate": 2}]}})
    assert set(problems(value)) == {"/model/layers/0/dropout", "/model/layers/0/rate"}


@pytest.mark.parametrize(
    ("patch", "pointer", "detail"),
    [
        ({"seed": True}, "/seed", "Expected a whole number like 0; got true."),
        ({"seed": "5"}, "/seed", "Expected a whole number like 0; got '5'."),
        ({"seed": 1.5}, "/seed", "Expected a whole number like 0; got 1.5."),
        ({"seed": 2.0**53}, "/seed", "Expected a whole number like 0; got 9007199254740992.0."),
        (layers({"units": True}), "/model/layers/0/units", "Expected a whole number like 16; got true."),
        (layers({"units": "3"}), "/model/layers/0/units", "Expected a whole number like 16; got '3'."),
        (layers({"dropout": "0.5"}), "/model/layers/0/dropout", "Expected a number like 0.0; got '0.5'."),
        (layers({"dropout": False}), "/model/layers/0/dropout", "Expected a number like 0.0; got false."),
        (layers({"use_bias": 1}), "/model/layers/0/use_bias", "Expected true or false; got 1."),
        (layers({"use_bias": "true"}), "/model/layers/0/use_bias", "Expected true or false; got 'true'."),
        ({"name": 5}, "/name", 'Expected a string like "iris-mlp"; got 5.'),
        ({"training": {"epochs": True}}, "/training/epochs", "Expected a whole number like 10; got true."),
        (
            {"training": {"batch_size": True}},
            "/training/batch_size",
            'Expected a whole number like 32 or "full"; got true.',
        ),
        (
            {"training": {"batch_size": 2.5}},
            "/training/batch_size",
            'Expected a whole number like 32 or "full"; got 2.5.',
        ),
        (
            {"training": {"metrics": "accuracy"}},
            "/training/metrics",
            "Expected a list like [\"accuracy\"]; got 'accuracy'.",
        ),
        (
            {"training": {"loss": 5}},
            "/training/loss",
            'Expected a string like "mean_squared_error" or an object like {"name": "mean_squared_error"}; got 5.',
        ),
        ({"dataset": ["iris"]}, "/dataset", 'Expected an object like {"name": "iris"}; got a list of 1.'),
        (
            {"model": {"kind": 5}},
            "/model/kind",
            "Expected a kind; got 5. Known here: binary_adder, cnn, cnn_family, mlp, rnn.",
        ),
        ({"model": {"layers": [[]]}}, "/model/layers/0", 'Expected an object like {"units": 16}; got a list of 0.'),
        (
            {"training": {"optimizer": {"name": "sgd", "learning_rate": "0.1"}}},
            "/training/optimizer/learning_rate",
            f"Expected a number like 0.01 or an object like {DECAY}; got '0.1'.",
        ),
    ],
)
def test_a_wrong_type_is_rejected_and_never_converted(iris, problems, patch, pointer, detail):
    found = problems(iris(patch))
    assert {place: problem.detail for place, problem in found.items()} == {pointer: detail}


def test_a_whole_number_is_accepted_as_a_number(iris):
    assert parse_spec(iris({"training": {"optimizer": {"name": "sgd", "learning_rate": 1}}}))


@pytest.mark.parametrize("size", [0, -1, 2**31, 10**400])
@pytest.mark.parametrize(
    ("field", "place"),
    [
        ("units", "/model/layers/0/units"),
        ("steps_per_epoch", "/training/steps_per_epoch"),
        ("validation_freq", "/training/validation_freq"),
        ("batch_size", "/training/batch_size"),
    ],
)
def test_a_size_is_at_least_one_and_fits_32_bits(iris, problems, field, place, size):
    patch = layers({"units": size}) if field == "units" else {"training": {field: size}}
    assert list(problems(iris(patch))) == [place]


@pytest.mark.parametrize("size", [-1, 2**31, 10**400, 1.5, "2"])
@pytest.mark.parametrize("field", ["epochs", "steps"])
def test_a_length_is_at_least_zero_and_fits_32_bits(iris, problems, field, size):
    assert list(problems(iris({"training": {field: size}}))) == [f"/training/{field}"]


@pytest.mark.parametrize("seed", [-1, 2**31, 10**400])
def test_a_seed_is_not_negative_and_fits_32_bits(iris, problems, seed):
    assert list(problems(iris({"seed": seed}))) == ["/seed"]


@pytest.mark.parametrize("number", [nan, inf, -inf, 1e39, -1e39, 10**400])
@pytest.mark.parametrize("field", ["low", "high", "noise"])
def test_a_number_that_float32_cannot_represent_is_rejected(line, problems, field, number):
    assert list(problems(line({"dataset": {field: number}}))) == [f"/dataset/{field}"]


@pytest.mark.parametrize("number", [nan, inf, -0.1, 1, 1.5])
def test_a_dropout_is_from_0_to_below_1(iris, problems, number):
    assert list(problems(iris(layers({"dropout": number})))) == ["/model/layers/0/dropout"]


@pytest.mark.parametrize("number", [nan, inf, 0, -0.1])
def test_a_learning_rate_is_above_0(iris, problems, number):
    value = iris({"training": {"optimizer": {"name": "adam", "learning_rate": number}}})
    assert list(problems(value)) == ["/training/optimizer/learning_rate"]


def test_a_large_bound_is_written_in_short_form(line, problems):
    found = problems(line({"dataset": {"noise": 1e308}}))
    assert found["/dataset/noise"].detail == "Expected a number of at most 3.40282e+38; got 1e+308."


@pytest.mark.parametrize("name", ["", "A", "a b", "-a", "a/b", "a" * 65, "é", "a\n", "a\x00"])
def test_a_name_that_is_not_safe_in_urls_and_paths_is_rejected(iris, problems, name):
    found = problems(iris({"name": name}))
    assert found["/name"].detail.startswith("Expected text of the form ^[a-z0-9][a-z0-9._-]{0,63}$; got '")


@pytest.mark.parametrize("name", ["a", "0", "iris-2.1_b", "a" * 64])
def test_a_plain_name_is_accepted(iris, name):
    assert parse_spec(iris({"name": name})).name == name


@pytest.mark.parametrize("value", [None, [], "spec", 5, nan, True])
def test_anything_but_an_object_is_rejected_as_a_whole(problems, value):
    assert list(problems(value)) == [""]


def test_an_empty_object_lacks_four_fields(problems):
    assert list(problems({})) == ["/name", "/dataset", "/model", "/training"]


def test_a_union_without_its_tag_reports_the_missing_field(iris, problems):
    value = iris({"model": None}) | {"model": {"layers": [{"units": 3}]}}
    assert problems(value)["/model/kind"].detail == "The field 'kind' is missing."


def test_other_models_have_the_same_messages():
    with pytest.raises(InvalidSpec, match="Did you mean 'monitor'"):
        parse_as(EarlyStopping, {"monitr": "loss"})


def test_pointers_lead_into_presets_by_the_names_of_their_variants(iris):
    preset = {"name": "x", "title": "", "teaches": "", "published": "", "expected_seconds": 1}
    with pytest.raises(InvalidSpec) as caught:
        parse_as(Preset, preset | {"spec": iris({"seed": "0"}), "variants": {"a/b": 5}})
    assert [problem.pointer for problem in caught.value.problems] == ["/spec/seed", "/variants/a~1b"]


def test_a_spec_cannot_be_changed(iris):
    spec = parse_spec(iris({}))
    with pytest.raises(ValueError, match="frozen"):
        spec.seed = 1


@pytest.mark.parametrize(("written", "number"), [(3.0, 3), (1e3, 1000), (-0.0, 0), (2.0**53 - 1, 2**53 - 1)])
def test_a_number_without_a_fraction_is_whole(written, number):
    whole = read_whole_numbers({"a": [written, {"b": written}], "c": written})
    assert whole == {"a": [number, {"b": number}], "c": number}
    assert type(whole["c"]) is type(whole["a"][0]) is type(whole["a"][1]["b"]) is int


@pytest.mark.parametrize("value", [0.5, 2.0**53, 1e300, inf, True, "1.0", None])
def test_other_values_stay_as_they_are(value):
    assert read_whole_numbers([value])[0] is value


def test_whole_numbers_may_be_written_with_a_fraction_of_zero_everywhere(iris):
    spec = parse_spec(iris({"seed": 7.0, "training": {"epochs": 1e1, "batch_size": 16.0}, **layers({"units": 3.0})}))
    assert (spec.seed, spec.training.epochs, spec.training.batch_size, spec.model.layers[0].units) == (7, 10, 16, 3)


CONVOLUTION = {"type": "conv2d", "filters": 4, "kernel_size": 3}


@pytest.mark.parametrize(
    ("patch", "detail"),
    [
        ({"pooling": 2}, 'Expected an object like {"pool_size": 2}; got 2.'),
        ({"kernel_regularizer": 0.1}, 'Expected an object like {"l2": 0.0001}; got 0.1.'),
        ({"kernel_initializer": 0}, 'Expected a string like "zeros" or an object like {"name": "zeros"}; got 0.'),
        ({"use_bias": "no"}, "Expected true or false; got 'no'."),
        ({"filters": [4]}, "Expected a whole number like 32; got a list of 1."),
        ({"dropout": None}, "Expected a number like 0.0; got null."),
        ({"padding": 0.5}, 'Expected "valid", "same", a whole number like 1 or a list like [1, 1]; got 0.5.'),
    ],
)
def test_a_wrong_type_is_answered_with_the_nearest_example(iris, problems, patch, detail):
    found = problems(iris({"model": {"kind": "cnn", "layers": [CONVOLUTION | patch]}}))
    assert found[f"/model/layers/0/{next(iter(patch))}"].detail == detail


@pytest.mark.parametrize(
    ("model", "pointer", "example"),
    [
        ({"kind": "cnn", "layers": 3}, "/model/layers", '[{"type": "conv2d", "filters": 32, "kernel_size": 3}]'),
        ({"kind": "rnn", "layers": 3}, "/model/layers", '[{"type": "recurrent", "cell": "simple_rnn", "units": 32}]'),
        ({"kind": "mlp", "layers": 3}, "/model/layers", '[{"units": 16}]'),
    ],
)
def test_the_example_is_that_of_the_kind_that_was_sent(iris, problems, model, pointer, example):
    found = problems({**iris({}), "model": model})
    assert found[pointer].detail == f"Expected a list like {example}; got 3."
