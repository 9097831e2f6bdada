import inspect

import pytest

from core import errors
from core.errors import Problem, TrainyardError, nearest

FAMILY = [member for _, member in inspect.getmembers(errors, inspect.isclass) if issubclass(member, Exception)]


def test_every_error_belongs_to_the_family():
    assert all(issubclass(member, TrainyardError) for member in FAMILY)


def test_every_error_has_a_code_of_its_own():
    codes = [member.code for member in FAMILY]
    assert len(set(codes)) == len(codes)


@pytest.mark.parametrize("member", FAMILY)
def test_a_code_is_the_name_in_snake_case(member):
    words = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in member.__name__).lstrip("_")
    assert words in {member.code, "trainyard_error"}


def test_an_error_carries_its_text_and_problems():
    problem = Problem("/a", "5 came.", "int_type")
    error = TrainyardError("Something is wrong.", [problem])
    assert str(error) == error.detail == "Something is wrong."
    assert error.problems == (problem,)


def test_the_nearest_name_is_proposed():
    assert nearest("learningrate", ["learning_rate", "momentum"]) == " Did you mean 'learning_rate'?"


def test_without_a_near_name_all_are_listed_in_order():
    assert nearest("xyz", ["momentum", "decay"]) == " Known here: decay, momentum."


def test_without_any_name_nothing_is_proposed():
    assert nearest("xyz", []) == ""


def test_an_exact_name_of_another_case_is_near_enough():
    assert nearest("Adam", ["adam", "sgd"]) == " Did you mean 'adam'?"


def test_a_very_long_name_is_not_compared():
    known = ["a" * 201]
    assert nearest("a" * 200, known) == f" Did you mean '{known[0]}'?"
    assert nearest("a" * 202, known) == f" Known here: {known[0]}."
