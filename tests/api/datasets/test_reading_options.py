"""Uploads and second readings with options, through the process that reads them."""

import json

import pytest

from api.datasets.reading import RereadRequest
from core.uploads.reading import ReadingOptions
from storage.dataset_folders import DatasetFolders

LINES = b"2,7\n1,2\n3,9\n5,6\n"
"""Names that look like a row: it takes an option to read them right."""


def upload(client, content, name="lines", **options):
    return client.post(f"/v1/datasets/{name}/versions", content=content, params=options)


def reread(client, options, version=1, name="lines"):
    return client.post(f"/v1/datasets/{name}/versions/{version}:reread", json=options)


def columns(answer):
    return [column["name"] for column in answer.json()["description"]["columns"]]


def files(settings):
    return sorted(path.parent.name for path in settings.datasets_dir.rglob("original"))


def test_options_of_an_upload_are_heeded_and_told(client):
    content = "x;y\n1,5;äh\n2,5;oh\n".encode("windows-1252")
    answer = upload(client, content, encoding="cp1252", delimiter="semicolon", header="true", missing_words=["oh", "-"])
    assert answer.status_code == 201, answer.text
    body = answer.json()
    assert columns(answer) == ["x", "y"]
    assert body["description"]["sample"][0][1] == "äh"
    options = {name: value for name, value in body["options"].items() if value}
    assert options == {"encoding": "windows-1252", "delimiter": ";", "header": True, "missing_words": ["oh", "-"]}
    found = {finding["option"]: (finding["value"], finding["sureness"]) for finding in body["findings"]}
    assert found["encoding"] == ("windows-1252", "certain")
    assert found["header"] == (True, "certain")
    assert client.get("/v1/datasets/lines/versions/1").json() == body


def test_a_wrong_guess_is_put_right_without_sending_the_file_again(client, settings):
    first = upload(client, LINES, filename="lines.csv")
    assert columns(first) == ["column_1", "column_2"]
    (warning,) = first.json()["warnings"]
    assert (warning["code"], "set header=true" in warning["detail"]) == ("header_guessed", True)

    second = reread(client, {"header": True})
    assert second.status_code == 201, second.text
    assert second.headers["Location"] == "/v1/datasets/lines/versions/2"
    assert (columns(second), second.json()["description"]["num_rows"]) == (["2", "7"], 3)
    assert second.json()["options"]["header"] is True
    assert second.json()["sha256"] == first.json()["sha256"]
    assert (first.json()["reading"], second.json()["filename"]) == (None, "lines.csv")
    assert client.get("/v1/datasets/lines").json()["newest"] == second.json()
    assert client.get("/v1/datasets/lines/versions/1").json() == first.json()
    stored = [path.stat().st_ino for path in settings.datasets_dir.rglob("original")]
    assert (len(stored), len(set(stored))) == (2, 1)


def test_the_same_options_are_the_same_version_however_they_come(client):
    upload(client, LINES)
    assert [reread(client, {"header": True}).status_code for _ in range(2)] == [201, 200]
    again = upload(client, LINES, header="true")
    assert (again.status_code, again.json()["version"]) == (200, 2)
    back = reread(client, {}, version=2)
    assert (back.status_code, back.json()["version"]) == (200, 1)
    other = reread(client, {"skip_rows": 1}, version=2)
    assert (other.status_code, other.json()["version"], other.json()["description"]["num_rows"]) == (201, 3, 3)


def test_each_version_has_its_own_files_until_it_is_deleted(client, settings):
    sha256 = upload(client, LINES).json()["sha256"]
    reading = reread(client, {"header": True}).json()["reading"]
    assert files(settings) == [sha256, f"{sha256}-{reading}"]
    assert client.delete("/v1/datasets/lines/versions/1").status_code == 204
    assert files(settings) == [f"{sha256}-{reading}"]
    assert client.get("/v1/datasets/lines/versions/2/content").content == LINES
    back = reread(client, {}, version=2)
    assert (back.status_code, back.json()["version"], columns(back)) == (201, 3, ["column_1", "column_2"])
    assert client.delete("/v1/datasets/lines").status_code == 204
    assert files(settings) == []


def test_a_spec_is_pinned_to_the_reading(client):
    upload(client, LINES)
    reading = reread(client, {"header": True}).json()["reading"]

    def spec(target, **dataset):
        return {
            "name": "lines",
            "dataset": {"name": "table", "dataset": "lines", "target": target, "task": "regression", **dataset},
            "model": {"kind": "mlp", "layers": [{"units": 1}]},
            "training": {"loss": "mse", "epochs": 1},
        }

    for target, dataset, pinned in (
        ("7", {}, (2, reading)),
        ("column_2", {"version": 1}, (1, None)),
        ("7", {"version": 2, "reading": reading}, (2, reading)),
    ):
        answer = client.post("/v1/runs", json={"spec": spec(target, **dataset)})
        assert answer.status_code == 202, answer.text
        kept = client.get(answer.headers["Location"]).json()["spec"]["dataset"]
        assert (kept["version"], kept["reading"]) == pinned
    answer = client.post("/v1/runs", json={"spec": spec("7", version=2, reading="0" * 16)})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/spec/dataset/reading")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"header": "perhaps"}, ["'header'", "'perhaps'"]),
        ({"delimiter": "ab"}, ["'delimiter'", "tab, comma, semicolon, pipe or space"]),
        ({"encoding": "zip"}, ["'encoding'", "'zip'", "windows-1252"]),
        ({"decimal": ";"}, ["'decimal'", "'.' or ','"]),
        ({"thousands": "x"}, ["'thousands'", "'x'"]),
        ({"skip_rows": -1}, ["'skip_rows'", "greater than or equal to 0"]),
        ({"columns": "[1]"}, ["'columns'", '{"zip": {"type": "text"}}']),
        ({"columns": '{"a": {"type": "txt"}}'}, ["'columns'", "a/type", "'boolean'"]),
        ({"columns": '{"a": {"typ": "text"}}'}, ["'columns'", "a/typ"]),
        ({"headr": "true"}, ["'headr'", "Did you mean 'header'?"]),
    ],
)
def test_an_invalid_option_is_named_with_its_choices(client, options, words):
    answer = upload(client, LINES, **options)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_parameter")
    assert [word for word in words if word not in answer.json()["detail"]] == []
    assert client.get("/v1/datasets/lines").status_code == 404


@pytest.mark.parametrize(
    ("options", "pointer", "words"),
    [
        ({"delimiter": "ab"}, "/delimiter", "tab, comma, semicolon, pipe or space"),
        ({"headr": True}, "/headr", "Did you mean 'header'?"),
        ({"columns": {"2": {"type": "txt"}}}, "/columns/2/type", "txt"),
        ({"columns": {"2": {"typ": "text"}}}, "/columns/2/typ", "no field 'typ'"),
        ({"columns": {str(number): {} for number in range(10_001)}}, "/columns", "10000"),
    ],
)
def test_invalid_options_of_a_second_reading_are_named_by_their_place(client, options, pointer, words):
    upload(client, LINES)
    answer = reread(client, options)
    assert answer.status_code == 422
    (problem,) = answer.json()["errors"]
    assert problem["pointer"] == pointer
    assert words in problem["detail"]


@pytest.mark.parametrize(
    ("content", "options", "code", "words"),
    [
        (b'{"a": 1}\n', {"delimiter": ","}, "option_not_applicable", "JSON Lines"),
        (b"a,b\n1,2\n", {"sheet": "x"}, "option_not_applicable", "CSV"),
        (b"zip,b\n1,2\n", {"columns": json.dumps({"zp": {"type": "text"}})}, "unknown_column", "Did you mean 'zip'?"),
        ("a,b\nä,2\n".encode("latin-1"), {"encoding": "utf-8"}, "unreadable", "Line 2"),
        (b"a,b\n\x81,2\n", {"encoding": "windows-1252"}, "unreadable", "byte 5"),
    ],
)
def test_an_option_that_cannot_apply_is_rejected(client, settings, content, options, code, words):
    answer = upload(client, content, **options)
    assert (answer.status_code, answer.json()["code"]) == (422, code), answer.text
    assert words in answer.json()["detail"]
    assert files(settings) == []


def test_only_uploads_that_are_there_are_read_again(client, settings):
    upload(client, LINES)
    assert reread(client, {}, name="iris").status_code == 409
    assert reread(client, {}, name="unknown").status_code == 404
    assert reread(client, {}, version=7).status_code == 404
    store = DatasetFolders(settings.datasets_dir)
    (key,) = files(settings)
    store.take_away(key)()
    answer = reread(client, {"header": True})
    assert "missing on the disk" in answer.json()["detail"]
    assert answer.status_code == client.get("/v1/datasets/lines/versions/1/content").status_code


def test_every_option_can_be_given_in_every_way():
    assert set(RereadRequest.model_fields) == set(ReadingOptions.model_fields)
