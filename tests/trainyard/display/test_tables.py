import re

from trainyard.display.tables import format_fields, format_table, paint_state

ESCAPES = re.compile(r"\x1b\[[0-9;]*m")


def plain(text):
    return ESCAPES.sub("", text)


def test_columns_are_as_wide_as_their_widest_cell():
    text = format_table(["NAME", "N"], [["a", "10"], ["longer", "9"]], right={"N"})
    assert plain(text) == "NAME     N\na       10\nlonger   9"


def test_cell_of_several_lines_stays_on_one():
    assert plain(format_table(["A"], [["x\n y"]])) == "A\nx y"


def test_table_without_rows_is_its_headers():
    assert plain(format_table(["A", "B"], [])) == "A  B"


def test_states_are_coloured_without_moving_the_columns():
    text = format_table(["STATE", "X"], [["failed", "1"], ["queued", "2"]])
    assert text != plain(text)
    assert plain(text).splitlines()[1:] == ["failed  1", "queued  2"]


def test_only_states_are_coloured():
    assert paint_state("something") == "something"


def test_fields_without_a_value_are_left_out():
    assert format_fields([("a", "1"), ("long", ""), ("bb", "2")]) == "  a   1\n  bb  2"
