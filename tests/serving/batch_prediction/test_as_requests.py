"""The answers of a batch prediction are those of `:predict` to the same rows, as a client would send them."""

import itertools

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.errors import InvalidBatchPrediction, InvalidInstances
from core.signatures.encodings import BooleanEncoding, CategoryEncoding, DateEncoding, NumberEncoding, TableEncoding
from core.signatures.signature import InputKind, ModelSignature, Task, TensorSpec
from core.uploads.text_dates import read_date
from serving.sessions.loaded_model import LoadedModel

NUM_ROWS = 10

FIRST = read_date("1000-01-01")

CELLS = {
    "number": st.floats(-(2.0**100), 2.0**100).map(repr) | st.sampled_from(["1e300", "-0", "1,234.5"]),
    "whole": st.integers(-(2**63), 2**63 - 1).map(str) | st.integers(-9, 9).map(str),
    "word": st.sampled_from(["Oslo", "Bergen", "Paris", " Oslo ", "é", "e\u0301", "7", "?x"]),
    "truth": st.sampled_from(["true", "FALSE", "True"]),
    "day": st.dates(FIRST.date()).map(str),
    "moment": st.datetimes(FIRST).map(str),
}
"""Texts of an upload, by the name of their column."""

MISSING = st.sampled_from(["", "NA", "null"])


@st.composite
def uploads(draw):
    """A table of texts, some of them missing, with a number in each row that is always there."""
    cells = {"id": list(range(NUM_ROWS))}
    for name, texts in CELLS.items():
        gaps = draw(st.sets(st.integers(0, NUM_ROWS - 1), max_size=NUM_ROWS // 2))
        cells[name] = [draw(MISSING) if row in gaps else draw(texts) for row in range(NUM_ROWS)]
    return cells


@st.composite
def signatures(draw):
    """The encoding of each column: of any that its values may have, and of some that they do not."""
    refuses = draw(st.sets(st.sampled_from(sorted(CELLS)), max_size=1))

    def column(kind, name, **fields):
        return kind(name=name, allows_missing=name not in refuses, **fields)

    origins = st.sampled_from([0, 7, 2**60, 0.1])
    words = ("Bergen", "Oslo", "7", "é")
    return TableEncoding(
        columns=(
            column(NumberEncoding, "number", origin=draw(origins), unit=draw(st.sampled_from([1.0, 2.0**80]))),
            column(NumberEncoding, "whole", origin=draw(origins), unit=2.0**40),
            column(CategoryEncoding, "word", values=words),
            column(draw(st.sampled_from([BooleanEncoding, NumberEncoding])), "truth"),
            column(DateEncoding, "day", origin="2020-01-01T00:00:00Z", parts=("elapsed_days", "month")),
            column(DateEncoding, "moment", origin="1970-01-01T00:00:00Z", parts=("year", "hour", "minute")),
        )
    )


def as_uploaded(table, description):
    """The encoding with the types and the forms of texts that an upload has."""
    found = {column.name: column for column in description.columns}
    return TableEncoding(
        columns=tuple(
            column.model_copy(update={"source": found[column.name].type, "text": found[column.name].text})
            for column in table.columns
        )
    )


@pytest.fixture
def make_model(write_graph, tmp_path):
    """A network that answers the numbers that a row is encoded as."""
    numbers = itertools.count()

    def make(table):
        path = write_graph(
            tmp_path / f"identity-{next(numbers)}.onnx", [("Identity", [], {})], {}, [table.width], [table.width]
        )
        signature = ModelSignature(
            task=Task.REGRESSION,
            input_kind=InputKind.TABLE,
            input=TensorSpec(name="row", onnx_name="x", shape=(table.width,)),
            output=TensorSpec(name="output", onnx_name="y", shape=(table.width,)),
            columns=table.names,
            table=table,
        )
        return path, LoadedModel(path, signature)

    return make


def can_predict(predict, model, instance):
    """True if a request with this row is answered."""
    try:
        predict(model, {"instances": [instance]})
    except InvalidInstances:
        return False
    return True


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(uploads(), signatures())
def test_every_row_is_answered_as_in_a_request(store, files, answer, make_model, predict, cells, table):
    stored = store(files["csv"](cells))
    path, model = make_model(as_uploaded(table, stored.description))
    names = [column.name for column in stored.description.columns]
    instances = [dict(zip(names, values, strict=True)) for values in stored.description.sample]
    for instance in instances:
        del instance["id"]
    try:
        found = answer(path, model.signature, stored, answers="values", format="parquet", columns=("id",))
    except InvalidBatchPrediction:
        # A column turned out as another type: no request with a value of it is answered.
        assert not any(can_predict(predict, model, instance) for instance in instances if all(instance.values()))
        return
    for row, instance in zip(found.rows, instances, strict=True):
        try:
            (expected,) = predict(model, {"instances": [instance]})["predictions"]
        except InvalidInstances as error:
            expected, reason = None, error.problems[0].detail.removeprefix("Row 0 has ")
            assert row["error"].removeprefix("It has ").split(" for ")[1] == reason.split(" for ", maxsplit=1)[1]
        numbers = [row[f"prediction_{place}"] for place in range(model.signature.input.shape[0])]
        if expected is None or np.isnan(expected).any():
            # An answer that is not a number is no answer of a batch prediction.
            assert row["error"] is not None
            assert numbers == [None] * len(numbers)
        else:
            assert row["error"] is None
            assert np.float32(numbers).tolist() == np.float32(expected).tolist()
