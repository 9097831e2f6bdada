"""Uploads with valid and invalid content, through HTTP and the parser; tests/ingest covers every format."""

import io
import pickle
import tarfile
import zipfile

import numpy as np
import pytest

TABLE = "petal_length,colour,species\n1.4,blue,setosa\n,blue,setosa\n4.7,,virginica\n5.1,white,virginica\n"


def zipped(**contents):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in contents.items():
            archive.writestr(name.replace("__", "/").replace("_dot_", "."), content)
    return packed.getvalue()


def tarred_link():
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        link = tarfile.TarInfo("cat/1.png")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    return packed.getvalue()


def saved(array):
    packed = io.BytesIO()
    np.save(packed, array, allow_pickle=True)
    return packed.getvalue()


def upload(client, content, name="flowers"):
    return client.post("/v1/datasets", content=content, params={"name": name})


def test_a_table_with_gaps_and_words_is_described_and_can_be_trained_on(client):
    uploaded = upload(client, TABLE.encode())
    assert uploaded.status_code == 201, uploaded.text
    assert (uploaded.json()["format"], uploaded.json()["summary"]) == ("csv", "4 rows of 3 columns")
    columns = {column["name"]: column for column in uploaded.json()["description"]["columns"]}
    assert [columns[name]["type"] for name in ("petal_length", "colour", "species")] == ["number", "text", "text"]
    assert [column["num_missing"] for column in columns.values()] == [1, 1, 0]
    assert columns["petal_length"]["mean"] == pytest.approx((1.4 + 4.7 + 5.1) / 3)
    example = uploaded.json()["example_spec"]
    assert example["dataset"]["target"] == "species"
    run = client.post("/v1/runs", json={"spec": example})
    assert run.status_code == 202, run.text
    kept = client.get(run.headers["Location"]).json()["spec"]["dataset"]
    assert (kept["version"], kept["sha256"]) == (1, uploaded.json()["sha256"])


def test_arrays_are_described_and_can_be_trained_on(client):
    packed = io.BytesIO()
    np.savez(packed, x=np.arange(40, dtype=np.float32).reshape(20, 2), y=np.arange(20) % 2)
    uploaded = upload(client, packed.getvalue()).json()
    assert (uploaded["kind"], uploaded["format"], uploaded["summary"]) == ("arrays", "npz", "2 arrays: x 20×2, y 20")
    assert client.post("/v1/runs", json={"spec": uploaded["example_spec"]}).status_code == 202


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"a,b\n1,2\n1,2,3\n", "ragged_rows"),
        (b"\x00\x01\x02\x03 nothing known", "unknown_format"),
        (saved(np.array([{"a": 1}], dtype=object)), "unsupported_type"),
        (pickle.dumps({"a": 1}), "unknown_format"),
        (saved(np.arange(100.0))[:-8], "truncated"),
        (zipped(**{"..__..__etc__passwd_dot_csv": TABLE}), "unsafe_archive"),
        (zipped(zeros_dot_csv=b"0," * 140_000_000), "too_large"),
        (tarred_link(), "unsafe_archive"),
        (b",".join(b"c%d" % number for number in range(30_000)) + b"\n", "too_many_columns"),
    ],
    ids=["ragged", "unknown", "objects", "pickle", "truncated", "path", "bomb", "link", "columns"],
)
def test_uploads_without_valid_data_are_rejected_and_not_stored(client, settings, content, code):
    answer = upload(client, content)
    assert answer.status_code == 422, answer.text
    assert (answer.json()["code"], len(answer.json()["detail"]) > 30) == (code, True), answer.text
    assert list((settings.datasets_dir / "uploads").iterdir()) == []
    assert client.get("/v1/datasets/flowers").status_code == 404


def test_an_archive_that_unpacks_to_too_much_is_rejected(make_client, make_settings):
    settings = make_settings(max_unpacked_bytes=100_000)
    answer = upload(make_client(settings), zipped(a_dot_csv="x\n" + "0.123456\n" * 100_000))
    assert (answer.status_code, answer.json()["code"]) == (422, "too_large")
