import xml.etree.ElementTree as ET

from reproduction.charts import lines_of, write_chart
from reproduction.outcomes import Outcomes
from reproduction.running import MAX_KEPT, thin

CURVE = (tuple(float(step) for step in range(1, 61)), tuple(1.0 / step for step in range(1, 61)))


def test_the_same_curves_are_drawn_with_the_same_bytes(tmp_path, make_preset, make_outcome):
    preset = make_preset()
    lines = lines_of(preset, Outcomes([make_outcome(chart=CURVE), make_outcome("other", seed=9, chart=CURVE)]))
    assert [line.label for line in lines] == ["lines", "other"]
    write_chart(tmp_path / "first.svg", preset, lines)
    write_chart(tmp_path / "again.svg", preset, lines)
    drawn = (tmp_path / "first.svg").read_bytes()
    assert drawn == (tmp_path / "again.svg").read_bytes()
    assert len(drawn) < 60_000
    words = {element.text for element in ET.fromstring(drawn.decode()).iter("{http://www.w3.org/2000/svg}text")}  # noqa: S314
    assert {"lines", "other", "training step", "train/loss", "Lines"} <= words


def test_points_that_are_not_finite_are_left_out(make_preset, make_outcome):
    (line,) = lines_of(make_preset(), Outcomes([make_outcome(chart=((1.0, 2.0, 3.0), (0.5, None, 0.25)))]))
    assert (line.x, line.y) == ((1.0, 3.0), (0.5, 0.25))


def test_a_long_curve_is_thinned_to_means_of_equal_sections():
    x, y = thin(range(2 * MAX_KEPT), [0.0, 1.0] * MAX_KEPT)
    assert x[:3] == (0.5, 2.5, 4.5)
    assert y == (0.5,) * MAX_KEPT


def test_a_short_curve_is_not_thinned():
    assert thin([1, 2], [0.5, 0.25]) == ((1, 2), (0.5, 0.25))
