"""The chart, as far as a program can check it."""

from xml.etree import ElementTree as ET

import pytest

from benchmarks.results import CaseResult, Round
from benchmarks.training_plot import Scale, draw


def test_a_logarithmic_scale_puts_equal_factors_at_equal_distances():
    scale = Scale([0.9, 2.0, 40.0])

    assert (scale.low, scale.high) == (0.5, 50)
    assert scale.place(10.0) - scale.place(1.0) == pytest.approx(scale.place(50.0) - scale.place(5.0))


def test_the_chart_names_every_case_with_its_ratios_the_fastest_on_top():
    slow, fast = (
        CaseResult(name, 1.0, 1.0, None, None, "", (Round(stock, 1.0, 0.5, "xla", "xla", 1.0, 1.0),))
        for name, stock in (("slow", 0.97), ("fast", 120.0))
    )

    root = ET.fromstring(draw([slow, fast]))  # noqa: S314 - our own.

    texts = [element.text for element in root.iter("{http://www.w3.org/2000/svg}text")]
    assert texts.index("fast") < texts.index("slow")
    assert {"0.97×", "1.94×", "120×", "240×"} <= set(texts)
