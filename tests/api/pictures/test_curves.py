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


def test_bands_that_reach_below_a_log_axis_are_cut_there_and_add_no_decades():
    y, high = np.array([1.0, 0.5]), np.array([2.0, 1.0])
    panels = [
        "".join(
            draw_panel("t", "epoch", [Line("a", X, y, np.array(low), high)], width=400, height=100, y_scale="log").parts
        )
        for low in ([-3.0, 1e-9], [1e-9, -3.0], [0.1, 0.1])
    ]
    # The least drawn value is 0.5, so the axis ends at the tick below a tenth of it, whatever the band does.
    assert panels[0] == panels[1]
    assert "Bands that reach the axis go on below it." in panels[0]
    assert "not shown" not in panels[0]
    assert "1e-" not in panels[0]
    assert "Bands" not in panels[2]


def test_values_that_a_log_axis_cannot_show_are_mentioned():
    line = Line("a", X, np.array([1.0, -1.0]))
    shown = "".join(draw_panel("t", "epoch", [line], width=400, height=100, y_scale="log").parts)
    assert "Values of 0 and below are not shown." in shown
