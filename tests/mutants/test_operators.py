import pytest
from cosmic_ray.mutating import mutate_code

from mutants.operators import OPERATORS, OWN


@pytest.mark.parametrize(
    ("operator", "example"), [(one, example) for one in OWN for example in one.examples()], ids=str
)
def test_an_operator_of_ours_does_what_its_example_says(operator, example):
    assert mutate_code(example.pre_mutation_code, operator(), example.occurrence) == example.post_mutation_code


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("StringReplacer", "x = 'Leave it out.'\n"),
        ("StringReplacer", '"""Documentation."""\n'),
        ("ArgumentRemover", "Field(description='Columns', title='x')\n"),
        ("ArgumentRemover", "f(1, *rest, **others)\n"),
        ("StatementRemover", "assert_never(kind)\n"),
        ("StatementRemover", "x = f()\n"),
    ],
)
def test_what_readers_and_mypy_use_is_left_alone(name, code):
    assert mutate_code(code, OPERATORS[name](), 0) is None


def test_numbers_comparisons_and_conditions_are_changed():
    found = {mutate_code("if x < 3: pass\n", operator(), 0) for operator in OPERATORS.values()}

    assert found >= {"if x < 4: pass\n", "if x <= 3: pass\n", "if x >= 3: pass\n", "if not x < 3: pass\n"}
