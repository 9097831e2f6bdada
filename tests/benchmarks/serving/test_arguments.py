from pathlib import Path

import pytest

from benchmarks.serving.arguments import read_arguments
from benchmarks.serving.rounds import Times
from benchmarks.serving.sides import CASES, SIDES


def test_everything_is_measured_by_default():
    given = read_arguments([])

    assert (given.cases, given.sides, given.connections) == (tuple(CASES), tuple(SIDES), (1, 16, 64))
    assert given.times == Times(3, 0.5, 2.0)
    assert given.output is None


def test_quick_measures_less_and_what_is_named_wins():
    assert read_arguments(["--quick"]).times == Times(1, 0.5, 1.0)
    measured = ["--cases", "iris,lstm", "--sides", "bare", "--connections", "16"]
    given = read_arguments(["--quick", "--rounds", "2", "--seconds", "0.2", "--output", "r.json", *measured])

    assert given.times == Times(2, 0.2, 0.2)
    assert (given.cases, given.sides, given.connections) == (("iris", "lstm"), ("bare",), (16,))
    assert given.output == Path("r.json")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--cases", "irish"], "--cases has irish. Choose from iris, "),
        (["--sides", "bare,torchserve"], "--sides has torchserve. Choose from "),
        (["--rounds", "-1"], "--rounds is -1; expected 1 or more."),
        (["--seconds", "0"], "--seconds is 0; expected more than 0."),
        (["--connections", "1,two"], "--connections is 1,two; expected whole numbers of 1 or more, such as 1,16."),
    ],
)
def test_what_cannot_be_measured_is_refused(arguments, message, capsys):
    with pytest.raises(SystemExit):
        read_arguments(arguments)

    assert message in capsys.readouterr().err
