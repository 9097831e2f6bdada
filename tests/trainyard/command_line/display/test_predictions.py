import math

from trainyard.command_line.display.predictions import format_predictions

ADDED = {"sum": 122, "bits": [0, 1, 0, 1, 1, 1, 1, 0], "probabilities": [0.0, 1.0, 0.0, 1.0, 1.0, 1.0, 1.0, 0.0]}


def test_sum_is_shown_with_the_addition_bit_by_bit():
    assert format_predictions([{"a": 45, "b": 77}], [ADDED]) == (
        "122\n  00101101   45\n+ 01001101   77\n= 01111010  122"
    )


def test_wrong_sum_is_marked():
    assert format_predictions([{"a": 45, "b": 78}], [ADDED]).splitlines()[0] == "122  (wrong: it is 123)"


def test_several_sums_are_shown_a_line_each():
    rows = [ADDED, ADDED | {"sum": 3}]
    assert format_predictions([{"a": 45, "b": 77}, {"a": 1, "b": 1}], rows) == (
        "45 + 77 = 122\n1 + 1 = 3  (wrong: it is 2)"
    )


def test_sum_of_a_model_that_answers_nan_is_unknown():
    text = format_predictions([{"a": 1, "b": 1}], [{"sum": None, "bits": None, "probabilities": [math.nan]}])
    assert text.startswith("unknown")


def test_label_is_shown_with_the_likeliest_classes_first():
    row = {"label": "setosa", "class": 0, "probabilities": {"virginica": 0.002, "setosa": 0.991, "versicolor": 0.007}}
    assert format_predictions([[1, 2, 3, 4]], [row]) == (
        "setosa\n  setosa      99.1%\n  versicolor   0.7%\n  virginica    0.2%"
    )


def test_scores_that_are_no_probabilities_are_shown_as_numbers():
    row = {"label": "b", "class": 1, "scores": {"a": -12.5, "b": 3.25}}
    assert format_predictions([[1]], [row]) == "b\n  b   3.25\n  a  -12.5"
    assert format_predictions([[1], [1]], [row, row]) == "b  3.25\nb  3.25"


def test_only_the_five_likeliest_classes_are_shown():
    row = {"label": "9", "class": 9, "probabilities": {str(digit): digit / 45 for digit in range(10)}}
    assert len(format_predictions([[0]], [row]).splitlines()) == 6


def test_several_labels_are_shown_a_line_each():
    rows = [{"label": "a", "class": 0, "probabilities": {"a": 0.75, "b": 0.25}}, {"label": None, "class": None}]
    assert format_predictions([[1], [2]], rows) == "a  75.0%\nunknown: the model answers NaN"


def test_probabilities_that_are_nan_come_last():
    row = {"label": None, "class": None, "probabilities": {"a": math.nan, "b": 0.5}}
    assert [line.split()[0] for line in format_predictions([[1]], [row]).splitlines()[1:]] == ["b", "a"]


def test_numbers_are_shown_in_a_line_a_row():
    assert format_predictions([[1], [2]], [[0.123456, 2], 0.5]) == "0.1235 2\n0.5"


def test_deeper_answers_are_shown_as_json():
    assert format_predictions([[1]], [[[0.5], [1.0]]]) == "[[0.5], [1.0]]"


def test_a_label_that_is_a_number_is_found_among_the_names_of_the_scores():
    row = {"label": 2.0, "class": 1, "probabilities": {"1.0": 0.25, "2.0": 0.75}}
    assert format_predictions([[0], [0]], [row, row]) == "2.0  75.0%\n2.0  75.0%"
    truth = {"label": True, "class": 1, "probabilities": {"false": 0.25, "true": 0.75}}
    assert format_predictions([[0], [0]], [truth, truth]).startswith("true  75.0%")


def test_large_numbers_are_shown_with_all_digits():
    assert format_predictions([[0]], [[1700000003.25, 12.34567]]) == "1700000003.25 12.35"
