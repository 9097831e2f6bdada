import numpy as np

from api.pictures.curves import Line, draw_panel

X = np.array([1.0, 2.0])


def test_a_long_label_is_cut_and_its_value_kept():
    line = Line("width " * 20, X, X, best=(1.0, 0.12345))
    assert line.entry.endswith("…: 0.1235")
    assert len(line.entry) < 60


def test_entries_of_the_legend_stand_in_columns():
    lines = [Line(label, X, X, color="#0072b2") for label in ("a", "a longer label", "b", "c")]
    shown = "".join(draw_panel("t", "epoch", lines, width=400, height=100, y_scale="linear").parts)

    def place(label):
        start = shown.partition(f">{label}</text>")[0].rpartition("<text ")[2]
        return tuple(float(start.partition(f'{axis}="')[2].partition('"')[0]) for axis in "xy")

    assert place("a")[0] == place("b")[0] < place("a longer label")[0] == place("c")[0]
    assert place("a")[1] == place("a longer label")[1] < place("b")[1] == place("c")[1]
