import numpy as np
import orjson
import pytest

from benchmarks.serving.judging import Head, Judge, parse_head

RIGHT = np.array([[0.25, 0.75]], np.float32)
OK = Head(200, 0)


def judge(decode=None):
    return Judge([RIGHT], decode or (lambda body, _: np.array(orjson.loads(body), np.float32)))


def test_a_head_is_read_whatever_the_case_of_its_names():
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 12\r\nInference-Header-Content-Length:7"

    assert parse_head(head) == Head(200, 12, 7)
    assert parse_head(head.lower().replace(b"http", b"HTTP")) == Head(200, 12, 7)
    assert parse_head(b"HTTP/1.1 503 Busy\r\ncontent-length: 0") == Head(503, 0, None)


@pytest.mark.parametrize("head", [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked", b"nonsense\r\ncontent-length: 1"])
def test_a_head_without_a_length_is_no_answer(head):
    with pytest.raises(ValueError, match="Expected an answer of HTTP"):
        parse_head(head)


def test_numbers_that_differ_in_the_last_digits_are_right():
    assert judge().find_error(0, OK, b"[[0.25, 0.75]]") is None
    assert judge().find_error(0, OK, b"[[0.25000001, 0.75]]") is None


@pytest.mark.parametrize("body", [b"[[0.75, 0.25]]", b"[0.25, 0.75]", b"[[0.25, 0.75], [0.25, 0.75]]"])
def test_other_numbers_and_other_shapes_are_wrong(body):
    assert judge().find_error(0, OK, body) == "wrong answer"


def test_an_answer_of_another_request_is_wrong():
    both = Judge([RIGHT, 1 - RIGHT], lambda body, _: np.array(orjson.loads(body), np.float32))

    assert both.find_error(0, OK, b"[[0.25, 0.75]]") is None
    assert both.find_error(1, OK, b"[[0.25, 0.75]]") == "wrong answer"


def test_a_right_answer_is_decoded_once():
    decoded = []

    def decode(body, _head):
        decoded.append(body)
        return RIGHT

    once = judge(decode)
    assert [once.find_error(0, OK, b"same") for _ in range(3)] == [None, None, None]
    assert decoded == [b"same"]


def test_an_answer_of_another_form_is_unreadable():
    def decode(body, _head):
        return orjson.loads(body)["outputs"]

    assert judge(decode).find_error(0, OK, b"{}") == "unreadable answer: KeyError('outputs')"
    assert judge(decode).find_error(0, OK, b"{").startswith("unreadable answer: JSONDecodeError")


def test_refusals_are_one_kind_for_each_status_with_the_first_as_example():
    refused = judge()

    kinds = [
        refused.find_error(0, Head(500, 0), b"id 1"),
        refused.find_error(0, Head(500, 0), b"id 2"),
        refused.find_error(0, Head(404, 0), b"none"),
    ]

    assert kinds == ["status 500, such as id 1", "status 500, such as id 1", "status 404, such as none"]
