"""Uploads in forms, on a real database; the file is read by a stand-in."""

import gzip
import subprocess

import pytest

from storage.dataset_folders import DatasetFolders

pytestmark = pytest.mark.usefixtures("stand_in")


def stored(settings):
    return sorted(path.name for path in (settings.datasets_dir / "uploads").rglob("*") if path.is_file())


def post(client, path="/v1/datasets", content=b"zip 1", filename="pets.zip", **options):
    return client.post(path, files={"file": (filename, content)}, **options)


def test_a_form_gives_the_version_that_the_file_alone_gives(client):
    answer = post(client, data={"name": "pets"})
    assert answer.status_code == 201, answer.text
    assert answer.headers["Location"] == "/v1/datasets/pets/versions/1"
    found = answer.json()
    assert (found["name"], found["filename"], found["num_bytes"]) == ("pets", "pets.zip", 5)
    assert client.get("/v1/datasets/pets/versions/1/content").content == b"zip 1"
    again = client.post("/v1/datasets?name=pets", content=b"zip 1")
    assert (again.status_code, again.json()["version"]) == (200, 1)


def test_a_form_may_come_to_the_versions_of_a_name(client):
    answer = post(client, "/v1/datasets/pets/versions")
    assert (answer.status_code, answer.json()["name"]) == (201, "pets")
    assert post(client, "/v1/datasets/pets/versions", b"zip 2").json()["version"] == 2


def test_a_parameter_may_be_in_the_address_too(client):
    answer = post(client, "/v1/datasets?name=pets", data={"filename": "other.zip"})
    assert (answer.status_code, answer.json()["filename"]) == (201, "other.zip")
    assert post(client, "/v1/datasets?name=more&filename=a.zip").json()["filename"] == "a.zip"


def test_an_encoded_form_is_unpacked(client):
    request = client.build_request("POST", "/v1/datasets", files={"file": ("a", b"zip 1")}, data={"name": "pets"})
    headers = {"Content-Type": request.headers["content-type"], "Content-Encoding": "gzip"}
    answer = client.post("/v1/datasets", content=gzip.compress(request.read()), headers=headers)
    assert (answer.status_code, answer.json()["num_bytes"]) == (201, 5)


@pytest.mark.parametrize(
    ("path", "data", "status", "words"),
    [
        ("/v1/datasets", {}, 422, "'name'"),
        ("/v1/datasets", {"name": ""}, 422, "'name'"),
        ("/v1/datasets", {"name": "No Name"}, 422, "'name'"),
        ("/v1/datasets", {"name": "iris"}, 409, "built in"),
        ("/v1/datasets", {"name": "pets", "filname": "a"}, 400, "unknown field 'filname'. Did you mean 'filename'?"),
        ("/v1/datasets?name=a", {"name": "pets"}, 400, "in the address and in the form"),
        ("/v1/datasets/pets/versions", {"name": "pets"}, 400, "unknown field 'name'"),
    ],
)
def test_a_form_with_wrong_fields_leaves_nothing(client, settings, path, data, status, words):
    answer = post(client, path, data=data)
    assert answer.status_code == status, answer.text
    assert words in answer.json()["detail"]
    assert stored(settings) == []


def test_several_files_are_rejected(client, settings):
    files = [("file", ("a.zip", b"zip")), ("file", ("b.zip", b"zip"))]
    answer = client.post("/v1/datasets", files=files, data={"name": "pets"})
    assert (answer.status_code, answer.json()["code"]) == (422, "several_files")
    assert stored(settings) == []


def test_a_file_in_a_form_has_the_limit_of_a_file_alone(make_client, make_settings):
    settings = make_settings(max_dataset_bytes=5)
    client = make_client(settings)
    assert post(client, data={"name": "pets"}).status_code == 201
    rejected = post(client, content=b"zip 12", data={"name": "more"})
    assert rejected.status_code == 413
    assert "TRAINYARD_MAX_DATASET_BYTES" in rejected.json()["detail"]


def test_a_form_is_not_read_for_a_caller_who_may_not_upload(locked_client, keep_key, settings, monkeypatch):
    opened = []
    monkeypatch.setattr(DatasetFolders, "open", lambda _: opened.append(1))
    headers = {"Authorization": f"Bearer {keep_key('read')}"}
    assert post(locked_client, data={"name": "pets"}, headers=headers).status_code == 403
    assert post(locked_client, data={"name": "pets"}).status_code == 401
    assert opened == []
    assert stored(settings) == []


def test_other_routes_take_no_forms(client):
    assert post(client, "/v1/datasets/pets").status_code == 405
    assert post(client, "/v1/specs:validate").status_code == 400


def test_options_of_reading_may_be_fields_before_the_file_and_after_it(client):
    parts = [
        ("delimiter", b";"),
        ("file", b"zip 1"),
        ("missing_words", b"-"),
        ("missing_words", b"x"),
        ("header", b"false"),
    ]
    fields = [
        f'--a\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'.encode() + value + b"\r\n"
        for name, value in parts
    ]
    content = b"".join(fields) + b"--a--\r\n"
    headers = {"Content-Type": "multipart/form-data; boundary=a"}
    answer = client.post("/v1/datasets?name=pets", content=content, headers=headers)
    assert answer.status_code == 201, answer.text
    # The same bytes with the same options are the same version, with other options another one.
    query = {"delimiter": ";", "missing_words": ["-", "x"], "header": "false"}
    versions = [
        client.post("/v1/datasets/pets/versions", content=b"zip 1", params=params).json()["version"]
        for params in (query, {**query, "header": "true"}, {})
    ]
    assert versions == [1, 2, 3]


def test_curl_uploads_a_form(server, tmp_path):
    path = tmp_path / "a table.csv"
    path.write_bytes(b"a,b\n1,2\n3,4\n")
    command = ["curl", "-sS", "-F", f"file=@{path}", "-F", "name=table", f"{server.base_url}/v1/datasets"]
    answer = subprocess.run(command, capture_output=True, check=True, text=True, timeout=60).stdout
    assert '"filename":"a table.csv"' in answer
    assert '"version":1' in answer
