from array import array
from math import inf

import pytest

from benchmarks.serving.load import Load
from benchmarks.serving.measuring import Measurement, Order, find_percentiles, measure, read_order, summarize


def test_percentiles_lie_between_the_values_around_them():
    # 101 values from 0 to 100: each percentile is a value.
    assert find_percentiles(list(range(101)), (50, 99)) == (50, 99)
    # Halfway between two.
    assert find_percentiles([1.0, 3.0], (50,)) == (2.0,)


def test_one_value_is_every_percentile_and_none_is_infinite():
    assert find_percentiles([4.0], (50, 99)) == (4.0, 4.0)
    assert find_percentiles([], (50, 99)) == (inf, inf)


def test_a_load_becomes_a_throughput_and_milliseconds():
    load = Load(2.0, array("d", [0.001, 0.002, 0.003]), {"wrong answer": 1}, 0.5, 0.0006)

    found = summarize(load)

    assert (found.throughput, found.num_answers, found.errors, found.cpu_share) == (1.5, 3, {"wrong answer": 1}, 0.5)
    assert found.p50_ms == pytest.approx(2.0)
    assert found.p99_ms == pytest.approx(2.98)
    assert found.server_us == pytest.approx(200)


def test_a_load_without_right_answers_has_no_finite_latency():
    found = summarize(Load(1.0, array("d"), {"wrong answer": 9}, 0.1, 0.2))

    assert found == Measurement(0.0, inf, inf, 0, {"wrong answer": 9}, 0.1, inf)


def test_an_order_arrives_as_it_was_sent():
    order = Order("v1 JSON", "net", "/samples", 80, 7, (("Authorization", "Bearer key"),), 16, 0.5, 2.0)
    text = (
        '{"form": "v1 JSON", "model": "net", "samples": "/samples", "port": 80, "server_pid": 7, '
        '"headers": [["Authorization", "Bearer key"]], "num_connections": 16, "warm_seconds": 0.5, "seconds": 2.0}'
    )

    assert read_order(text) == order


def test_a_load_generator_that_fails_is_quoted():
    order = Order("no such form", "net", "/no/such/folder", 80, 7, (), 1, 0.0, 0.1)

    with pytest.raises(RuntimeError, match="No such file or directory"):
        measure(order, "benchmarks.serving.http_load")
