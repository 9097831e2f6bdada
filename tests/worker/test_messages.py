import json
import math

import pytest

from core.errors import Problem
from core.progress import MetricBatch
from worker.messages import Failed, MetricsReport, read_report


def test_values_that_are_no_numbers_survive_the_pipe():
    batch = MetricBatch("train/loss", (1, 2, 3), (math.nan, math.inf, -math.inf), (0.5, 0.5, 0.5))

    report = read_report(MetricsReport(batches=(batch,)).to_line())

    assert report.batches == (batch,)


@pytest.mark.parametrize("points", ["", "é", "AAAA", 3, None])
def test_points_that_are_not_columns_are_no_report(points):
    line = json.dumps({"kind": "metrics", "batches": [{"key": "train/loss", "points": points}]}).encode()

    if points == "":
        assert len(read_report(line).batches[0]) == 0
    else:
        with pytest.raises(ValueError, match="metrics"):
            read_report(line)


def test_a_message_is_one_line_whatever_it_says():
    line = Failed(code="x", detail="two\nlines", problems=(Problem("/a", "b\r\n", "c"),)).to_line()

    assert line.count(b"\n") == 1
    assert read_report(line).detail == "two\nlines"
