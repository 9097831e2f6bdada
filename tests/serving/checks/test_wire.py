import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.checks.errors import RejectedNetwork
from serving.checks.wire import Message


def read(content):
    return Message(memoryview(content), "the message")


def test_fields_are_read_by_number():
    message = read(b"\x08\x96\x01\x12\x02hi\x18\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01")
    assert message.integer(1) == 150
    assert message.text(2) == "hi"
    assert message.integer(3) == -1
    assert (message.integer(9), message.text(9), message.content(9)) == (0, "", None)
    assert message.has(1)
    assert not message.has(9)


def test_repeated_numbers_may_be_packed():
    assert read(b"\x08\x01\x08\x02").integers(1) == [1, 2]
    assert read(b"\x0a\x03\x01\x96\x01").integers(1) == [1, 150]


def test_elements_are_counted_without_reading_them():
    assert read(b"\x0a\x03\x01\x96\x01\x08\x01").count(1, None) == 3
    assert read(b"\x0a\x08" + bytes(8)).count(1, 4) == 2
    assert read(b"\x0d" + bytes(4)).count(1, 4) == 1


@pytest.mark.parametrize(
    "content",
    [
        b"\x08",
        b"\x08\xff",
        b"\x08" + b"\xff" * 10 + b"\x01",
        b"\x12\x05abc",
        b"\x12\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
        b"\x0d\x00",
        b"\x09\x00",
        b"\x0b",
        b"\x0c",
        b"\x0f\x00",
        b"\x00\x00",
    ],
)
def test_what_is_cut_off_or_of_no_kind_is_rejected(content):
    with pytest.raises(RejectedNetwork, match="the message is cut off or damaged"):
        read(content)


def test_what_could_be_understood_in_two_ways_is_rejected():
    twice = read(b"\x12\x01a\x12\x01b\x08\x01\x08\x02")
    for ask in (lambda: twice.text(2), lambda: twice.content(2), lambda: twice.integer(1)):
        with pytest.raises(RejectedNetwork, match="has a field twice"):
            ask()
    for ask in (lambda: twice.integer(2), lambda: twice.content(1)):
        with pytest.raises(RejectedNetwork):
            ask()
    with pytest.raises(RejectedNetwork, match="not UTF-8"):
        read(b"\x12\x01\xff").text(2)
    with pytest.raises(RejectedNetwork, match="cut off"):
        read(b"\x0a\x01\xff").integers(1)


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_rejected(content):
    try:
        message = read(content)
    except RejectedNetwork as error:
        rejection = error.code
    else:
        rejection = ""
        assert message.has(0) is False
    assert rejection in {"", "malformed_network"}
