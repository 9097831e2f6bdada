import pytest

from core.datasets.splits import Split, SplitCounts, count_split, suggest_split
from core.errors import InvalidSpec


@pytest.mark.parametrize("field", ["validation", "test"])
@pytest.mark.parametrize(
    ("value", "detail"),
    [
        (1.5, "Expected a fraction below 1 or a whole number of samples."),
        (-0.1, "Expected a number of at least 0; got -0.1."),
        (2**31, "Expected a number of at most 2147483647; got 2147483648."),
        (True, "Expected a number like 0.2 or a whole number like 1; got true."),
        ("0.2", "Expected a number like 0.2 or a whole number like 1; got '0.2'."),
    ],
)
def test_other_fractions_and_counts_are_rejected(dataset, field, value, detail):
    assert dataset({"name": "iris", "split": {field: value}}) == {f"/split/{field}": detail}


@pytest.mark.parametrize("value", [0, 0.2, 0.999, 1, 1.0, 30])
def test_a_fraction_below_one_or_a_whole_count_is_accepted(read, value):
    assert read({"name": "iris", "split": {"validation": value}}).split.validation == value


@pytest.mark.parametrize(
    ("validation", "test", "counts"),
    [
        (0, 0, (150, 0, 0)),
        (0.2, 0, (120, 30, 0)),
        (0, 0.2, (120, 0, 30)),
        # The validation fraction is of the 120 samples that are left for training.
        (0.25, 0.2, (90, 30, 30)),
        (30, 100, (20, 30, 100)),
        (0, 149, (1, 0, 149)),
        # 0.01 of 150 is 1.5 samples: rounded to 2.
        (0, 0.01, (148, 0, 2)),
        (0.001, 0, (150, 0, 0)),
        (1.0, 0, (149, 1, 0)),
    ],
)
def test_a_split_divides_all_samples(validation, test, counts):
    assert count_split(Split(validation=validation, test=test), 150) == SplitCounts(*counts)


@pytest.mark.parametrize(
    ("validation", "test"), [(150, 0), (0, 150), (100, 50), (0.999, 0), (2**31 - 1, 0), (0.6, 149)]
)
def test_a_split_leaves_something_to_train_on(validation, test):
    with pytest.raises(InvalidSpec, match="none is left to train on") as caught:
        count_split(Split(validation=validation, test=test), 150)
    assert caught.value.problems[0].pointer == "/dataset/split"


def test_a_dataset_with_its_own_test_samples_does_not_hold_out_more(shape):
    for dataset in ({"name": "mnist"}, {"name": "binary_addition"}):
        with pytest.raises(InvalidSpec, match="has its own test samples") as caught:
            shape(dataset | {"split": {"test": 0.1}})
        assert caught.value.problems[0].pointer == "/dataset/split/test"


def test_pairs_without_test_pairs_can_hold_some_out(shape):
    pairs = shape({"name": "binary_addition", "num_train": 100, "num_test": 0, "split": {"test": 0.1}})
    assert (pairs.num_train, pairs.num_test) == (90, 10)


def test_samples_held_out_already_are_counted_beside_those_of_the_split():
    counts = count_split(Split(validation=0.5), 100, num_test_given=7)
    assert counts == SplitCounts(train=50, validation=50, test=7)
    assert count_split(Split(test=0.5), 100, num_validation_given=7) == SplitCounts(train=50, validation=7, test=50)


@pytest.mark.parametrize(
    ("split", "given", "field", "code"),
    [
        (Split(test=1), {"num_test_given": 1}, "test", "test_given"),
        (Split(validation=1), {"num_validation_given": 1}, "validation", "validation_given"),
        (Split(test=4), {}, "", "nothing_to_train_on"),
    ],
)
def test_a_split_that_cannot_be_has_a_code(split, given, field, code):
    with pytest.raises(InvalidSpec) as caught:
        count_split(split, 4, **given)

    (problem,) = caught.value.problems
    assert (problem.pointer, problem.code) == (f"/dataset/split/{field}".rstrip("/"), code)
    assert problem.detail == caught.value.detail


@pytest.mark.parametrize(
    ("num_samples", "given", "validation", "test"),
    [
        (9, [], 0.0, 0.0),
        (10, [], 0.2, 0.2),
        (10, ["test"], 0.2, 0.0),
        (10, ["validation", "train"], 0.0, 0.2),
    ],
)
def test_a_first_spec_holds_out_a_fifth_for_each_split_that_the_upload_lacks(num_samples, given, validation, test):
    assert suggest_split(num_samples, given) == {"validation": validation, "test": test}
