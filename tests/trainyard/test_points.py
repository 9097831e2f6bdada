"""Points in JSON lines."""

import json
import math

import pytest

from trainyard.errors import UnexpectedAnswer
from trainyard.points import PointsDownload, read_points

LINE = {"key": "train/loss", "step": 1, "epoch": None, "time": "1970-01-01T00:00:00Z", "unix_seconds": 0.5, "value": 1}


def test_points_are_read_once_all_have_come():
    values = [0.1, "NaN", "Infinity", "-Infinity", 1e300]
    content = b"".join(json.dumps(LINE | {"value": value}).encode() + b"\n" for value in values)
    with PointsDownload() as download:
        download.write(content[:50])
        download.write(content[50:])
        found = list(download.read())
    assert {(point.key, point.step, point.unix_seconds) for point in found} == {("train/loss", 1, 0.5)}
    assert [point.value for point in found[2:]] == [math.inf, -math.inf, 1e300]
    assert found[0].value == 0.1
    assert math.isnan(found[1].value)


@pytest.mark.parametrize(
    "line", [b"{", b"[]", b"null", b"{}", json.dumps(LINE | {"value": None}).encode(), json.dumps(LINE)[:-9].encode()]
)
def test_a_line_that_is_no_point_is_reported(line):
    with pytest.raises(UnexpectedAnswer, match="cannot be read"):
        list(read_points([line]))
