import gzip
import json

import pytest

from client.mnist_files import MNIST_FILES

ROUTE = "/v1/datasets/mnist/files/"


@pytest.fixture
def taking(fake, answer):
    for name in MNIST_FILES:
        fake.on("PUT", f"{ROUTE}{name}", answer(status=204))
        fake.on("PUT", f"{ROUTE}{name}.gz", answer(status=204))


@pytest.mark.usefixtures("taking")
def test_four_files_are_sent_as_they_are(invoke, fake, tmp_path):
    contents = {f"{ROUTE}{name}.gz": gzip.compress(name.encode()) for name in MNIST_FILES}
    for name in MNIST_FILES:
        (tmp_path / f"{name}.gz").write_bytes(contents[f"{ROUTE}{name}.gz"])
    result = invoke("data", "add", "mnist", str(tmp_path))
    assert result.exit_code == 0
    assert result.stdout.splitlines() == [f"Added {name}.gz." for name in MNIST_FILES]
    assert {request.path: request.raw for request in fake.requests} == contents


@pytest.mark.usefixtures("taking")
def test_missing_files_are_named_after_the_others_were_sent(invoke, fake, tmp_path):
    (tmp_path / MNIST_FILES[0]).write_bytes(b"x")
    result = invoke("data", "add", "mnist", str(tmp_path))
    assert result.exit_code == 1
    assert result.stdout == f"Added {MNIST_FILES[0]}.\n"
    assert ", ".join(MNIST_FILES[1:]) in result.stderr
    assert len(fake.requests) == 1


def test_refused_file_is_told_in_words(invoke, fake, answer, tmp_path):
    (tmp_path / MNIST_FILES[0]).write_bytes(b"x")
    fake.on("PUT", f"{ROUTE}{MNIST_FILES[0]}", answer({"detail": "This is not an IDX file."}, 422))
    result = invoke("data", "add", "mnist", str(tmp_path))
    assert (result.exit_code, result.stderr) == (1, "Error: This is not an IDX file.\n")


@pytest.mark.parametrize(
    ("name", "message"), [("iris", "'mnist' only, not to 'iris'"), ("mnist", "is not a folder that can be read")]
)
def test_what_can_not_be_added_is_told(invoke, tmp_path, name, message):
    result = invoke("data", "add", name, str(tmp_path / "none"))
    assert result.exit_code == 1
    assert message in result.stderr


def test_datasets_are_listed(invoke, fake):
    items = [{"name": "mnist", "state": "missing", "description": "Digits."}, {"name": "iris"}]
    fake.on("GET", "/v1/datasets", {"items": items})
    result = invoke("data")
    assert result.exit_code == 0
    assert result.stdout.splitlines()[1:] == ["mnist    missing  Digits.", "iris"]
    assert json.loads(invoke("data", "--json").stdout) == {"items": items}
