"""Every kind of mistake, in a sentence that says what was expected and what came."""

from typing import Annotated, Any, Literal

import pytest
from pydantic import Field, Strict, ValidationError

from core.errors import InvalidSpec
from core.specs.base import Float, PositiveFloat, PositiveInt, SpecModel
from core.specs.parsing import parse_as
from core.specs.wording import describe_error, join_alternatives


class Point(SpecModel):
    """Two numbers."""

    x: int
    y: int


class Form(SpecModel):
    """A field of each kind."""

    whole: PositiveInt = 1
    number: Annotated[Float, Field(lt=10)] = 1.0
    above: PositiveFloat = 1.0
    truth: Annotated[bool, Strict()] = True
    text: Annotated[str, Field(min_length=2, max_length=3)] = "ab"
    word: Annotated[str, Field(pattern="^a+$")] = "a"
    letter: Annotated[str, Field(min_length=1, max_length=1)] = "a"
    items: Annotated[tuple[PositiveInt, ...], Field(min_length=1, max_length=2)] = (1,)
    names: Annotated[dict[str, int], Field(max_length=1)] = Field(default_factory=dict)
    several: list[int] = Field(default_factory=list)
    pair: tuple[int, int] = (1, 2)
    point: Point = Point(x=1, y=2)
    colour: Literal["red", "green"] = "red"
    only: Literal["this"] = "this"


def detail_of(field, value):
    with pytest.raises(InvalidSpec) as caught:
        parse_as(Form, {field: value})
    (problem,) = caught.value.problems
    return problem.detail


@pytest.mark.parametrize(
    ("field", "value", "detail"),
    [
        ("whole", "1", "Expected a whole number like 1; got '1'."),
        ("whole", 0, "Expected a number of at least 1; got 0."),
        ("whole", 2**31, "Expected a number of at most 2147483647; got 2147483648."),
        ("number", None, "Expected a number like 1.0; got null."),
        ("number", float("nan"), "Expected a finite number; got nan."),
        ("number", 10, "Expected a number below 10; got 10."),
        ("above", 0.0, "Expected a number above 0; got 0."),
        ("truth", 1, "Expected true or false; got 1."),
        ("text", 5, 'Expected a string like "ab"; got 5.'),
        ("text", "\\ud800", "Expected at most 3 characters; got 6."),
        ("text", "a", "Expected at least 2 characters; got 1."),
        ("text", "abcd", "Expected at most 3 characters; got 4."),
        ("letter", "", "Expected at least 1 character; got 0."),
        ("letter", "ab", "Expected at most 1 character; got 2."),
        ("word", "b", "Expected text of the form ^a+$; got 'b'."),
        ("items", 1, "Expected a list like [1]; got 1."),
        ("items", [], "Expected at least 1 item; got 0."),
        ("items", [1, 2, 3], "Expected at most 2 items; got 3."),
        ("names", 1, 'Expected an object like {"name": 1}; got 1.'),
        ("names", {"a": 1, "b": 2}, "Expected at most 1 item; got 2."),
        ("several", {}, "Expected a list like [1]; got an object."),
        ("pair", [1], "Item 2 of the list is missing."),
        ("point", [1, 2], 'Expected an object like {"x": 1, "y": 1}; got a list of 2.'),
        ("point", {"x": 1}, "The field 'y' is missing."),
        ("point", {"x": 1, "y": 2, "xx": 3}, "There is no field 'xx' here. Did you mean 'x'?"),
        ("colour", "gren", "Unknown value 'gren'. Did you mean 'green'?"),
        ("colour", True, "Expected 'red' or 'green'; got true."),
        ("only", "that", "Expected 'this'; got 'that'."),
    ],
)
def test_a_mistake_is_described_by_what_was_expected_and_what_came(field, value, detail):
    assert detail_of(field, value) == detail


def test_a_string_that_is_no_unicode_is_described():
    assert detail_of("letter", "\ud800") == "Expected a string of valid Unicode; got '?'."


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        # 60 characters with the quotes are shown whole; of more, 57 and the sign for the rest.
        ("b" * 58, f"'{'b' * 58}'"),
        ("b" * 59, f"'{'b' * 56}…"),
        ("b" * 1000, f"'{'b' * 56}…"),
        (10**59, f"1{'0' * 59}"),
        (10**60, f"1{'0' * 56}…"),
        (False, "false"),
        ((1, 2, 3), "a list of 3"),
    ],
)
def test_a_long_value_is_cut(value, shown):
    assert detail_of("word", value).endswith(f"got {shown}.")


@pytest.mark.parametrize(
    ("bound", "written"),
    [(2.0, "2"), (2.5, "2.5"), (-3.0, "-3"), (2.0**53 - 1, "9007199254740991"), (2.0**53, "9.0072e+15"), (7, "7")],
)
def test_a_bound_is_written_as_a_whole_number_where_it_is_an_exact_one(bound, written):
    entry = {"type": "less_than", "loc": ("x",), "input": 1e300, "ctx": {"lt": bound}, "msg": "Input should be less"}

    assert describe_error(entry) == f"Expected a number below {written}; got 1e+300."


def test_a_mistake_of_another_kind_is_described_in_pydantic_s_words():
    entry = {"type": "date_type", "loc": ("x",), "input": 5, "msg": "Input should be a valid date"}

    assert describe_error(entry) == "Expected a valid date; got 5."
    assert describe_error(entry | {"msg": "It is none."}) == "It is none."


class Cat(SpecModel):
    """An animal."""

    kind: Literal["cat"]


class Dog(SpecModel):
    """An animal."""

    kind: Literal["dog"]


class Home(SpecModel):
    """An animal, or several numbers or words."""

    animal: Annotated[Cat | Dog, Field(discriminator="kind")] = Cat(kind="cat")
    value: Annotated[int, Strict()] | Annotated[bool, Strict()] = 1


@pytest.mark.parametrize(
    ("animal", "detail"),
    [
        ({"kind": "dogg"}, "Unknown kind 'dogg'. Did you mean 'dog'?"),
        ({}, "The field 'kind' is missing."),
        ({"kind": 5}, "Expected a kind; got 5. Known here: cat, dog."),
    ],
)
def test_a_wrong_tag_is_described_at_its_field(animal, detail):
    with pytest.raises(InvalidSpec) as caught:
        parse_as(Home, {"animal": animal})

    (problem,) = caught.value.problems
    assert (problem.pointer, problem.detail) == ("/animal/kind", detail)


def test_what_the_members_of_a_union_expect_is_joined():
    with pytest.raises(InvalidSpec) as caught:
        parse_as(Home, {"value": "x"})

    (problem,) = caught.value.problems
    assert (problem.pointer, problem.code) == ("/value", "int_type")
    assert problem.detail == "Expected a whole number like 1, true or false; got 'x'."


def test_messages_that_say_no_more_than_a_mistake_are_put_side_by_side():
    assert join_alternatives("It is late.", "It is far.") == "It is late. It is far."
    assert join_alternatives("Expected a; got 1.", "Expected b; got 2.") == "Expected a; got 1. Expected b; got 2."


def test_the_summary_counts_up_to_twenty_problems():
    class Many(SpecModel):
        """Many numbers."""

        numbers: tuple[Any, ...] = ()
        others: tuple[Annotated[int, Strict()], ...] = ()

    with pytest.raises(
        InvalidSpec, match=r"^2 errors\. The first is at /others/0: Expected a whole number like 1; got 'a'\."
    ):
        parse_as(Many, {"others": ["a", "b"]})
    with pytest.raises(InvalidSpec, match=r"^20 or more errors\. The first is at /in/others/0: "):
        parse_as(Many, {"others": ["a"] * 21}, "/in")
    with pytest.raises(InvalidSpec, match=r"^19 errors\. "):
        parse_as(Many, {"others": ["a"] * 19})


def test_an_error_is_raised_from_that_of_pydantic():
    with pytest.raises(InvalidSpec) as caught:
        parse_as(Form, {"whole": 0})

    assert isinstance(caught.value.__cause__, ValidationError)
