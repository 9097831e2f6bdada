import numpy as np
import pytest

from core.errors import InvalidInstances
from core.observation.bins import count, fit_category_bins, fit_number_bins
from core.observation.summaries import ColumnSummary, TrainingSummary
from core.signatures.encodings import CategoryEncoding, DateEncoding, NumberEncoding, TableEncoding
from core.signatures.signature import InputKind, ModelSignature, Task, TensorSpec
from serving.explanations.background import NUM_ROWS, draw_background
from serving.explanations.features import list_features

TABLE = TableEncoding(
    columns=(
        NumberEncoding(name="age"),
        CategoryEncoding(name="city", values=("Bergen", "Oslo")),
        DateEncoding(name="since", origin="2020-01-01", parts=("year", "month")),
    )
)


def sign(kind, shape, dtype="float32", **fields):
    return ModelSignature(
        task=Task.REGRESSION,
        input_kind=kind,
        input=TensorSpec(name="input", onnx_name="x", dtype=dtype, shape=shape),
        output=TensorSpec(name="output", onnx_name="y", shape=(1,)),
        **fields,
    )


def summarise(columns, num_categories=2, origin=0):
    summaries = []
    for name, given, is_category in columns:
        values = np.array(given, float)
        labels = [str(code) for code in range(num_categories)]
        bins = fit_category_bins(values, labels) if is_category else fit_number_bins(values, origin=origin)
        summaries.append(ColumnSummary(name=name, bins=bins, counts=count(values, bins)))
    return TrainingSummary(
        num_samples=1, num_rows=1, inputs=tuple(summaries), outputs=(), num_answers=0, answers_of="train"
    )


def test_rows_have_the_quantiles_of_the_training_samples():
    random = np.random.default_rng(1)
    values = random.normal(5, 2, 10_000)
    signature = sign(InputKind.COLUMNS, (2,), columns=("x", "y"))
    summary = summarise([("x", values, False), ("y", np.full(50, 3.0), False)])
    rows = draw_background(signature, list_features(signature), summary, 1)
    assert rows.shape == (NUM_ROWS, 2)
    assert rows.dtype == np.float32
    expected = np.quantile(values, (np.arange(NUM_ROWS) + 0.5) / NUM_ROWS)
    np.testing.assert_allclose(np.sort(rows[:, 0])[1:-1], expected[1:-1], atol=0.3)
    assert set(rows[:, 1].tolist()) == {3}


def test_categories_and_missing_values_come_in_their_proportions():
    signature = sign(InputKind.TABLE, (4,), columns=TABLE.names, table=TABLE)
    columns = [
        ("age", [1.0] * 50 + [np.nan] * 50, False),
        ("city", [0.0] * 75 + [1.0] * 25, True),
        ("year", np.arange(100.0), False),
        ("month", np.arange(100.0), False),
    ]
    rows = draw_background(signature, list_features(signature), summarise(columns), 3)
    assert np.isnan(rows[:, 0]).sum() == NUM_ROWS / 2
    assert (rows[:, 1] == 0).sum() == 3 * NUM_ROWS / 4
    # The parts of a date go together.
    np.testing.assert_allclose(rows[:, 2], rows[:, 3])
    assert not np.array_equal(np.argsort(rows[:, 2]), np.arange(NUM_ROWS))


def test_every_step_of_a_window_has_the_same_row():
    signature = sign(InputKind.TABLE, (5, 4), columns=TABLE.names, table=TABLE)
    columns = [(name, np.arange(100.0), False) for name in "abcd"]
    rows = draw_background(signature, list_features(signature), summarise(columns), 3)
    assert rows.shape == (NUM_ROWS, 5, 4)
    np.testing.assert_array_equal(rows[:, 0], rows[:, 4])


def test_long_whole_numbers_keep_their_digits():
    signature = sign(InputKind.COLUMNS, (1,), "int64", columns=("id",))
    summary = summarise([("id", np.repeat([0.0, 1.0], 8), False)], origin=2**60)
    rows = draw_background(signature, list_features(signature), summary, 1)
    assert set(rows[:, 0].tolist()) <= {2**60, 2**60 + 1}


def test_rows_repeat_with_the_seed():
    signature = sign(InputKind.COLUMNS, (2,), columns=("x", "y"))
    summary = summarise([("x", np.arange(100.0), False), ("y", np.arange(100.0), False)])
    first, again, other = (draw_background(signature, list_features(signature), summary, seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_a_column_without_values_is_missing():
    signature = sign(InputKind.COLUMNS, (1,), columns=("x",))
    rows = draw_background(signature, list_features(signature), summarise([("x", [np.nan] * 9, False)]), 1)
    assert np.isnan(rows).all()


@pytest.mark.parametrize(("num_columns", "words"), [(None, "no summary"), (1, "has 1 of the 2 numbers")])
def test_without_a_summary_of_every_column_there_is_none(num_columns, words):
    signature = sign(InputKind.COLUMNS, (2,), columns=("x", "y"))
    summary = None if num_columns is None else summarise([("x", [1.0, 2.0], False)])
    with pytest.raises(InvalidInstances, match=words) as caught:
        draw_background(signature, list_features(signature), summary, 1)
    assert caught.value.problems[0].pointer == "/background"
