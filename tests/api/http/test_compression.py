import gzip
import zlib

import pytest
from backports import zstd

from api.http.compression import LEAST_BYTES, choose_coding, pack, packed_answer, packed_stream

UNPACK = {"gzip": gzip.decompress, "zstd": zstd.decompress, "deflate": zlib.decompress}


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        ("", None),
        ("gzip", "gzip"),
        ("GZip", "gzip"),
        ("x-gzip", "gzip"),
        ("gzip, deflate, br, zstd", "zstd"),
        ("gzip;q=0.8, zstd;q=0.5", "gzip"),
        ("gzip; q=0.8 ,zstd ; q=0.9", "zstd"),
        ("zstd;q=0, gzip", "gzip"),
        ("gzip;q=0", None),
        ("gzip;q=0.000", None),
        ("identity", None),
        ("br", None),
        ("*", "zstd"),
        ("*;q=0.5, zstd;q=0", "gzip"),
        ("*;q=0", None),
        ("gzip, *;q=0", "gzip"),
        ("identity;q=1, gzip;q=0.5", None),
        ("identity;q=0.5, gzip;q=1", "gzip"),
        ("identity;q=0, gzip;q=0.001", "gzip"),
        # What is not a weight accepts nothing.
        ("gzip;q=2", None),
        ("gzip;q=-1", None),
        ("gzip;q=nan", None),
        ("gzip;q=1e-3", None),
        ("gzip;level=9", None),
        (",,;q=1", None),
    ],
)
def test_coding_with_the_greatest_weight_is_chosen(accepted, coding):
    assert choose_coding(accepted) == coding


@pytest.mark.parametrize("coding", UNPACK)
def test_packed_bodies_unpack(coding):
    assert UNPACK[coding](pack(b"curve" * 999, coding)) == b"curve" * 999


def test_equal_bodies_are_packed_alike():
    assert pack(b"curve" * 999, "gzip") == pack(b"curve" * 999, "gzip")


@pytest.mark.parametrize("body", [b"1" * (LEAST_BYTES - 1), bytes(range(256)) * 16])
def test_small_bodies_and_those_that_do_not_shrink_are_sent_as_they_are(body, monkeypatch):
    monkeypatch.setattr("api.http.compression.pack", lambda body, _coding: body)
    answer = packed_answer(body, "gzip", "application/json", headers={"ETag": 'W/"1"'})
    assert answer.body == body
    assert "content-encoding" not in answer.headers
    # Caches still have to keep answers to other requests apart.
    assert (answer.headers["vary"], answer.headers["etag"]) == ("Accept-Encoding", 'W/"1"')


def test_large_bodies_are_packed():
    answer = packed_answer(b"1" * LEAST_BYTES, "zstd, gzip;q=0.5", "application/json")
    assert (answer.headers["content-encoding"], answer.headers["content-length"]) == ("zstd", str(len(answer.body)))
    assert zstd.decompress(answer.body) == b"1" * LEAST_BYTES


@pytest.mark.parametrize("coding", ["gzip", "zstd"])
def test_streams_are_packed_piece_by_piece(coding):
    pieces = [b"curve" * 999, b"", b"s"]
    packed, headers = packed_stream(pieces, coding)
    assert UNPACK[coding](b"".join(packed)) == b"".join(pieces)
    assert headers == {"Vary": "Accept-Encoding", "Content-Encoding": coding}


def test_streams_are_sent_as_they_are_unless_asked_for():
    plain, headers = packed_stream([b"a", b"b"], "br")
    assert (list(plain), headers) == ([b"a", b"b"], {"Vary": "Accept-Encoding"})
