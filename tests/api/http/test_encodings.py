"""Bodies with a Content-Encoding, on routes with each of the two readers, and on a real server."""

import gzip
import json
import zlib

import httpx
import pytest

from api.http.encodings import PIECE_BYTES, Unpacker
from api.http.errors import BrokenEncoding

MEBIBYTE = 1024 * 1024
VALIDATE = "/v1/specs:validate"
BODY = b'{"preset": "perceptron-or"}'


def as_zlib(content):
    return zlib.compress(content)


def as_raw(content):
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(content) + packer.flush()


def as_members(content):
    """Two gzip members, an empty one between them, and zeros at the end."""
    return gzip.compress(content[:9]) + gzip.compress(b"") + gzip.compress(content[9:]) + bytes(7)


FORMS = {
    "gzip": [gzip.compress, as_members],
    "x-gzip": [gzip.compress],
    "deflate": [as_zlib, as_raw],
    "identity": [bytes],
    "": [bytes],
    "gzip, identity": [gzip.compress],
    "identity,GZip": [gzip.compress],
}
CASES = [(name, pack) for name, packs in FORMS.items() for pack in packs]


def post(client, content, encoding, path=VALIDATE):
    return client.post(path, content=content, headers={"Content-Encoding": encoding})


def unpacked(encoding, *pieces):
    unpacker = Unpacker(encoding)
    found = [piece for packed in pieces for piece in unpacker.unpack(packed)]
    unpacker.finish()
    assert all(0 < len(piece) <= PIECE_BYTES for piece in found)
    return b"".join(found)


@pytest.mark.parametrize(("encoding", "pack"), CASES)
def test_an_encoded_body_is_read(client, encoding, pack):
    answer = post(client, pack(BODY), encoding)
    assert answer.status_code == 200, answer.text
    assert answer.json() == client.post(VALIDATE, content=BODY).json()


@pytest.mark.parametrize(("encoding", "pack"), CASES)
def test_an_encoded_body_is_read_by_predictions(client, worker, iris, encoding, pack):
    worker.register("iris", iris)
    content = pack(json.dumps({"instances": [[1, 0, 0, 0]]}).encode())
    assert post(client, content, encoding, "/v1/models/iris:predict").json() == {"predictions": [[1.0, 0.0, 0.0]]}


@pytest.mark.parametrize(("encoding", "pack"), [("gzip", gzip.compress), ("gzip", as_members), ("deflate", as_raw)])
def test_an_encoded_upload_is_the_file_that_it_encodes(client, encoding, pack):
    content = b"a,b\n1,2\n3,4\n"
    plain = client.post("/v1/datasets?name=table", content=content)
    packed = post(client, pack(content), encoding, "/v1/datasets?name=table")
    assert (plain.status_code, packed.status_code) == (201, 200)
    assert packed.json()["sha256"] == plain.json()["sha256"]
    assert client.get("/v1/datasets/table/versions/1/content").content == content


def test_a_submission_may_be_encoded_and_its_repetition_is_compared_unpacked(client):
    headers = {"Idempotency-Key": "a"}
    first = client.post("/v1/runs", content=BODY, headers=headers)
    again = client.post("/v1/runs", content=gzip.compress(BODY), headers={**headers, "Content-Encoding": "gzip"})
    assert (first.status_code, again.status_code) == (202, 202)
    assert again.json() == first.json()


@pytest.mark.parametrize("path", [VALIDATE, "/v1/models/iris:predict", "/v1/datasets?name=table"])
@pytest.mark.parametrize("encoding", ["br", "zstd", "compress", "gzip, br", "gzipped", "gzip, gzip", "deflate, gzip"])
def test_other_encodings_are_rejected_and_those_accepted_are_named(client, path, encoding):
    answer = post(client, BODY, encoding, path)
    assert answer.status_code == 415
    assert answer.headers["accept-encoding"] == "gzip, deflate"
    text = answer.json().get("detail") or answer.json()["error"]
    assert "Encode it once." in text or "encoded with gzip or deflate." in text


@pytest.mark.parametrize("pack", [gzip.compress, as_zlib, as_raw])
def test_a_body_cut_off_anywhere_is_reported(pack):
    content = pack(BODY * 20)
    encoding = "gzip" if pack is gzip.compress else "deflate"
    for length in range(1, len(content)):
        with pytest.raises(BrokenEncoding, match="ends too early"):
            unpacked(encoding, content[:length])
    assert unpacked(encoding, content) == BODY * 20


@pytest.mark.parametrize(
    ("encoding", "content"),
    [
        ("gzip", BODY),
        ("gzip", gzip.compress(BODY)[:-8] + bytes(8)),
        ("gzip", gzip.compress(BODY) + b"rest"),
        ("gzip", as_zlib(BODY)),
        ("deflate", as_zlib(BODY)[:-4] + bytes(4)),
        ("deflate", as_zlib(BODY) + b"rest"),
        ("deflate", as_raw(BODY) + b"\x00"),
        ("deflate", b"\xff" * 30),
    ],
    ids=range(8),
)
def test_a_damaged_body_is_reported(client, encoding, content):
    answer = post(client, content, encoding)
    assert answer.status_code == 400
    assert answer.json()["code"] == "broken_encoding"
    assert f"encoded with {encoding}, but" in answer.json()["detail"]


@pytest.mark.parametrize("pack", [gzip.compress, as_members, as_zlib, as_raw])
def test_pieces_of_any_length_unpack_to_the_same(pack):
    content = bytes(range(256)) * 3000
    packed = pack(content)
    encoding = "deflate" if pack in {as_zlib, as_raw} else "gzip"
    for length in (1, 2, 7, len(packed)):
        pieces = [packed[start : start + length] for start in range(0, len(packed), length)]
        assert unpacked(encoding, *pieces) == content


def test_an_empty_body_has_nothing_to_unpack(client):
    assert unpacked("gzip") == unpacked("deflate") == b""
    assert "is empty" in post(client, b"", "gzip").json()["detail"]


def test_a_body_is_measured_unpacked(make_client, make_settings):
    client = make_client(make_settings(max_body_bytes=100))
    assert post(client, gzip.compress(BODY.ljust(100)), "gzip").status_code == 200
    rejected = post(client, gzip.compress(BODY.ljust(101)), "gzip")
    assert rejected.status_code == 413
    assert "unpacks to more than the 100 bytes" in rejected.json()["detail"]


def test_what_cannot_be_compressed_may_be_a_little_larger_packed(make_client, make_settings):
    client = make_client(make_settings(max_body_bytes=100))
    content = gzip.compress(BODY.ljust(100), compresslevel=0)
    assert len(content) > 100
    assert post(client, content, "gzip").status_code == 200


def make_bomb(num_mebibytes):
    packer = zlib.compressobj(wbits=31)
    return b"".join(packer.compress(bytes(MEBIBYTE)) for _ in range(num_mebibytes)) + packer.flush()


def test_a_bomb_is_unpacked_no_further_than_the_limit(server):
    bomb = make_bomb(200)
    assert len(bomb) < MEBIBYTE / 4
    before = server.resident_bytes("VmHWM")
    with httpx.Client(trust_env=False, timeout=60) as client:
        for path in ("/v1/specs:validate", "/v1/models/iris:predict"):
            answer = post(client, bomb, "gzip", server.base_url + path)
            assert answer.status_code == 413
    # The larger of the two limits is 16 MiB.
    assert server.resident_bytes("VmHWM") - before < 48 * MEBIBYTE


def test_a_bomb_of_an_upload_is_rejected_and_leaves_nothing(make_client, make_settings, settings):
    client = make_client(make_settings(max_dataset_bytes=MEBIBYTE))
    answer = post(client, make_bomb(50), "gzip", "/v1/datasets?name=bomb")
    assert answer.status_code == 413
    assert not [path for path in settings.datasets_dir.rglob("*") if path.is_file() and path.stat().st_size]
