import pytest

from mutants.faults import draw_faults, list_faults

CODE = '''"""A module."""


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

    # The annotations, the `*` of the parameters, the `**` of the dict and the dotted error are left alone.
    assert found == {
        ("NumberReplacer", 4),
        ("ReplaceBinaryOperator_Mul_Div", 6),
        ("StringReplacer", 6),
        ("StatementRemover", 8),
    }


def test_the_code_of_a_fault_is_that_of_the_module_with_one_change(path):
    (fault,) = [fault for fault in list_faults(path) if fault.operator == "ReplaceBinaryOperator_Mul_Div"]

    assert fault.code == CODE.replace("number * factor", "number / factor")


def test_the_same_faults_are_drawn_every_time(path):
    # One of the string, two of the number, one of the product, one of the raise.
    assert len(draw_faults(path, None)) == 5
    assert draw_faults(path, 2) == draw_faults(path, 2)
    assert len(draw_faults(path, 2)) == 2
