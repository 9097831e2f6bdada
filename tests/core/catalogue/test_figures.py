import pytest

from core.catalogue.figures import MetricFigure, PredictionFigure
from core.errors import InvalidSpec
from core.specs.parsing import parse_as

METRIC = {"kind": "metric", "says": "0.98", "metric": "test/accuracy", "at_least": 0.98, "because": "so"}
PREDICTION = {
    "kind": "prediction",
    "says": "learned",
    "instances": [[0, 1]],
    "outputs": [[1]],
    "measure": "accuracy",
    "at_least": 1.0,
    "because": "so",
}


def rejection(kind, document):
    with pytest.raises(InvalidSpec) as caught:
        parse_as(kind, document)
    return str(caught.value)


def test_a_figure_without_a_bound_could_never_fail():
    assert "Give at_least, at_most or both" in rejection(
        MetricFigure, {name: value for name, value in METRIC.items() if name != "at_least"}
    )


def test_contradictory_bounds_are_rejected():
    assert "at_least (0.98) is above at_most (0.5)" in rejection(MetricFigure, METRIC | {"at_most": 0.5})


def test_every_instance_has_its_output():
    assert "There are 1 instances and 2 outputs" in rejection(PredictionFigure, PREDICTION | {"outputs": [[1], [0]]})


def test_a_metric_figure_is_about_the_preset_as_it_stands_and_its_last_value():
    figure = parse_as(MetricFigure, METRIC)
    assert (figure.variant, figure.take, figure.less, figure.beside) == (None, "last", None, ())
