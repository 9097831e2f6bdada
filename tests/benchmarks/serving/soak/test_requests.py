import numpy as np
import orjson
import pytest

from benchmarks.serving.soak.requests import SOAK_FORMS, Answer, find_error

ROWS = np.array([[5, 0, 0, 0], [6, 0, 0, 0]], np.float32)
RIGHT = [[5, 7003], [6, 7003]]


def answer_v1(outputs, version="3"):
    return Answer(200, {"x-model-version": version}, orjson.dumps({"predictions": outputs}))


def answer_v2(outputs, version="3"):
    tensor = {"name": "outputs", "shape": [2, 2], "datatype": "FP32", "data": np.ravel(outputs).tolist()}
    return Answer(200, {}, orjson.dumps({"model_version": version, "outputs": [tensor]}))


def answer_v2_binary(outputs, version="3"):
    tensor = {"name": "outputs", "shape": [2, 2], "datatype": "FP32", "parameters": {"binary_data_size": 16}}
    head = orjson.dumps({"model_version": version, "outputs": [tensor]})
    headers = {"inference-header-content-length": str(len(head))}
    return Answer(200, headers, head + np.array(outputs, "<f4").tobytes())


MAKERS = {"v1": answer_v1, "v2": answer_v2, "v2-binary": answer_v2_binary}


def error_of(form, answer, allowed=frozenset({3})):
    return find_error(SOAK_FORMS[form], answer, ROWS, 7, set(allowed))


@pytest.mark.parametrize("form", MAKERS)
def test_the_numbers_of_the_request_and_the_constant_of_the_version_are_right(form):
    assert error_of(form, MAKERS[form](RIGHT)) is None


@pytest.mark.parametrize("form", MAKERS)
@pytest.mark.parametrize(
    "outputs", [[[5, 7003], [7, 7003]], [[6, 7003], [5, 7003]], [[5, 7002], [6, 7003]], [[5, 8003], [6, 8003]]]
)
def test_numbers_of_others_are_wrong(form, outputs):
    assert error_of(form, MAKERS[form](outputs)).startswith("wrong outputs of version 3: ")


@pytest.mark.parametrize("form", MAKERS)
def test_another_version_may_not_answer_even_if_it_names_itself(form):
    answer = MAKERS[form]([[5, 7002], [6, 7002]], version="2")

    assert error_of(form, answer) == "version 2 answered, where only [3] may"
    assert error_of(form, answer, {2, 3}) is None


def test_an_answer_that_names_no_version_is_unreadable():
    assert error_of("v1", Answer(200, {}, b"{}")) == "unreadable answer: KeyError('x-model-version')"
    assert error_of("v2", Answer(200, {}, b"{}")) == "unreadable answer: KeyError('model_version')"


def test_fewer_rows_are_wrong():
    assert error_of("v1", answer_v1(RIGHT[:1])).startswith("wrong outputs of version 3")


def test_a_refusal_is_quoted():
    assert error_of("v1", Answer(503, {}, b"busy")) == "status 503: busy"
