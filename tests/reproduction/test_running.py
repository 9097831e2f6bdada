"""Data that is uploaded before presets are trained on it."""

import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

from core.catalogue.presets import get_preset
from core.catalogue.uploads import PUBLISHED_UPLOADS
from core.datasets.mnist import MNIST
from reproduction.running import send_data

DIGITS = Path(__file__).parents[1] / "data" / "mnist"


class FakeClient:
    """Keeps what is uploaded, and says that it has this sha256."""

    def __init__(self, sha256, names=()):
        self.uploads = dict.fromkeys(names)
        self._sha256 = sha256

    def list_datasets(self):
        return [SimpleNamespace(name=name) for name in self.uploads]

    def upload_dataset(self, name, source):
        self.uploads[name] = source

    def get_dataset(self, name):
        assert name in self.uploads
        return SimpleNamespace(sha256=self._sha256)


@pytest.fixture
def folder(tmp_path):
    folder = shutil.copytree(DIGITS, tmp_path / "data")
    (folder / "cifar10-images.tar.xz").write_bytes(b"photographs")
    return folder


def dataset_of(preset):
    return get_preset(preset).spec.dataset


def test_mnist_is_uploaded_from_its_folder_and_photographs_from_their_file(folder, capsys):
    for preset, name, source in (
        ("mnist-softmax", MNIST, folder),
        ("cifar10-cnn", "cifar10", folder / "cifar10-images.tar.xz"),
    ):
        client = FakeClient(PUBLISHED_UPLOADS[name])
        assert send_data(client, dataset_of(preset), folder)
        assert client.uploads == {name: source}
    assert capsys.readouterr().out == ""


def test_what_the_service_has_is_not_uploaded_again(folder):
    client = FakeClient(PUBLISHED_UPLOADS[MNIST], [MNIST])
    assert send_data(client, dataset_of("mnist-softmax"), folder)
    assert client.uploads == {MNIST: None}


def test_other_bytes_than_those_behind_the_catalogue_are_reported(folder, capsys):
    assert send_data(FakeClient("a" * 64), dataset_of("mnist-softmax"), folder)
    assert f"'mnist' has the sha256 {'a' * 64}, not that" in capsys.readouterr().out


@pytest.mark.parametrize("preset", ["mnist-softmax", "cifar10-cnn"])
def test_data_that_is_nowhere_is_not_uploaded(tmp_path, preset):
    for folder in (tmp_path, tmp_path / "none"):
        client = FakeClient("")
        assert not send_data(client, dataset_of(preset), folder)
        assert client.uploads == {}


def test_built_in_data_needs_no_upload(tmp_path):
    assert send_data(FakeClient(""), dataset_of("iris-keras"), tmp_path)
