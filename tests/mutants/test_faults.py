import pytest

from mutants.faults import draw_faults, list_faults

CODE = '''"""A module."""

@dataclass(frozen=True)
class Scale:
    factor: int

def scale(number: "float", *, factor: "Factor" = 2, **others: int) -> "float":
    try:
        return {**others, "number": number * factor}
    except module.NoNumber:
        raise
'''


@pytest.fixture
def path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "scale.py"
    path.write_text(CODE)
    return path


def test_every_fault_changes_what_the_code_does(path):
    found = {(fault.operator, fault.line) for fault in list_faults(path)}

    # Left alone: the decorator's arguments, annotations, the `*` of the parameters, the dict's `**`, the dotted error.
    assert found == {
        ("RemoveDecorator", 3),
        ("NumberReplacer", 7),
        ("ReplaceBinaryOperator_Mul_Div", 9),
        ("StringReplacer", 9),
        ("StatementRemover", 11),
    }


def test_the_code_of_a_fault_is_that_of_the_module_with_one_change(path):
    (fault,) = [fault for fault in list_faults(path) if fault.operator == "ReplaceBinaryOperator_Mul_Div"]

    assert fault.code == CODE.replace("number * factor", "number / factor")


def test_the_same_faults_are_drawn_every_time(path):
    # Two of the number, one of each of the others.
    assert len(draw_faults(path, None)) == 6
    assert draw_faults(path, 3) == draw_faults(path, None)[:3]
    assert {*draw_faults(path, None)} == {*list_faults(path)}
