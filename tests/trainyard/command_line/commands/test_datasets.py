import gzip
import io
import json
import tarfile

from trainyard.mnist import MNIST_FILES

VERSION = {
    "name": "flowers",
    "version": 2,
    "kind": "table",
    "format": "csv",
    "summary": "4 rows of 3 columns",
    "sha256": "a" * 64,
    "num_bytes": 81,
    "filename": "flowers.csv",
    "created_at": "2026-11-21T09:30:00Z",
    "description": {
        "kind": "table",
        "num_rows": 4,
        "columns": [
            {"name": "width", "type": "number", "num_missing": 1, "num_distinct": 3, "least": 0.2, "greatest": 1.9},
            {
                "name": "species",
                "type": "text",
                "num_missing": 0,
                "num_distinct": 2,
                "values": [{"value": "setosa", "count": 2}, {"value": "virginica", "count": 2}],
            },
        ],
        "splits": {"train": 3, "test": 1},
        "sample": [[0.2, "setosa"], [None, "setosa"]],
    },
    "warnings": [{"code": "empty_column", "pointer": "/columns/0", "detail": "The column 'x' is empty."}],
    "example_spec": {"name": "flowers"},
}


def test_the_four_files_of_mnist_are_sent_as_one_archive(invoke, fake, answer, tmp_path):
    for name in MNIST_FILES:
        (tmp_path / f"{name}.gz").write_bytes(gzip.compress(name.encode()))
    version = VERSION | {"name": "mnist", "version": 1, "summary": "4 arrays", "format": "tar", "warnings": []}
    fake.on("POST", "/v1/datasets/mnist/versions", answer(version, 201))
    result = invoke("data", "add", "mnist", str(tmp_path))
    assert (result.exit_code, result.stdout) == (0, "Added mnist, version 1: 4 arrays (tar, 81 B).\n")
    (request,) = fake.requests
    assert request.query == [("filename", "mnist.tar")]
    with tarfile.open(fileobj=io.BytesIO(request.raw)) as archive:
        assert archive.getnames() == list(MNIST_FILES)


def test_nothing_is_sent_where_files_of_mnist_are_missing(invoke, fake, tmp_path):
    (tmp_path / MNIST_FILES[0]).write_bytes(b"x")
    result = invoke("data", "add", "mnist", str(tmp_path))
    assert result.exit_code == 1
    assert ", ".join(MNIST_FILES[1:]) in result.stderr
    assert fake.requests == []


def test_an_archive_is_sent_under_the_name_of_mnist_as_it_is(invoke, fake, answer, tmp_path):
    (tmp_path / "mnist.npz").write_bytes(b"arrays")
    fake.on("POST", "/v1/datasets/mnist/versions", answer(VERSION | {"name": "mnist"}, 201))
    assert invoke("data", "add", "mnist", str(tmp_path / "mnist.npz")).exit_code == 0
    assert (fake.requests[0].raw, fake.requests[0].query) == (b"arrays", [("filename", "mnist.npz")])


def test_mnist_needs_a_folder(invoke, tmp_path):
    result = invoke("data", "add", "mnist", str(tmp_path / "none"))
    assert result.exit_code == 1
    assert "is not a folder that can be read" in result.stderr


def test_a_file_is_sent_as_it_is(invoke, fake, answer, tmp_path):
    (tmp_path / "flowers.csv").write_bytes(b"width,species\n")
    fake.on("POST", "/v1/datasets/flowers/versions", answer(VERSION, 201), answer(VERSION, 200))
    added = invoke("data", "add", "flowers", str(tmp_path / "flowers.csv"))
    assert added.stdout == "Added flowers, version 2: 4 rows of 3 columns (csv, 81 B).\n"
    assert added.stderr == "Warning: The column 'x' is empty. (empty_column at /columns/0)\n"
    (request,) = fake.requests
    assert (request.raw, request.query) == (b"width,species\n", [("filename", "flowers.csv")])
    again = invoke("data", "add", "flowers", str(tmp_path / "flowers.csv"))
    assert again.stdout.startswith("The service has these bytes already: flowers, version 2:")


def test_a_folder_is_sent_as_an_archive(invoke, fake, answer, tmp_path):
    for name in ("cat/1.png", "dog/2.png", ".hidden/3.png"):
        path = tmp_path / "pets" / name
        path.parent.mkdir(parents=True)
        path.write_bytes(name.encode())
    fake.on("POST", "/v1/datasets/pets/versions", answer(VERSION, 201))
    assert invoke("data", "add", "pets", str(tmp_path / "pets")).exit_code == 0
    (request,) = fake.requests
    assert request.query == [("filename", "pets.tar")]
    with tarfile.open(fileobj=io.BytesIO(request.raw)) as archive:
        assert archive.getnames() == ["cat/1.png", "dog/2.png"]
        assert archive.extractfile("dog/2.png").read() == b"dog/2.png"


def test_what_cannot_be_sent_is_reported(invoke, tmp_path):
    (tmp_path / "empty").mkdir()
    for name, words in (("none", "cannot be read"), ("empty", "There are no files")):
        result = invoke("data", "add", "flowers", str(tmp_path / name))
        assert result.exit_code == 1
        assert words in result.stderr


def test_what_is_in_an_upload_is_shown(invoke, fake):
    fake.on("GET", "/v1/datasets/flowers", {"name": "flowers", "newest": VERSION})
    fake.on("GET", "/v1/datasets/flowers/versions/2", VERSION)
    shown = invoke("data", "show", "flowers").stdout
    assert invoke("data", "show", "flowers", "--version", "2").stdout == shown
    lines = [" ".join(line.split()) for line in shown.splitlines()]
    for line in (
        "holds 4 rows of 3 columns",
        "Split as uploaded: train 3, test 1",
        "width number 1 3 0.2 to 1.9",
        "species text 0 2 setosa (2), virginica (2)",
        "0.2 setosa",
        "Warning: The column 'x' is empty. (empty_column at /columns/0)",
    ):
        assert line in lines
    assert json.loads(invoke("data", "show", "flowers", "--json").stdout) == VERSION
    assert json.loads(invoke("data", "show", "flowers", "--spec").stdout) == {"name": "flowers"}


def test_what_is_built_in_has_nothing_to_show(invoke, fake):
    fake.on("GET", "/v1/datasets/iris", {"name": "iris", "description": "150 irises.", "newest": None})
    result = invoke("data", "show", "iris")
    assert (result.exit_code, result.stderr) == (1, "Error: 'iris' is built in. 150 irises.\n")


def test_an_upload_is_downloaded_under_its_name(invoke, fake, answer, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    fake.on("GET", "/v1/datasets/flowers", {"name": "flowers", "newest": VERSION})
    disposition = {"Content-Disposition": "attachment; filename*=UTF-8''..%2Fmy%20flowers.csv"}
    fake.on("GET", "/v1/datasets/flowers/versions/2/content", answer("width", headers=disposition))
    assert invoke("data", "get", "flowers").stdout == "Wrote my flowers.csv, 5 B.\n"
    assert (tmp_path / "my flowers.csv").read_text() == "width"
    assert "exists already" in invoke("data", "get", "flowers").stderr
    assert invoke("data", "get", "flowers", "-o", "other.csv").exit_code == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["my flowers.csv", "other.csv"]


def test_an_upload_is_deleted_whole_or_one_version_of_it(invoke, fake, answer):
    fake.on("DELETE", "/v1/datasets/flowers", answer(status=204))
    fake.on("DELETE", "/v1/datasets/flowers/versions/2", answer({"detail": "Run 1 uses it."}, 409))
    assert invoke("data", "delete", "flowers", "--yes").stdout == "Deleted dataset flowers.\n"
    rejected = invoke("data", "delete", "flowers", "--version", "2")
    assert (rejected.exit_code, rejected.stderr) == (1, "Error: Run 1 uses it.\n")


def test_datasets_are_listed_page_by_page(invoke, fake):
    digits = {"name": "digits", "kind": "built_in", "description": "Digits."}
    upload = {"name": "flowers", "kind": "table", "version": 2, "num_bytes": 81}
    first = {"items": [digits], "next_cursor": "next"}
    fake.on("GET", "/v1/datasets", first, {"items": [upload], "next_cursor": None}, first, {"items": [upload]})
    result = invoke("data")
    assert result.exit_code == 0
    assert [line.split() for line in result.stdout.splitlines()[1:]] == [
        ["digits", "built", "in", "Digits."],
        ["flowers", "table", "2", "81", "B"],
    ]
    assert fake.requests[1].query == [("limit", "200"), ("cursor", "next")]
    assert json.loads(invoke("data", "--json").stdout) == {"items": [digits, upload]}


def test_options_of_reading_are_sent_with_the_file(invoke, fake, answer, tmp_path):
    (tmp_path / "a.csv").write_text("1;2\n")
    fake.on("POST", "/v1/datasets/flowers/versions", answer(VERSION, 201))
    arguments = [
        *("--no-header", "--delimiter", ";", "--decimal", ",", "--thousands", "none", "--encoding", "latin-1"),
        *("--missing-word", "-", "--missing-word", "n.a.", "--skip-rows", "0", "--date-format", "%d.%m.%Y"),
        *("--type", "a=b=text", "--type", "zip=text", "--sheet", "Data", "--quotechar", "none"),
    ]
    result = invoke("data", "add", "flowers", str(tmp_path / "a.csv"), *arguments)
    assert result.exit_code == 0, result.stderr
    (request,) = fake.requests
    assert request.query == [
        ("filename", "a.csv"),
        ("header", "false"),
        ("delimiter", ";"),
        ("quotechar", "none"),
        ("encoding", "latin-1"),
        ("decimal", ","),
        ("thousands", "none"),
        ("missing_words", "-"),
        ("missing_words", "n.a."),
        ("skip_rows", "0"),
        ("date_format", "%d.%m.%Y"),
        ("sheet", "Data"),
        ("columns", '{"a=b": {"type": "text"}, "zip": {"type": "text"}}'),
    ]


def test_an_upload_is_read_again_with_other_options(invoke, fake, answer):
    fake.on("GET", "/v1/datasets/flowers", answer({"name": "flowers", "newest": VERSION}))
    fake.on("POST", "/v1/datasets/flowers/versions/2:reread", answer(VERSION | {"version": 3}, 201))
    result = invoke("data", "reread", "flowers", "--header", "--type", "width=number")
    assert result.exit_code == 0, result.stderr
    assert result.stdout == "Added flowers, version 3: 4 rows of 3 columns (csv, 81 B).\n"
    assert result.stderr == "Warning: The column 'x' is empty. (empty_column at /columns/0)\n"
    assert fake.requests[-1].body == {"header": True, "columns": {"width": {"type": "number"}}}


def test_a_version_can_be_named_for_reading_it_again(invoke, fake, answer):
    fake.on("POST", "/v1/datasets/flowers/versions/1:reread", answer(VERSION, 200))
    result = invoke("data", "reread", "flowers", "--version", "1")
    assert result.stdout.startswith("The service has these bytes already: flowers, version 2")
    assert [request.body for request in fake.requests] == [{}]


def test_a_type_without_a_column_is_rejected(invoke, fake, tmp_path):
    (tmp_path / "a.csv").write_text("1;2\n")
    for entry in ("text", "=text"):
        result = invoke("data", "add", "flowers", str(tmp_path / "a.csv"), "--type", entry)
        assert (result.exit_code, "expected COLUMN=TYPE" in result.stderr) == (1, True)
    assert fake.requests == []


def test_how_a_text_was_read_is_shown(invoke, fake, answer):
    findings = [
        {"option": "header", "value": True, "sureness": "doubtful", "reason": "all columns hold text"},
        {"option": "delimiter", "value": "\t", "sureness": "certain", "reason": ""},
    ]
    fake.on("GET", "/v1/datasets/flowers", answer({"name": "flowers", "newest": VERSION | {"findings": findings}}))
    shown = invoke("data", "show", "flowers").stdout
    assert "header     yes    doubtful  all columns hold text" in shown
    assert "delimiter  tab    certain" in shown
