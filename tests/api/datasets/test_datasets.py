import gzip
import hashlib
import struct

import pytest

from core.datasets.dataset import BUILT_IN_SOURCES

FILES = [
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
]
PATH = "/v1/datasets/mnist/files"


def images(num=2, size=(28, 28), num_bytes=None):
    pixels = bytes(range(256)) * 32
    header = struct.pack(">4B3I", 0, 0, 8, 3, num, *size)
    return header + pixels[: num * size[0] * size[1] if num_bytes is None else num_bytes]


def labels(num=2, num_bytes=None):
    return struct.pack(">4BI", 0, 0, 8, 1, num) + bytes(num if num_bytes is None else num_bytes)


def content_for(name):
    return images() if "images" in name else labels()


def names_in(settings):
    folder = settings.datasets_dir / "mnist"
    return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []


def test_datasets_are_listed_with_what_is_missing(client):
    items = {item["name"]: item for item in client.get("/v1/datasets").json()["items"]}
    assert list(items) == sorted(source.source_name() for source in BUILT_IN_SOURCES)
    assert (items["iris"]["state"], items["iris"]["missing"]) == ("ready", [])
    assert (items["mnist"]["state"], items["mnist"]["files"]) == ("missing", [])
    assert items["mnist"]["missing"] == FILES


def test_files_are_put_in_place_until_none_is_missing(client, settings):
    for number, name in enumerate(FILES):
        sent, content = (f"{name}.gz", gzip.compress(content_for(name))) if number % 2 else (name, content_for(name))
        answer = client.put(f"{PATH}/{sent}", content=content)
        assert answer.status_code == 200, answer.text
        assert answer.json()["name"] == "mnist"
        assert sent in answer.json()["files"]
        assert answer.json()["missing"] == FILES[number + 1 :]
        assert (settings.datasets_dir / "mnist" / sent).read_bytes() == content
    (mnist,) = [item for item in client.get("/v1/datasets").json()["items"] if item["name"] == "mnist"]
    assert mnist["state"] == "ready"
    assert client.post("/v1/specs:validate", json={"preset": "mnist-mlp"}).json()["warnings"] == []


def test_a_file_takes_the_place_of_what_was_there_under_another_form_of_its_name(client, settings):
    name = "t10k-labels-idx1-ubyte"
    for sent, content in ((name, labels(3)), (f"{name}.gz", gzip.compress(labels(4))), (name, labels(5))):
        client.put(f"{PATH}/{sent}", content=content)
        assert names_in(settings) == [sent]
        assert (settings.datasets_dir / "mnist" / sent).read_bytes() == content


def test_files_put_there_by_hand_with_the_datasets_name_in_front_are_known(client, settings):
    folder = settings.datasets_dir / "mnist"
    folder.mkdir(parents=True)
    (folder / "mnist-t10k-labels-idx1-ubyte.gz").write_bytes(b"")
    (mnist,) = [item for item in client.get("/v1/datasets").json()["items"] if item["name"] == "mnist"]
    assert mnist["files"] == ["mnist-t10k-labels-idx1-ubyte.gz"]
    assert "t10k-labels-idx1-ubyte" not in mnist["missing"]


@pytest.mark.parametrize(
    ("filename", "content", "words"),
    [
        ("t10k-labels-idx1-ubyte", b"", "begins with nothing"),
        ("t10k-labels-idx1-ubyte", images(), "begins with 00000803, not with 00000801"),
        ("t10k-images-idx3-ubyte", labels(), "begins with 00000801, not with 00000803"),
        ("t10k-labels-idx1-ubyte", b"\x00\x00\x08\x01\x00", "ends within its header"),
        ("t10k-labels-idx1-ubyte", labels(0), "1 to 10000"),
        ("t10k-labels-idx1-ubyte", labels(10_001), "1 to 10000"),
        ("train-labels-idx1-ubyte", labels(60_001), "1 to 60000"),
        ("t10k-labels-idx1-ubyte", labels(9, num_bytes=8), "promises 9 bytes and only 8 follow"),
        ("t10k-labels-idx1-ubyte", labels(9, num_bytes=10), "promises 9 bytes and more follow"),
        ("t10k-images-idx3-ubyte", images(size=(32, 32)), "(32, 32), not (28, 28)"),
        ("t10k-labels-idx1-ubyte", gzip.compress(labels(), mtime=0), "begins with 1f8b"),
        ("t10k-labels-idx1-ubyte.gz", labels(), "cannot be unpacked"),
        ("t10k-labels-idx1-ubyte.gz", gzip.compress(labels(), mtime=0)[:-4], "cannot be unpacked"),
        ("t10k-labels-idx1-ubyte.gz", gzip.compress(images(), mtime=0), "begins with 00000803"),
    ],
    ids=lambda value: "content" if isinstance(value, bytes) else value,
)
def test_a_file_that_is_not_what_its_name_says_is_rejected_and_leaves_nothing(
    client, settings, filename, content, words
):
    answer = client.put(f"{PATH}/{filename}", content=content)
    assert answer.status_code == 422
    assert answer.json()["code"] == "invalid_dataset_file"
    assert words in answer.json()["detail"]
    assert names_in(settings) == []


def test_a_rejected_file_leaves_the_one_that_was_there(client, settings):
    path = f"{PATH}/t10k-labels-idx1-ubyte"
    client.put(path, content=labels())
    assert client.put(path, content=images()).status_code == 422
    assert (settings.datasets_dir / "mnist" / "t10k-labels-idx1-ubyte").read_bytes() == labels()


def test_an_archive_that_unpacks_to_much_more_is_not_unpacked(client, settings, monkeypatch):
    unpacked = []
    original = gzip.GzipFile.read

    def read(file, size=-1):
        data = original(file, size)
        unpacked.append(len(data))
        return data

    monkeypatch.setattr(gzip.GzipFile, "read", read)
    bomb = gzip.compress(labels(100, num_bytes=50_000_000))
    answer = client.put(f"{PATH}/t10k-labels-idx1-ubyte.gz", content=bomb)
    assert answer.status_code == 422
    assert sum(unpacked) < 1000
    assert names_in(settings) == []


def test_a_file_over_the_limit_is_rejected_while_it_is_sent(client, settings, monkeypatch):
    monkeypatch.setattr("api.datasets.routes.MAX_FILE_BYTES", 100)
    path = f"{PATH}/t10k-labels-idx1-ubyte"
    for content in (labels(93), iter([labels(50), bytes(43)])):
        answer = client.put(path, content=content)
        assert answer.status_code == 413
        assert names_in(settings) == []
    assert client.put(path, content=labels(92)).status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "mnist/files/t10k-label-idx1-ubyte",
        "mnist/files/train-images-idx3-ubyte.gz.gz",
        "mnist/files/mnist-train-images-idx3-ubyte",
        "mnist/files/.gz",
        "mnist/files/%2e%2e%2fsecret",
        "mnist/files/..%5csecret",
        "iris/files/train-images-idx3-ubyte",
        "cifar10/files/train-images-idx3-ubyte",
    ],
)
def test_only_the_files_of_mnist_are_taken(client, settings, path):
    answer = client.put(f"/v1/datasets/{path}", content=images())
    assert answer.status_code == 404
    assert not settings.datasets_dir.exists()


def test_a_file_of_many_pieces_arrives_whole(client, settings):
    content = images(10)
    pieces = [content[start : start + 1000] for start in range(0, len(content), 1000)]
    assert client.put(f"{PATH}/t10k-images-idx3-ubyte", content=iter(pieces)).status_code == 200
    stored = (settings.datasets_dir / "mnist" / "t10k-images-idx3-ubyte").read_bytes()
    assert hashlib.sha256(stored).digest() == hashlib.sha256(content).digest()
