import pytest

from core.datasets.images import ImagesDataset
from core.errors import InvalidSpec
from core.signatures.signature import InputKind, Task
from core.uploads.description import ImagesDescription, ValueCount


def describe(*, labels=("cat", "dog"), widths=(8, 8), num_grey=0, splits=None):
    return ImagesDescription(
        num_images=100,
        classes=tuple(ValueCount(value=label, count=100 // len(labels)) for label in labels),
        splits=splits or {},
        least_height=9,
        greatest_height=9,
        least_width=widths[0],
        greatest_width=widths[1],
        num_grey=num_grey,
    )


def shape(description, **fields):
    return ImagesDataset(name="images", dataset="pets", **fields).shape(description)


def problem(description, **fields):
    with pytest.raises(InvalidSpec) as raised:
        shape(description, **fields)
    (one,) = raised.value.problems
    return one.pointer, one.code, one.detail


def test_images_of_one_size_stay_as_they_are():
    found = shape(describe(), split={"test": 0.2})

    assert (found.task, found.input_kind, found.class_labels) == (Task.CLASSIFICATION, InputKind.IMAGE, ("cat", "dog"))
    assert (found.input_shape, found.network_input_shape) == ((9, 8, 3), (9, 8, 3))
    assert (found.num_train, found.num_test) == (80, 20)


@pytest.mark.parametrize(("num_grey", "channels", "expected"), [(100, None, 1), (99, None, 3), (100, 3, 3), (0, 1, 1)])
def test_images_that_are_all_grey_have_one_channel_unless_the_spec_says_otherwise(num_grey, channels, expected):
    assert shape(describe(num_grey=num_grey), channels=channels).input_shape == (9, 8, expected)


def test_served_images_are_fitted_like_training_images():
    found = shape(describe(widths=(7, 8)), height=4, width=5, resize="crop")

    assert (found.input_shape, found.resize, found.pixel_range) == ((4, 5, 3), "crop", (0, 255))


def test_images_of_different_sizes_need_one_in_the_spec():
    pointer, code, detail = problem(describe(widths=(7, 8)))

    assert (pointer, code) == ("/dataset/height", "sizes_differ")
    assert "'pets' are 9 to 9 high and 7 to 8 wide" in detail


def test_images_of_one_class_are_rejected():
    assert problem(describe(labels=("cat",)))[:2] == ("/dataset/dataset", "one_class")


def test_folders_of_the_upload_are_the_splits_and_each_may_be_thinned():
    splits = {"train": 60, "validation": 30, "test": 10}

    found = shape(describe(splits=splits), max_train_samples=20, max_test_samples=5)

    assert (found.num_train, found.num_validation, found.num_test) == (20, 30, 5)


def test_test_images_are_not_taken_for_training_images_and_splits_are_those_of_the_folders():
    found = shape(describe(splits={"train": 60, "test": 10}), split={"validation": 0.5})

    assert (found.num_train, found.num_validation, found.num_test) == (30, 30, 10)
    with pytest.raises(InvalidSpec) as raised:
        shape(describe(splits={"test": 100}))
    assert raised.value.problems[0].code == "nothing_to_train_on"


@pytest.mark.parametrize(
    ("description", "suggested"),
    [
        (describe(), {"split": {"validation": 0.2, "test": 0.2}}),
        (describe(widths=(7, 8)), {"split": {"validation": 0.2, "test": 0.2}, "height": 64, "width": 64}),
        (describe(splits={"train": 90, "validation": 0, "test": 10}), {"split": {"validation": 0.2, "test": 0.0}}),
    ],
)
def test_a_first_spec_has_a_size_if_images_differ_and_a_split_unless_there_is_one(description, suggested):
    assert ImagesDataset.suggest(description) == {"name": "images", **suggested}


def test_images_that_differ_in_height_alone_are_of_different_sizes():
    tall = describe().model_copy(update={"greatest_height": 10})

    assert problem(tall)[:2] == ("/dataset/height", "sizes_differ")
    assert "are 9 to 10 high and 8 to 8 wide" in problem(tall)[2]
    assert shape(tall, height=1, width=2).input_shape == (1, 2, 3)
