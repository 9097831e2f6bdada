import json
import math

import numpy as np
import pytest

from serving.answers import answer_labels, answer_rows, answer_sums

NAN = float("nan")


def test_numbers_are_written_with_the_digits_of_32_bit_floats():
    answer = answer_rows("predictions", np.float32([[0.1, 1 / 3]]))
    assert answer.to_json() == b'{"predictions":[[0.1,0.33333334]]}'


def test_numbers_are_written_the_same_beside_a_nan():
    answer = answer_rows("predictions", np.float32([[0.1, 1 / 3], [NAN, 0.1]]))
    text = answer.to_json().decode()
    assert json.loads(text)["predictions"][0] == [0.1, 0.33333334]
    assert text.startswith('{"predictions":[[0.1,0.33333334],[NaN,0.1')


def test_an_answer_that_is_not_in_order_in_memory_can_be_written():
    transposed = np.float32([[1, 2], [3, 4]]).T
    assert answer_rows("outputs", transposed).to_plain() == {"outputs": [[1.0, 3.0], [2.0, 4.0]]}


def test_classes_without_labels_are_named_by_their_numbers(iris):
    signature = iris.signature.model_copy(update={"class_labels": ()})
    answer = answer_labels("predictions", np.float32([[0.25, 0.25, 0.5]]), signature)
    assert answer.to_plain() == {
        "predictions": [{"label": 2, "class": 2, "probabilities": {"0": 0.25, "1": 0.25, "2": 0.5}}]
    }


def test_two_classes_without_labels_are_named_by_their_numbers(gate):
    signature = gate.signature.model_copy(update={"class_labels": ()})
    assert answer_labels("predictions", np.float32([[0.75]]), signature).to_plain() == {
        "predictions": [{"label": 1, "class": 1, "probabilities": {"0": 0.25, "1": 0.75}}]
    }


@pytest.mark.parametrize(("probability", "label"), [(0.0, "no"), (0.5, "no"), (0.625, "yes"), (1.0, "yes")])
def test_the_threshold_decides_between_two_classes(gate, probability, label):
    signature = gate.signature.model_copy(update={"threshold": 0.625})
    (row,) = answer_labels("predictions", np.float32([[probability]]), signature).to_plain()["predictions"]
    assert row["label"] == label


def test_outputs_that_are_no_probabilities_are_called_scores(iris):
    signature = iris.signature.model_copy(update={"answers_probabilities": False})
    assert answer_labels("predictions", np.float32([[-3, 0.5, 8]]), signature).to_plain() == {
        "predictions": [
            {"label": "virginica", "class": 2, "scores": {"setosa": -3.0, "versicolor": 0.5, "virginica": 8.0}}
        ]
    }


def test_one_score_is_negated_for_the_other_class(gate):
    signature = gate.signature.model_copy(update={"answers_probabilities": False, "threshold": 0.0})
    assert answer_labels("predictions", np.float32([[-0.75], [2]]), signature).to_plain() == {
        "predictions": [
            {"label": "no", "class": 0, "scores": {"no": 0.75, "yes": -0.75}},
            {"label": "yes", "class": 1, "scores": {"no": -2.0, "yes": 2.0}},
        ]
    }


def test_a_row_with_a_nan_has_no_most_likely_class(iris):
    answer = answer_labels("predictions", np.float32([[0.5, NAN, 0.25], [0.5, 0.25, 0.25]]), iris.signature)
    first, second = answer.to_plain()["predictions"]
    assert (first["label"], first["class"]) == (None, None)
    assert first["probabilities"]["setosa"] == 0.5
    assert math.isnan(first["probabilities"]["versicolor"])
    assert (second["label"], second["class"]) == ("setosa", 0)


def test_a_row_with_a_nan_has_no_class_of_two_either(gate):
    (row,) = answer_labels("predictions", np.float32([[NAN]]), gate.signature).to_plain()["predictions"]
    assert (row["label"], row["class"]) == (None, None)


def test_a_bit_counts_from_one_in_two():
    answer = answer_sums("predictions", np.float32([[[0.5], [0.25], [0.75]]]))
    assert answer.to_plain() == {"predictions": [{"sum": 5, "bits": [1, 0, 1], "probabilities": [0.5, 0.25, 0.75]}]}


def test_a_row_with_a_nan_has_no_sum():
    (row,) = answer_sums("predictions", np.float32([[[0.5], [NAN]]])).to_plain()["predictions"]
    assert (row["sum"], row["bits"]) == (None, None)


def test_a_sum_of_more_than_64_bits_is_written_in_full():
    answer = answer_sums("predictions", np.ones((1, 70, 1), dtype=np.float32))
    (row,) = answer.to_plain()["predictions"]
    assert row["sum"] == 2**70 - 1
    assert row["bits"] == [1] * 70


def test_a_label_may_hold_any_text(iris):
    labels = ('"quoted"', "日本", "a/b")
    answer = answer_labels(
        "predictions", np.float32([[1, 0, 0], [0, NAN, 1]]), iris.signature.model_copy(update={"class_labels": labels})
    )
    assert [row["label"] for row in answer.to_plain()["predictions"]] == ['"quoted"', None]
    assert tuple(answer.to_plain()["predictions"][1]["probabilities"]) == labels
    # As it is without a NaN, which another library writes.
    assert "日本".encode() in answer.to_json()


def test_answers_without_an_axis_are_bare_numbers():
    assert answer_rows("predictions", np.float32([1, 2.5])).to_plain() == {"predictions": [1.0, 2.5]}
