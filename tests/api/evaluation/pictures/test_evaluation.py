import xml.etree.ElementTree as ET

import numpy as np
import pytest

from api.evaluation.pictures.evaluation import draw_evaluation
from core.evaluation import EvaluationReport, SplitCounts, SplitEvaluation
from core.signatures.signature import Task
from models.evaluation.error_sums import ErrorTally
from models.evaluation.tallies import BitTally, ClassTally

SVG = "{http://www.w3.org/2000/svg}"


def parse(picture):
    return ET.fromstring(picture)  # noqa: S314 - of our own making


def words(picture):
    return [element.text for element in parse(picture).iter(f"{SVG}text")]


def count(picture, shape):
    return len(list(parse(picture).iter(SVG + shape)))


def report_of(task=Task.CLASSIFICATION, **answers):
    test = SplitEvaluation(num_samples=4, metrics={"loss": 0.25}, **answers)
    counts = SplitCounts(train=9, validation=0, test=4)
    return EvaluationReport(task=task, num_samples=counts, validation=None, test=test)


def classes(num_classes):
    tally = ClassTally(tuple(f"kind {number}" for number in range(num_classes)), 0.5)
    tally.add(np.array([0, 0, 1, 1]), np.eye(num_classes)[[0, 1, 1, 1]])
    return report_of(classification=tally.report())


def errors(num_outputs):
    tally = ErrorTally(tuple(map(str, range(num_outputs))), 4)
    targets = np.arange(4.0 * num_outputs).reshape(4, num_outputs)
    tally.add(targets, targets + 1)
    return report_of(Task.REGRESSION, regression=tally.report())


def test_few_classes_have_labels_counts_and_a_row_each():
    shown = words(draw_evaluation("mine", classes(3), None))

    assert shown[0] == "mine: test"
    # In its row, its column and the table.
    assert shown.count("kind 2") == 3
    assert shown.count("2") >= 1
    assert {"precision", "recall", "F1", "support", "macro average", "–"} <= set(shown)


def test_many_classes_are_a_map_of_shades_and_the_worst_of_them_a_table():
    picture = draw_evaluation("mine", classes(100), None)

    shown = words(picture)
    assert "kind 0" in shown
    assert shown.count("kind 0") == 1
    assert "The 30 classes with the lowest F1; 70 others are in the JSON." in shown
    # The ground, the map's, and a cell for each of the three pairs that occur.
    assert count(picture, "rect") == 5


def test_very_many_classes_have_no_matrix():
    assert count(draw_evaluation("mine", classes(300), None), "rect") == 1


@pytest.mark.parametrize(("num_outputs", "num_panels"), [(1, 1), (3, 3), (6, 4)])
def test_predictions_are_drawn_against_targets(num_outputs, num_panels):
    picture = draw_evaluation("mine", errors(num_outputs), None)

    assert count(picture, "circle") == 4 * num_panels
    assert words(picture).count("actual") == num_panels


def test_bits_have_a_bar_each():
    tally = BitTally(3, 0.5)
    tally.add(np.zeros((1, 3, 1)), np.array([[[0.0], [1.0], [0.0]]]))
    picture = draw_evaluation("mine", report_of(Task.BINARY_ADDITION, bits=tally.report()), None)

    assert count(picture, "rect") == 1 + 3
    assert {"0.667", "0.000"} <= set(words(picture))


def test_without_held_out_samples_the_picture_says_so():
    counts = SplitCounts(train=4, validation=0, test=0)
    report = EvaluationReport(task=Task.REGRESSION, num_samples=counts, validation=None, test=None)

    assert any("Set dataset.split" in text for text in words(draw_evaluation("mine", report, None)))
