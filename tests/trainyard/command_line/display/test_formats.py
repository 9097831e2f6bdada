import re
from datetime import UTC, datetime, timedelta

import pytest

from trainyard.command_line.display.formats import (
    format_age,
    format_bytes,
    format_count,
    format_duration,
    format_fields,
    format_number,
    format_shape,
    format_table,
    format_time_left,
    paint_state,
)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0, "0.00 s"),
        (0.417, "0.42 s"),
        (9.949, "9.95 s"),
        (9.96, "10.0 s"),
        (59.94, "59.9 s"),
        (59.96, "1 min 00 s"),
        (185.4, "3 min 05 s"),
        (3599.6, "1 h 00 min"),
        (7620, "2 h 07 min"),
    ],
)
def test_duration_is_reported_in_its_unit(seconds, text):
    assert format_duration(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.4, "0 s left"), (12.6, "13 s left"), (59.6, "1 min 00 s left"), (185, "3 min 05 s left")]
)
def test_time_left_is_reported_in_whole_seconds(seconds, text):
    assert format_time_left(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-3, "0 s ago"), (59, "59 s ago"), (60, "1 min ago"), (3600, "1 h ago"), (86_400 * 4, "4 d ago")],
)
def test_age_is_reported_in_its_largest_unit(seconds, text):
    now = datetime(2026, 1, 2, tzinfo=UTC)
    assert format_age(now - timedelta(seconds=seconds), now) == text


@pytest.mark.parametrize(
    ("value", "text"), [(0.000329, "0.000329"), (1.0, "1"), (3.78e-4, "0.000378"), (123456, "1.235e+05")]
)
def test_number_has_four_significant_digits(value, text):
    assert format_number(value) == text


@pytest.mark.parametrize(
    ("num_bytes", "text"),
    [(812, "812 B"), (9728, "9.5 KiB"), (11_744_051, "11.2 MiB"), (3 * 2**30, "3.0 GiB"), (5 * 2**40, "5120.0 GiB")],
)
def test_bytes_are_reported_in_binary_units(num_bytes, text):
    assert format_bytes(num_bytes) == text


def test_count_has_commas():
    assert format_count(1_234_567.0) == "1,234,567"


def test_shape_is_written_as_keras_writes_it():
    assert format_shape((None, 8, 16)) == "(None, 8, 16)"
    assert format_shape((None,)) == "(None,)"


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
