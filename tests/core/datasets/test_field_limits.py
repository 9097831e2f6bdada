"""Fields of every dataset with a limit or a default of its own: the last value inside, the first outside."""

import pytest

from core.datasets.images import ImagesDataset
from core.errors import InvalidSpec
from core.specs.parsing import parse_as

IMAGES = {"name": "images", "dataset": "pets"}
INLINE = {"name": "inline", "inputs": [[1, 2], [3, 4]], "targets": [0, 1]}
MNIST = {"name": "mnist"}


def within(dataset, path, value):
    """Return the dataset with this value at a path such as `augmentation/crop`."""
    field, _, inner = path.partition("/")
    return dataset | {field: {inner: value} if inner else value}


@pytest.mark.parametrize(
    ("dataset", "path", "most", "above"),
    [
        (IMAGES | {"width": 8}, "height", 2048, 2049),
        (IMAGES | {"height": 8}, "width", 2048, 2049),
        (IMAGES, "augmentation/rotation", 180, 180.5),
        (IMAGES, "augmentation/crop", 64, 65),
        (IMAGES, "augmentation/shift", 0.99, 1),
        (MNIST, "max_train_samples", 60_000, 60_001),
        (MNIST, "max_test_samples", 10_000, 10_001),
        ({"name": "binary_addition"}, "num_bits", 62, 63),
    ],
)
def test_a_number_is_at_most_its_limit(dataset, read, path, most, above):
    assert read(within(dataset, path, most))
    with pytest.raises(InvalidSpec) as caught:
        read(within(dataset, path, above))
    (problem,) = caught.value.problems
    assert problem.pointer == f"/dataset/{path}"
    assert problem.detail.startswith(f"Expected a number {'below 1' if above == 1 else f'of at most {most}'}; got ")


@pytest.mark.parametrize(
    ("dataset", "path", "least", "below"),
    [
        (IMAGES | {"width": 8}, "height", 1, 0),
        (IMAGES, "augmentation/rotation", 0, -0.5),
        (IMAGES, "augmentation/crop", 0, -1),
        (IMAGES, "augmentation/shift", 0, -0.1),
        (MNIST, "max_train_samples", 1, 0),
        ({"name": "binary_addition"}, "num_bits", 2, 1),
        ({"name": "binary_addition"}, "num_test", 0, -1),
        ({"name": "truth_table", "operation": "or"}, "repeats", 1, 0),
    ],
)
def test_a_number_is_at_least_its_limit(dataset, read, path, least, below):
    assert read(within(dataset, path, least))
    with pytest.raises(InvalidSpec) as caught:
        read(within(dataset, path, below))
    (problem,) = caught.value.problems
    assert (problem.pointer, problem.code) == (f"/dataset/{path}", "greater_than_equal")


@pytest.mark.parametrize("value", [2.5, "8", True])
def test_a_number_of_bits_is_a_whole_number(dataset, value):
    assert "Expected a whole number" in dataset({"name": "binary_addition", "num_bits": value})["/num_bits"]


def test_images_have_a_height_and_a_width_or_neither(dataset):
    assert dataset(IMAGES | {"height": 8}) == {"": "Give height and width both, or neither."}
    assert dataset(IMAGES | {"width": 8}) == {"": "Give height and width both, or neither."}


def test_a_label_is_printable_text_of_up_to_200_characters(dataset, read):
    assert read(INLINE | {"columns": ["a" * 200, "é \u2028"]}).columns == ("a" * 200, "é \u2028")
    for label, detail in (
        ("", "Expected at least 1 character; got 0."),
        ("a" * 201, "Expected at most 200 characters; got 201."),
    ):
        assert dataset(INLINE | {"columns": ["x", label]}) == {"/columns/1": detail}
    for character in "\x00\x1f\x7f":
        assert "Expected text of the form" in dataset(INLINE | {"columns": ["x", character]})["/columns/1"]
    assert read(INLINE | {"columns": ["x", "\x20"]})


def test_only_the_first_label_that_is_wrong_is_reported(dataset):
    assert list(dataset(INLINE | {"columns": ["", ""]})) == ["/columns/0"]
    assert list(dataset(INLINE | {"inputs": [["a", "b"], [3, 4]]})) == ["/inputs/0/0"]


def test_a_row_is_reshaped_to_two_or_three_axes(dataset):
    assert dataset(INLINE | {"input_shape": [1, 1, 1, 2]}) == {"/input_shape": "Expected at most 3 items; got 4."}


def test_two_classes_are_enough_and_their_numbers_are_those_of_labels(read, shape):
    table = INLINE | {"class_labels": ["no", "yes"]}
    assert read(table).class_labels == ("no", "yes")
    assert shape(table | {"split": {"validation": 1}}).num_validation == 1
    assert shape(table | {"inputs": [[1], [2], [3]], "targets": [0, 1, 1], "split": {"test": 1}}).num_test == 1


def test_defaults_of_images_are_as_documented():
    images = parse_as(ImagesDataset, IMAGES)
    assert (images.height, images.width, images.channels, images.resize) == (None, None, None, "stretch")
    assert (images.rescale, images.max_train_samples, images.max_test_samples) == (True, None, None)
    assert images.augmentation_asked().is_any is False
    augmentation = images.augmentation
    assert (augmentation.horizontal_flip, augmentation.vertical_flip) == (False, False)
    assert (augmentation.shift, augmentation.rotation, augmentation.crop) == (0.0, 0.0, 0)


@pytest.mark.parametrize(
    "change", [{"horizontal_flip": True}, {"vertical_flip": True}, {"shift": 0.1}, {"rotation": 1}, {"crop": 1}]
)
def test_any_change_of_images_is_an_augmentation(change):
    assert parse_as(ImagesDataset, IMAGES | {"augmentation": change}).augmentation.is_any is True


def test_defaults_of_generated_samples_are_as_documented(read):
    pairs = read({"name": "binary_addition"})
    assert (pairs.num_bits, pairs.num_train, pairs.num_test) == (8, 10_000, 9_999)
    series = read({"name": "time_series"})
    assert (series.function.type, series.num_points, series.time_step, series.noise) == ("sine", 1000, 0.1, 0.0)
    assert (series.window, series.horizon, series.targets) == (20, 1, "last")
    assert read({"name": "truth_table", "operation": "or"}).repeats == 1
    digits = read(MNIST)
    assert (digits.dataset, digits.rescale, digits.max_train_samples, digits.max_test_samples) == (
        "mnist", True, 60_000, 10_000,
    )  # fmt: skip


def test_the_sizes_that_are_limited_are_those_that_are_generated(read):
    assert read({"name": "binary_addition"}).sizes_asked() == {"num_train": 10_000, "num_test": 9_999}
    assert read({"name": "time_series"}).sizes_asked() == {"num_points": 1000}
    # Three copies of four rows.
    assert read({"name": "truth_table", "operation": "or", "repeats": 3}).sizes_asked() == {"repeats": 12}


TABLE = {"name": "table", "dataset": "people", "target": "age"}


@pytest.mark.parametrize(
    ("path", "inside", "outside"),
    [
        ("sha256", "0a" * 32, ["0a" * 31, "0a" * 33, "0A" * 32, "g" * 64]),
        ("reading", "0a" * 8, ["0a" * 7, "0a" * 9, "0A" * 8, "g" * 16]),
        ("target", "a" * 200, ["", "a" * 201]),
    ],
)
def test_a_text_has_the_form_of_its_field(read, path, inside, outside):
    assert read(TABLE | {path: inside})
    for text in outside:
        with pytest.raises(InvalidSpec) as caught:
            read(TABLE | {path: text})
        assert [problem.pointer for problem in caught.value.problems] == [f"/dataset/{path}"]
