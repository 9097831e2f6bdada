import pytest

from trainyard.command_line.display.evaluation import format_evaluation, format_glance
from trainyard.resources.evaluation import Evaluation

AVERAGE = {"precision": 0.75, "recall": None, "f1": 0.5}


def split_of(**answers):
    return {"num_samples": 1200, "metrics": {"loss": 0.25, "auc": None}, **answers}


def classification_of(*labels):
    classes = [{"label": label, "precision": 1.0, "recall": 0.5, "f1": 2 / 3, "support": 600} for label in labels]
    matrix = [[0] * len(labels) for _ in labels]
    return {
        "accuracy": 0.875,
        "macro_average": AVERAGE,
        "weighted_average": AVERAGE,
        "classes": classes,
        "confusion_matrix": matrix,
    }


def evaluation_of(test=None, validation=None):
    return Evaluation.from_json({"test": test, "validation": validation})


def lines_of(text):
    return [line.split() for line in text.splitlines()]


def test_classes_are_a_table_and_a_matrix():
    lines = lines_of(format_evaluation(evaluation_of(split_of(classification=classification_of("yes", "no")))))

    assert lines[0] == ["Test,", "1,200", "samples:", "loss", "0.25,", "auc", "–"]
    assert lines[2:7] == [
        ["yes", "1.000", "0.500", "0.667", "600"],
        ["no", "1.000", "0.500", "0.667", "600"],
        ["accuracy", "0.875", "1,200"],
        ["macro", "average", "0.750", "–", "0.500", "1,200"],
        ["weighted", "average", "0.750", "–", "0.500", "1,200"],
    ]
    assert lines[9:] == [["yes", "0", "0"], ["no", "0", "0"]]


def test_at_a_glance_there_is_one_split_without_its_matrix():
    part = split_of(classification=classification_of("yes", "no"))
    glance = format_glance(evaluation_of(part, part))

    assert glance.startswith("Test")
    assert "Validation" not in glance
    assert "ANSWERED" not in glance
    assert format_glance(evaluation_of(validation=part)).startswith("Validation")
    assert format_glance(evaluation_of()) == ""


def test_at_a_glance_many_classes_are_their_averages():
    many = split_of(classification=classification_of(*map(str, range(13))))

    assert len(format_glance(evaluation_of(many)).splitlines()) == 1 + 1 + 3
    assert len(format_evaluation(evaluation_of(many)).splitlines()) == 1 + 1 + 13 + 3


@pytest.mark.parametrize(("num_outputs", "names"), [(1, ["output 0"]), (2, ["output 0", "output 1", "all outputs"])])
def test_errors_are_shown_of_each_output_where_there_are_several(num_outputs, names):
    errors = {"mean_absolute_error": 1.5, "root_mean_squared_error": 2.0, "r2_score": None}
    outputs = [errors | {"name": str(number)} for number in range(num_outputs)]

    text = format_evaluation(evaluation_of(split_of(regression=errors | {"outputs": outputs})))

    assert [line.split("  ")[0] for line in text.splitlines()[2:]] == names
    assert text.splitlines()[-1].split()[-3:] == ["1.5", "2", "–"]


def test_bits_are_two_shares():
    bits = {"bit_accuracy": 0.99, "sequence_accuracy": 0.9, "accuracy_by_place": [1.0, 0.98]}

    text = format_evaluation(evaluation_of(split_of(bits=bits)))

    assert text.endswith("right bits 0.99, sequences right as a whole 0.9")


def test_labels_are_cut_and_steer_no_terminal():
    text = format_glance(evaluation_of(split_of(classification=classification_of("\x1b[2J" + "x" * 40, "b"))))

    assert "\x1b[2J" not in text
    assert "x" * 26 + "…" not in text
    assert "x" * 25 + "…" in text
