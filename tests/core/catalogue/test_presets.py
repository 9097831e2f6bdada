import copy
import json
from importlib.resources import files

import pytest

from core.catalogue.figures import MetricFigure
from core.catalogue.presets import _read, get_preset, list_presets
from core.checks.cost import check_spec
from core.datasets.images import ImagesDataset
from core.datasets.mnist import MnistDataset
from core.errors import UnknownPreset
from core.experiment import parse_spec
from core.specs.merging import apply_overrides
from core.uploads.description import ImagesDescription, ValueCount

CATALOGUE = {
    "linear-regression": {"noise-0.6", "slope-6", "offset-4", "8x+20"},
    "cubic-regression": {"noise-0.5"},
    "quadratic-regression": set(),
    "keras-linear": set(),
    "two-input-regression": {"sigmoid", "wide-inputs", "sigmoid-wide-inputs"},
    "sine-regression": {"30-by-30"},
    "perceptron-or": {"batch-10", "10-epochs", "100-epochs", "300-epochs", "seed-1"},
    "perceptron-and": {"batch-10", "10-epochs", "100-epochs", "300-epochs", "seed-1"},
    "perceptron-xor": {"batch-10", "10-epochs", "100-epochs", "300-epochs", "seed-1"},
    "iris-keras": {"sigmoid", "sgd", "sigmoid-sgd"},
    "iris-small": set(),
    "mnist-softmax": set(),
    "mnist-3-layer": {"400-150", "1500-800", "sgd", "momentum", "adagrad", "rmsprop"},
    "mnist-cnn-tf": {"no-dropout"},
    "mnist-mlp": set(),
    "mnist-cnn": set(),
    "binary-adder": {
        "128-units", "sigmoid", "tanh", "adam", "dropout", "recurrent-dropout", "unroll", "gru", "lstm",
    },
    "vanishing-gradient": {
        "sigmoid-normal-0.01", "sigmoid-xavier", "sigmoid-he", "relu-normal-0.01", "relu-xavier", "relu-he",
        "sigmoid-normal-0.01-wide", "sigmoid-xavier-wide", "sigmoid-he-wide",
        "relu-normal-0.01-wide", "relu-xavier-wide", "relu-he-wide",
    },
    "batch-norm": {"after-activation", "none"},
    "optimizers": {"momentum", "adagrad", "rmsprop", "adam"},
    "cifar10-cnn": {"overfit"},
    "alexnet": set(),
    "vgg": set(),
    "googlenet": set(),
    "resnet": {"plain", "depth-32", "depth-32-plain"},
    "forward-softmax": set(),
    "forward-linear": set(),
    "forward-sigmoid": set(),
    "conv-shapes": set(),
    "overfitting": {
        "l1", "l2", "dropout", "dropout-l1", "adam", "adam-l1", "adam-l2", "adam-dropout", "adam-dropout-l1",
    },
}  # fmt: skip
"""The trained rows of the course's catalogue, each with its variants."""

ASKED = [(preset.name, None) for preset in list_presets()] + [
    (preset.name, variant) for preset in list_presets() for variant in preset.variants
]


CIFAR_10 = ImagesDescription(
    num_images=60_000,
    classes=tuple(ValueCount(value=str(number), count=6_000) for number in range(10)),
    splits={"train": 50_000, "test": 10_000},
    least_height=32,
    greatest_height=32,
    least_width=32,
    greatest_width=32,
    num_grey=0,
)
"""Description of the uploaded photographs."""


@pytest.fixture
def check(settings, describe_mnist):
    uploads = {ImagesDataset: CIFAR_10, MnistDataset: describe_mnist()}

    def check(value):
        spec = parse_spec(value)
        return check_spec(spec, settings, uploads.get(type(spec.dataset)))

    return check


def spec_of(name, variant):
    preset = get_preset(name)
    return preset.spec_json(variant)


@pytest.mark.parametrize("name", CATALOGUE)
def test_a_row_of_the_catalogue_has_its_preset_and_tries(name):
    assert CATALOGUE[name] <= set(get_preset(name).variants)


def test_every_file_is_a_preset_by_its_own_name():
    stems = sorted(
        entry.name.removesuffix(".json") for entry in files("presets").iterdir() if entry.name.endswith("json")
    )
    assert [preset.name for preset in list_presets()] == stems
    assert [preset.spec.name for preset in list_presets()] == stems


@pytest.mark.parametrize(("name", "variant"), ASKED)
def test_a_preset_can_be_trained_under_the_default_limits(check, name, variant):
    report = check(spec_of(name, variant))
    assert report.warnings == ()


@pytest.mark.parametrize(("name", "variant"), [asked for asked in ASKED if asked[1] is not None])
def test_a_variant_changes_the_spec_or_says_again_what_it_is(name, variant):
    changed = parse_spec(spec_of(name, variant)) != get_preset(name).spec
    # The grid of vanishing gradients names each of its corners, the preset itself among them.
    assert changed == ((name, variant) != ("vanishing-gradient", "sigmoid-normal-0.01"))


def test_a_preset_is_given_out_as_it_was_written():
    for preset in list_presets():
        written = json.loads((files("presets") / f"{preset.name}.json").read_text(encoding="utf-8"))
        assert parse_spec(preset.spec_json()) == preset.spec == parse_spec(written["spec"])
        assert set(preset.spec_json()["training"]) == set(written["spec"]["training"])


def test_overrides_do_not_change_a_preset():
    preset = get_preset("binary-adder")
    before = copy.deepcopy(preset.spec_json())
    apply_overrides(preset.spec_json(), {"model": {"units": 1}, "training": None})
    assert preset.spec_json() == before


def test_changing_the_optimizer_by_name_keeps_only_what_was_written():
    # The file writes the learning rate; nothing else of SGD's stays behind.
    patched = apply_overrides(get_preset("binary-adder").spec_json(), {"training": {"optimizer": {"name": "adam"}}})
    assert patched["training"]["optimizer"] == {"name": "adam", "learning_rate": 0.1}
    assert parse_spec(patched).training.optimizer.beta_1 == 0.9


def test_every_preset_says_what_it_teaches_and_what_was_published():
    for preset in list_presets():
        assert preset.title
        assert preset.teaches.endswith(".")
        assert preset.published
        assert preset.expected_seconds > 0


def test_every_preset_says_its_published_figure_as_bounds():
    assert [preset.name for preset in list_presets() if not preset.figures] == []


def test_figures_speak_of_tries_and_metrics_that_there_are():
    for preset in list_presets():
        for figure in preset.figures:
            if isinstance(figure, MetricFigure):
                spec = parse_spec(preset.spec_json(figure.variant))
                measured = {"loss", *spec.training.metrics}
                for key in filter(None, (figure.metric, figure.less)):
                    assert key.startswith("train/weight/") or key.rpartition("/")[2] in measured, (preset.name, key)


def test_a_figure_of_an_unknown_variant_is_rejected():
    document = json.loads((files("presets") / "optimizers.json").read_text(encoding="utf-8"))
    document["figures"][0]["beside"] = ["sgdm"]
    with pytest.raises(UnknownPreset, match="'optimizers' has no variant 'sgdm'"):
        _read(document)


def test_presets_are_read_once():
    assert get_preset("iris-keras") is get_preset("iris-keras")


@pytest.mark.parametrize(
    ("name", "hint"),
    [("binary-ader", "Did you mean 'binary-adder'?"), ("zzz", "Known here: alexnet, batch-norm, binary-adder,")],
)
def test_an_unknown_preset_is_reported_with_the_nearest(name, hint):
    with pytest.raises(UnknownPreset) as caught:
        get_preset(name)
    assert caught.value.detail.startswith(f"There is no preset '{name}'. {hint}")


def test_an_unknown_variant_is_reported_with_the_nearest():
    with pytest.raises(UnknownPreset, match=r"'binary-adder' has no variant 'grus'\. Did you mean 'gru'\?"):
        get_preset("binary-adder").variant("grus")


def test_a_preset_without_variants_says_just_that():
    with pytest.raises(UnknownPreset, match=r"^'mnist-mlp' has no variant 'wide'\.$"):
        get_preset("mnist-mlp").variant("wide")


@pytest.mark.parametrize(
    ("name", "num_parameters"),
    [
        ("linear-regression", 2),
        ("cubic-regression", 4),
        ("quadratic-regression", 3),
        # 2·10 + 10 and 10 + 1.
        ("two-input-regression", 41),
        ("perceptron-xor", 3),
        # 4·12 + 12 and 12·3 + 3.
        ("iris-keras", 99),
        # 16·(2 + 16 + 1) and 16 + 1.
        ("binary-adder", 321),
        ("mnist-softmax", 7850),
        ("mnist-mlp", 669_706),
        # As `summary()` prints it for Keras's own example.
        ("mnist-cnn", 1_199_882),
        # 5·5·32 + 32, 5·5·32·64 + 64, 7·7·64·1024 + 1024 and 1024·10 + 10, as in TensorFlow's first tutorial.
        ("mnist-cnn-tf", 3_274_634),
        # 784·600 + 600, 600·300 + 300 and 300·10 + 10.
        ("mnist-3-layer", 654_310),
    ],
)
def test_networks_have_the_size_of_the_catalogue(check, name, num_parameters):
    assert check(spec_of(name, None)).num_parameters == num_parameters


@pytest.mark.parametrize(
    ("name", "num_steps"),
    [
        ("linear-regression", 300),
        ("cubic-regression", 10_000),
        ("quadratic-regression", 13_750),
        ("keras-linear", 1_000),
        ("two-input-regression", 1_000),
        ("sine-regression", 100),
        # 4 rows, 25 times each, 30 times.
        ("perceptron-or", 3_000),
        # 120 samples in batches of 5, 20 times.
        ("iris-keras", 480),
        ("iris-small", 1_000),
        ("mnist-softmax", 100),
        ("mnist-3-layer", 3_000),
        ("mnist-cnn-tf", 300),
        # 60,000 images in batches of 128, the last one of 96: 469 steps an epoch.
        ("mnist-mlp", 9_380),
        ("mnist-cnn", 2_345),
        ("binary-adder", 25_000),
        ("vanishing-gradient", 2_000),
        # 50,000 photographs in batches of 32, three times, and of 128.
        ("cifar10-cnn", 4_689),
        ("resnet", 782),
        ("overfitting", 3_000),
    ],
)
def test_trainings_have_the_length_of_the_catalogue(check, name, num_steps):
    assert check(spec_of(name, None)).num_steps == num_steps
