from pathlib import Path

import pytest

from benchmarks.records.sizes import CLAIMS, DEFAULT, QUICK, read_arguments


def test_everything_is_measured_by_default():
    given = read_arguments([])

    assert (given.claims, given.sizes, given.has_peer, given.output) == (CLAIMS, DEFAULT, True, None)


def test_quick_measures_less_and_what_is_named_wins():
    given = read_arguments(["--quick", "--rounds", "2", "--claims", "lists,growth", "--alone", "--output", "r.json"])

    assert (given.claims, given.has_peer, given.output) == (("lists", "growth"), False, Path("r.json"))
    assert (given.sizes.num_rounds, given.sizes.num_listed) == (2, QUICK.num_listed)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--claims", "lists,speed"], "--claims has speed. Choose from submit,"),
        (["--rounds", "0"], "--rounds is 0; expected 1 or more."),
    ],
)
def test_a_mistake_is_named(arguments, message, capsys):
    with pytest.raises(SystemExit):
        read_arguments(arguments)
    assert message in capsys.readouterr().err
