import math

from core.errors import Problem
from core.progress import MetricBatch
from worker.messages import Failed, MetricsReport, read_report


def test_values_that_are_no_numbers_survive_the_pipe():
    batch = MetricBatch("train/loss", (1, 2, 3), (math.nan, math.inf, -math.inf), (0.5, 0.5, 0.5))

    report = read_report(MetricsReport(batches=(batch,)).to_line())

    values = report.batches[0].values
    assert math.isnan(values[0])
    assert values[1:] == (math.inf, -math.inf)


def test_a_message_is_one_line_whatever_it_says():
    line = Failed(code="x", detail="two\nlines", problems=(Problem("/a", "b\r\n", "c"),)).to_line()

    assert line.count(b"\n") == 1
    assert read_report(line).detail == "two\nlines"
