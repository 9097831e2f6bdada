"""Reports about rows, orders and columns that were trained on wrongly."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.datasets.series import SeriesDataset
from core.datasets.table_split import TableSplit
from core.errors import InvalidSpec
from core.uploads.table_reader import TableReader
from models.arrays.distances import Location
from models.datasets.table_split import TEST, divide_rows
from tests.compatibility.bench import Bench, Table, report

DAYS = ["2019-01-03", "2019-01-01", "2019-01-05", "2019-01-02", "2019-01-04"]


def held_out(table: Table, **split: Any) -> list[int]:
    """Return the numbers `n` of the rows that a split holds out for test."""
    chosen = TableSplit(**split)
    with TableReader(table.path, [*table.types], [chosen.order_by or ""], Path(table.path.parent)) as reader:
        rows = np.ones(reader.num_rows, np.bool_)
        parts = divide_rows(reader, chosen, rows, np.zeros(len(rows)), seed=1)
        numbers = np.concatenate([chunk["n"] for _, chunk in reader.read(["n"])])
    return sorted(numbers[parts == TEST].tolist())


@report("autogluon/autogluon#4257", "autogluon/autogluon#3036")
def the_last_rows_are_the_latest_in_whatever_order_they_come(bench: Bench) -> None:
    table = bench.read("at,n\n" + "".join(f"{day},{day[-1]}\n" for day in DAYS))
    assert held_out(table, order_by="at", shuffle=False, test=2) == [4, 5]


@report("pycaret/pycaret#3631", "pycaret/pycaret#68", "autogluon/autogluon#856")
def an_order_next_to_a_random_split_is_told(bench: Bench) -> None:
    table = bench.read("at,n\n" + "".join(f"{day},{day[-1]}.5\n" for day in DAYS))
    split = {"order_by": "at", "test": 0.2}
    drawn = table.shape(target="n", features=["at"], split=split)
    assert "order_not_used" in [notice.code for notice in drawn.warnings]
    last = table.shape(target="n", features=["at"], split=split | {"shuffle": False})
    assert "order_not_used" not in [notice.code for notice in last.warnings]


@report("intel/BigDL#2307")
def an_order_by_text_or_with_missing_values_is_told(bench: Bench) -> None:
    table = bench.read("k,x,n\n1,1,1.5\n9,2,2.5\n10,1,3.5\nx,2,4.5\n,1,5.5\n")
    shape = table.shape(target="n", features=["x"], split={"order_by": "k", "shuffle": False, "test": 2})
    assert [notice.code for notice in shape.warnings] == ["sorted_as_text", "sorted_last"]


@report("mindsdb/mindshub#7021", "microsoft/FLAML#362")
def moments_that_come_twice_in_a_series_are_told(bench: Bench) -> None:
    rows = "".join(f"2024-01-{1 + number // 2:02},{'ab'[number % 2]},{number}.5\n" for number in range(40))
    table = bench.read("at,g,n\n" + rows)
    series: dict[str, Any] = {"of": SeriesDataset, "target": "n", "order_by": "at", "window": 3, "exclude": ["g"]}
    (notice,) = table.shape(**series).warnings
    assert (notice.code, notice.pointer) == ("same_moment", "/dataset/order_by")
    assert "20 different values in 40 rows" in notice.detail
    assert table.shape(**series, group_by="g").warnings == ()


@report("ludwig-ai/ludwig#1143")
def a_value_for_missing_ones_has_to_be_a_category(bench: Bench) -> None:
    table = bench.read("day,n\nMonday,1.5\nSunday,2.5\n,3.5\nMonday,4.5\n")
    choice = {"missing": "constant", "fill_value": "Mondy"}
    with pytest.raises(InvalidSpec, match=r"'Mondy' is none of its 2 values\. Did you mean 'Monday'\?"):
        table.shape(target="n", columns={"day": choice}, split={})
    table.shape(target="n", columns={"day": choice | {"fill_value": "Monday"}}, split={})
    table = bench.read("size,n\n3.0,1.5\nL,2.5\n")
    table.shape(target="n", columns={"size": choice | {"fill_value": 3}}, split={})


@report("scikit-learn/scikit-learn#17794", "scikit-learn/scikit-learn#3722", "scikit-learn/scikit-learn#35018")
def a_constant_column_is_zero_and_told(bench: Bench) -> None:
    content = "c,x,n\n" + "".join(f"14.62,{number},{number}.5\n" for number in range(1000))
    model = bench.read(content).train(target="n")
    assert "constant_column" in model.codes
    assert model.ask({"c": 14.62, "x": 1})[0][0] == 0


@report("scikit-learn/scikit-learn#19726")
def a_tiny_spread_is_no_constant(bench: Bench) -> None:
    del bench
    for scale in (1e-8, 1e-15, 1e-22, 1e-30):
        numbers = np.arange(10.0) * scale
        location = Location.of(numbers)
        (origin,), (unit,) = location.origins, location.units
        scaled = (numbers - origin) / unit
        assert 0.5 < np.ptp(scaled) < 1e6


@report("Evovest/EvoTrees.jl#368", "dmlc/xgboost#11160", "microsoft/FLAML#1101")
def a_category_has_one_code_whatever_rows_come_with_it(bench: Bench) -> None:
    model = bench.read("c,n\nred,1.5\ngreen,2.5\nblue,3.5\n").train(target="n")
    assert model.ask({"c": "red"}) == [[2]]
    assert model.ask({"c": "red"}, {"c": "blue"}, {"c": "green"}) == [[2], [0], [1]]


@report("h2oai/h2o-3#1078", "h2oai/sparkling-water#5737", "scikit-learn/scikit-learn#12018")
def an_unseen_category_and_a_missing_one_are_no_category_and_differ(bench: Bench) -> None:
    model = bench.read("c,n\na,1.5\nb,2.5\nc,3.5\n").train(target="n")
    assert model.ask({"c": "d"}, {"c": None}, {"c": "a"}) == [[-1], [None], [0]]
