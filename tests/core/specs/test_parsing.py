from math import inf, nan

import pytest

from core.catalogue.presets import Preset
from core.errors import InvalidSpec
from core.experiment import parse_spec
from core.specs.parsing import parse_as
from core.specs.training import EarlyStopping


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
def test_an_unknown_field_is_told_with_the_nearest(iris, problems, patch, pointer, hint):
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
def test_an_unknown_value_is_told_with_the_nearest(iris, problems, patch, pointer, hint):
    found = problems(iris(patch))
    assert list(found) == [pointer]
    assert hint in found[pointer].detail


def test_keras_short_names_are_understood(iris):
    spec = parse_spec(iris({"training": {"loss": {"name": "mse"}, "metrics": ["acc", "rmse"]}}))
    assert spec.training.loss.name == "mean_squared_error"
    assert spec.training.metrics == ("accuracy", "root_mean_squared_error")


def test_every_mistake_is_told_in_one_answer(problems):
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


def test_the_summary_counts_mistakes_and_quotes_the_first(iris):
    with pytest.raises(InvalidSpec, match="2 things are wrong; the first, at /name: 5 came; expected text"):
        parse_spec(iris({"name": 5, "seed": "x"}))


def test_a_single_mistake_is_the_whole_message(iris):
    with pytest.raises(InvalidSpec, match=r"^true came; expected a whole number\.$"):
        parse_spec(iris({"seed": True}))


def test_pointers_begin_where_the_spec_stands_in_the_request(iris):
    with pytest.raises(InvalidSpec) as caught:
        parse_spec(iris({"seed": 0.5}), pointer="/spec")
    assert caught.value.problems[0].pointer == "/spec/seed"


def test_slashes_and_tildes_in_names_are_escaped_in_pointers(iris, problems):
    # RFC 6901 section 3.
    assert list(problems(iris({"a/b~c": 1}))) == ["/a~1b~0c"]


def test_a_field_named_as_its_dataset_is_not_taken_for_it(line, problems):
    # The dataset `function` has a field `function`; pydantic's locations hold both words.
    assert list(problems(line({"dataset": {"noise": -1}}))) == ["/dataset/noise"]
    assert list(problems(line({"dataset": {"function": {"coefficients": ["a"]}}}))) == [
        "/dataset/function/coefficients/0"
    ]


def test_a_model_named_as_a_field_keeps_its_pointers(iris, problems):
    assert list(problems(iris({"name": "model", "model": {"layers": [{"units": 0}]}}))) == ["/model/layers/0/units"]


def test_an_unknown_field_named_as_a_layer_type_keeps_its_siblings_pointers(iris, problems):
    value = iris({"model": {"layers": [{"type": "dropout", "dropout": 0.5, "rate": 2}]}})
    assert set(problems(value)) == {"/model/layers/0/dropout", "/model/layers/0/rate"}


@pytest.mark.parametrize(
    ("patch", "pointer", "detail"),
    [
        ({"seed": True}, "/seed", "true came; expected a whole number."),
        ({"seed": "5"}, "/seed", "'5' came; expected a whole number."),
        ({"seed": 1.5}, "/seed", "1.5 came; expected a whole number."),
        ({"seed": 1.0}, "/seed", "1.0 came; expected a whole number."),
        (layers({"units": True}), "/model/layers/0/units", "true came; expected a whole number."),
        (layers({"units": "3"}), "/model/layers/0/units", "'3' came; expected a whole number."),
        (layers({"dropout": "0.5"}), "/model/layers/0/dropout", "'0.5' came; expected a number."),
        (layers({"dropout": False}), "/model/layers/0/dropout", "false came; expected a number."),
        (layers({"use_bias": 1}), "/model/layers/0/use_bias", "1 came; expected true or false."),
        (layers({"use_bias": "true"}), "/model/layers/0/use_bias", "'true' came; expected true or false."),
        ({"name": 5}, "/name", "5 came; expected text."),
        ({"training": {"epochs": True}}, "/training/epochs", "true came; expected a whole number."),
        ({"training": {"batch_size": True}}, "/training/batch_size", "true came; expected a whole number or 'full'."),
        ({"training": {"batch_size": 2.5}}, "/training/batch_size", "2.5 came; expected a whole number or 'full'."),
        ({"training": {"metrics": "accuracy"}}, "/training/metrics", "'accuracy' came; expected a list."),
        ({"training": {"loss": 5}}, "/training/loss", "5 came; expected an object."),
        ({"dataset": ["iris"]}, "/dataset", "a list of 1 came; expected an object."),
        (
            {"model": {"kind": 5}},
            "/model/kind",
            "5 came; expected a kind. Known here: binary_adder, cnn, cnn_family, mlp, rnn.",
        ),
        ({"model": {"layers": [[]]}}, "/model/layers/0", "a list of 0 came; expected an object."),
        (
            {"training": {"optimizer": {"name": "sgd", "learning_rate": "0.1"}}},
            "/training/optimizer/learning_rate",
            "'0.1' came; expected a number.",
        ),
    ],
)
def test_a_wrong_type_is_rejected_and_never_converted(iris, problems, patch, pointer, detail):
    found = problems(iris(patch))
    assert {place: problem.detail for place, problem in found.items()} == {pointer: detail}


def test_a_whole_number_will_do_where_any_number_is_expected(iris):
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
def test_a_length_is_at_least_none_and_fits_32_bits(iris, problems, field, size):
    assert list(problems(iris({"training": {field: size}}))) == [f"/training/{field}"]


@pytest.mark.parametrize("seed", [-1, 2**31, 10**400])
def test_a_seed_is_not_negative_and_fits_32_bits(iris, problems, seed):
    assert list(problems(iris({"seed": seed}))) == ["/seed"]


@pytest.mark.parametrize("number", [nan, inf, -inf, 1e39, -1e39, 10**400])
@pytest.mark.parametrize("field", ["low", "high", "noise"])
def test_a_number_that_float32_cannot_hold_is_rejected(line, problems, field, number):
    assert list(problems(line({"dataset": {field: number}}))) == [f"/dataset/{field}"]


@pytest.mark.parametrize("number", [nan, inf, -0.1, 1, 1.5])
def test_a_dropout_is_from_0_to_below_1(iris, problems, number):
    assert list(problems(iris(layers({"dropout": number})))) == ["/model/layers/0/dropout"]


@pytest.mark.parametrize("number", [nan, inf, 0, -0.1])
def test_a_learning_rate_is_above_0(iris, problems, number):
    value = iris({"training": {"optimizer": {"name": "adam", "learning_rate": number}}})
    assert list(problems(value)) == ["/training/optimizer/learning_rate"]


def test_a_great_bound_is_written_short(line, problems):
    found = problems(line({"dataset": {"noise": 1e308}}))
    assert found["/dataset/noise"].detail == "1e+308 came; expected at most 3.40282e+38."


@pytest.mark.parametrize("name", ["", "A", "a b", "-a", "a/b", "a" * 65, "é", "a\n", "a\x00"])
def test_a_name_that_urls_and_folders_could_not_carry_is_rejected(iris, problems, name):
    found = problems(iris({"name": name}))
    assert found["/name"].detail.endswith("came; expected the form ^[a-z0-9][a-z0-9._-]{0,63}$.")


@pytest.mark.parametrize("name", ["a", "0", "iris-2.1_b", "a" * 64])
def test_a_plain_name_is_taken(iris, name):
    assert parse_spec(iris({"name": name})).name == name


@pytest.mark.parametrize("value", [None, [], "spec", 5, nan, True])
def test_anything_but_an_object_is_rejected_as_a_whole(problems, value):
    assert list(problems(value)) == [""]


def test_an_empty_object_lacks_four_fields(problems):
    assert list(problems({})) == ["/name", "/dataset", "/model", "/training"]


def test_a_union_without_its_tag_says_which_field_is_missing(iris, problems):
    value = iris({"model": None}) | {"model": {"layers": [{"units": 3}]}}
    assert problems(value)["/model/kind"].detail == "Say which kind it is in the field 'kind'."


def test_other_models_are_read_with_the_same_words():
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
