"""Reports about requests that were answered wrongly, or refused in error."""

import json
from typing import Any

import numpy as np
import pytest

from api.http.json_text import parse_leniently
from core.errors import InvalidInstances
from core.signatures.signature import InputKind, ModelSignature, Task, TensorSpec
from serving.protocols.tensorflow_serving.predict import decode_predict, encode_predict
from serving.sessions.loaded_model import LoadedModel
from tests.compatibility.bench import Bench, Encoded, report
from tests.serving.conftest import save_graph

MIXED = "a,b,plan,on,n\n1,2.5,basic,true,1.5\n3,4.5,plus,false,2.5\n2,3.5,basic,true,3.5\n"
"""The origin of `a` is 2 and that of `b` 3.5, their middles; the units are powers of two."""


def refusal(model: Encoded, body: Any) -> str:
    with pytest.raises(InvalidInstances) as caught:
        model.send(body)
    return str(caught.value)


@report("mlflow/mlflow#695", "mlflow/mlflow#3447", "scikit-learn/scikit-learn#7242")
def columns_are_found_by_name_in_any_order(bench: Bench) -> None:
    model = bench.read(MIXED).train(target="n")
    row = {"a": 1, "b": 4.5, "plan": "plus", "on": True}
    assert model.ask(row) == model.ask(dict(reversed(row.items()))) == model.ask([1, 4.5, "plus", True])
    assert model.ask(row) != model.ask(row | {"a": 4.5, "b": 1})


@report("mlflow/mlflow#3996")
def booleans_are_checked(bench: Bench) -> None:
    model = bench.read("on,n\ntrue,1.5\nfalse,2.5\n").train(target="n")
    assert model.ask({"on": True}, {"on": 0}, {"on": "TRUE"}) == [[1], [0], [1]]
    for value in (2, "yes", 0.5, -1):
        assert "not true or false" in refusal(model, {"instances": [{"on": value}]})


@report("mlflow/mlflow#6783")
def numbers_and_truth_find_the_categories_that_are_written_like_them(bench: Bench) -> None:
    model = bench.read("size,n\n3.0,1.5\n007,2.5\nL,3.5\nTrue,4.5\n").train(target="n")
    # In the order of the alphabet: 007, 3.0, L, True.
    assert model.ask({"size": 3.0}, {"size": 3}, {"size": 7}, {"size": True}) == [[1], [1], [0], [3]]
    # Texts are compared as texts.
    assert model.ask({"size": "3"}, {"size": "7"}, {"size": False}, {"size": 4}) == [[-1], [-1], [-1], [-1]]
    # Neither category is meant for certain.
    model = bench.read("size,n\n1.0,1.5\n01,2.5\nL,3.5\n").train(target="n")
    assert model.ask({"size": 1}, {"size": "01"}) == [[-1], [0]]


@report("semantic-reasoning/verinote#373")
def letters_with_combining_marks_find_their_category(bench: Bench) -> None:
    model = bench.read("city,n\ncaf\u00e9,1.5\nx,2.5\n").train(target="n")
    assert model.ask({"city": "cafe\u0301"}) == [[0]]


@report("mlflow/mlflow#25593", "mlflow/mlflow#3798", "autogluon/autogluon#601", "autogluon/autogluon#3980")
def a_value_that_is_missing_only_in_requests_is_missing(bench: Bench) -> None:
    model = bench.read(MIXED).train(target="n")
    assert model.ask({"a": None, "b": None, "plan": None, "on": None}) == [[None] * 4]


@report("autogluon/autogluon#4347", "autogluon/autogluon#4383", "pycaret/pycaret#1048")
def numbers_beyond_float32_are_refused_by_name(bench: Bench) -> None:
    model = bench.read("a,n\n1,1.5\n3,2.5\n").train(target="n")
    for value in (1e39, float("inf"), float("-inf"), 10**400):
        assert "for a, beyond" in refusal(model, {"instances": [{"a": value}]})


@report("ludwig-ai/ludwig#119", "ludwig-ai/ludwig#372", "ludwig-ai/ludwig#84")
def rows_need_no_target(bench: Bench) -> None:
    model = bench.read("a,n\n1,1.5\n3,2.5\n").train(target="n")
    assert len(model.ask({"a": 2})) == 1
    assert "unknown column 'n'" in refusal(model, {"instances": [{"a": 2, "n": 1}]})


@report("ludwig-ai/ludwig#683")
def columns_of_lists_are_rows(bench: Bench) -> None:
    model = bench.read("a,b,n\n1,2,1.5\n3,5,2.5\n").train(target="n")
    assert model.send({"inputs": {"b": [2, 5], "a": [1, 3]}}) == model.ask([1, 2], [3, 5])


@report("h2oai/h2o-3#3580", "kserve/kserve#3304", "kserve/kserve#3221")
def missing_columns_are_named(bench: Bench) -> None:
    model = bench.read("a,b,n\n1,2,1.5\n3,5,2.5\n").train(target="n")
    assert "lacks the column 'b'" in refusal(model, {"instances": [{"a": 1}]})
    assert "Row 0 has 1 values; the model expects 2" in refusal(model, {"instances": [[1]]})
    assert "Row 0 has an object for a, not a number" in refusal(model, {"inputs": [[{"a": 1}, {"b": 2}]]})


@report("kserve/kserve#2381", "kserve/kserve#1799")
def rows_of_several_types_are_read(bench: Bench) -> None:
    model = bench.read(MIXED).train(target="n")
    ((a, b, plan, on),) = model.ask([2, 3.5, "plus", False])
    assert (a, b, plan, on) == (0, 0, 1, 0)


@report("kserve/kserve#2955", "kserve/kserve#3478")
def tensors_of_the_second_protocol_are_refused_with_the_form_to_send(bench: Bench) -> None:
    model = bench.read("a,b,n\n1,2,1.5\n3,5,2.5\n").train(target="n")
    body = {"inputs": [{"name": "input-0", "shape": [1, 2], "datatype": "FP32", "data": [[1, 2]]}]}
    assert 'send the rows alone, as {"instances": [...]}' in refusal(model, body)


def line(bench: Bench) -> LoadedModel:
    """The network y = x / 2 + 2."""
    path = save_graph(
        bench.folder / "line.onnx",
        [("Mul", ["slope"], {}), ("Add", ["offset"], {})],
        {"slope": np.float32([0.5]), "offset": np.float32([2])},
        [1],
        [1],
    )
    signature = ModelSignature(
        task=Task.REGRESSION,
        input_kind=InputKind.TENSOR,
        input=TensorSpec(name="x", onnx_name="x", shape=(1,)),
        output=TensorSpec(name="y", onnx_name="y", shape=(1,)),
    )
    return LoadedModel(path, signature)


def answer(model: LoadedModel, text: str) -> str:
    request = decode_predict(parse_leniently(text.encode()), model.signature, max_instances=10)
    return (
        encode_predict(request, {model.signature.output.name: model.predict(request.batch)}, model.signature)
        .to_json()
        .decode()
    )


@report("tensorflow/serving#1332", "tensorflow/serving#1136", "tensorflow/serving#1014")
def answers_have_all_digits_and_are_json(bench: Bench) -> None:
    model = line(bench)
    assert json.loads(answer(model, '{"instances": [1111111.0]}'))["predictions"] == [[555557.5]]
    assert answer(model, '{"instances": [1.24, 5.0, 0.96]}') == '{"predictions":[[2.62],[4.5],[2.48]]}'
    # Half of -3.9999988 as float32, -3.9999987, and 2.
    assert json.loads(answer(model, '{"instances": [-3.9999988]}'))["predictions"][0] == pytest.approx([6e-7], rel=0.1)


@report("tensorflow/serving#1780", "tensorflow/serving#1199")
def truth_is_no_number(bench: Bench) -> None:
    with pytest.raises(InvalidInstances, match=r"row 0 has true at \[0\], not a number"):
        answer(line(bench), '{"instances": [[true]]}')


@report("tensorflow/serving#1670", "pytorch/serve#1304", "openvinotoolkit/model_server#4337")
def answers_that_are_no_numbers_are_written_as_tensorflow_serving_does(bench: Bench) -> None:
    text = answer(line(bench), '{"instances": [NaN, Infinity, 2.0]}')
    assert text == '{"predictions":[[NaN],[Infinity],[3.0]]}'
