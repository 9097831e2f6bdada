"""Files of MNIST that an older release stored one by one become an upload at the next start."""

import asyncio
import gzip
import logging
import shutil
from pathlib import Path

import pytest

from api.app import create_app
from api.datasets import older_mnist
from api.datasets.intake import ingest_pieces
from api.datasets.older_mnist import adopt_older_mnist
from core.datasets.mnist import MNIST
from core.errors import Conflict
from db import datasets, new_runs, runs
from db.claims import claim_run, finish_run

DIGITS = Path(__file__).parents[2] / "data" / "mnist"
SHA256 = "206785bd29047774cd15a60d1187080870f8a847b62f09336c4fa7e6c57f3dd7"
"""Of what `trainyard data add mnist` makes of them, as tests/trainyard/test_mnist.py says."""
SPEC = {
    "name": "digits",
    # As an older release stored it.
    "dataset": {"name": "mnist", "rescale": True, "max_train_samples": 60_000, "max_test_samples": 10_000},
    "model": {"kind": "mlp", "layers": [{"units": 10, "activation": "softmax"}]},
    "training": {"loss": "sparse_categorical_crossentropy", "epochs": 1},
}


@pytest.fixture
def folder(settings):
    """The folder of an older release, with its four files."""
    return shutil.copytree(DIGITS, settings.datasets_dir / MNIST)


@pytest.fixture
def uploaded(make_client, settings):
    """Start the service; what is uploaded as MNIST then, by version."""

    def start():
        answer = make_client(settings).get("/v1/datasets/mnist")
        return {each["version"]: each["sha256"] for each in answer.json()["versions"]} if answer.is_success else {}

    return start


def queue_run(database, spec=SPEC):
    with database.transaction() as session:
        return runs.create(session, experiment="older", model_name="digits", spec=spec).id


def spec_of(database, run_id):
    with database.reading() as session:
        run = runs.get(session, run_id)
        assert run.spec_sha256 == new_runs.hash_spec(run.spec)
        return run.spec


def test_the_files_become_the_upload_that_the_command_line_makes_of_them(folder, uploaded):
    assert uploaded() == {1: SHA256}
    assert not folder.exists()
    assert uploaded() == {1: SHA256}


@pytest.mark.parametrize("name", ["mnist-{}-ubyte.gz", "{}-ubyte", "mnist-{}-ubyte"])
def test_files_under_every_form_of_their_names_are_known(folder, uploaded, name):
    for path in list(folder.iterdir()):
        content = path.read_bytes() if name.endswith(".gz") else gzip.decompress(path.read_bytes())
        path.unlink()
        (folder / name.format(path.name.removesuffix("-ubyte.gz"))).write_bytes(content)
    assert uploaded() == {1: SHA256}
    assert not folder.exists()


def test_the_form_of_a_file_that_was_read_before_is_the_one_that_is_taken(folder, uploaded):
    (folder / "train-labels-idx1-ubyte").write_bytes(b"plain, never read beside a gzipped one")
    (folder / "mnist-t10k-labels-idx1-ubyte.gz").write_bytes(b"never read beside one under its own name")
    assert uploaded() == {1: SHA256}
    assert sorted(path.name for path in folder.iterdir()) == [
        "mnist-t10k-labels-idx1-ubyte.gz",
        "train-labels-idx1-ubyte",
    ]


def test_what_else_lies_with_the_files_stays(folder, uploaded):
    (folder / "notes.txt").write_text("mine")
    (folder / ".incoming-abc").write_bytes(b"cut off")
    assert uploaded() == {1: SHA256}
    assert [path.name for path in folder.iterdir()] == ["notes.txt"]


def test_of_a_folder_that_is_a_link_the_link_goes_and_the_files_stay(settings, uploaded, tmp_path):
    files = shutil.copytree(DIGITS, tmp_path / "elsewhere")
    settings.datasets_dir.mkdir()
    (settings.datasets_dir / MNIST).symlink_to(files, target_is_directory=True)
    assert uploaded() == {1: SHA256}
    assert not (settings.datasets_dir / MNIST).is_symlink()
    assert len(list(files.iterdir())) == 4


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda path: path.unlink(), "Of the four files only t10k-images-idx3-ubyte, t10k-labels-idx1-ubyte"),
        (lambda path: path.write_bytes(path.read_bytes()[:-9]), "Compressed file ended"),
        (lambda path: path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes())[:-9])), "is incomplete"),
    ],
)
def test_files_that_cannot_be_uploaded_stay_and_the_log_says_what_to_do(folder, uploaded, caplog, change, words):
    names = sorted(path.name for path in folder.iterdir())
    change(folder / "train-labels-idx1-ubyte.gz")
    with caplog.at_level(logging.WARNING):
        assert uploaded() == {}
    (message,) = [record.getMessage() for record in caplog.records if "MNIST" in record.getMessage()]
    assert words in message
    assert message.endswith(f"Upload the four files: trainyard data add mnist {folder}")
    assert {path.name for path in folder.iterdir()} >= set(names) - {"train-labels-idx1-ubyte.gz"}


def test_what_was_uploaded_as_mnist_meanwhile_stays_the_newest(make_client, settings, uploaded, caplog):
    answer = make_client(settings).post("/v1/datasets/mnist/versions", content=b"a,b\n1,2\n3,4\n")
    folder = shutil.copytree(DIGITS, settings.datasets_dir / MNIST)
    with caplog.at_level(logging.WARNING):
        assert uploaded() == {1: answer.json()["sha256"]}
    assert len(list(folder.iterdir())) == 4
    assert f"MNIST's files in {folder} are not used" in caplog.text


@pytest.mark.usefixtures("folder")
def test_runs_that_wait_are_trained_on_the_upload_and_ended_ones_stay_as_they_are(uploaded, database):
    ended = queue_run(database)
    with database.transaction() as session:
        claimed = claim_run(session, owner="here", lease_seconds=60)
        finish_run(session, claimed.run_id, claimed.attempt, artifacts=[], phases={})
    waiting, other = queue_run(database), queue_run(database, SPEC | {"dataset": {"name": "iris"}})

    assert uploaded() == {1: SHA256}

    pin = {"dataset": "mnist", "version": 1, "sha256": SHA256}
    assert spec_of(database, waiting) == SPEC | {"dataset": SPEC["dataset"] | pin}
    assert spec_of(database, ended) == SPEC
    assert spec_of(database, other)["dataset"] == {"name": "iris"}
    with database.transaction() as session, pytest.raises(Conflict, match=str(waiting)):
        datasets.delete_dataset(session, MNIST)


@pytest.mark.usefixtures("folder")
def test_the_spec_of_an_older_run_is_shown_and_can_be_run_again(make_client, settings, database):
    run_id = queue_run(database)
    client = make_client(settings)
    shown = client.get(f"/v1/runs/{run_id}").json()["spec"]
    assert client.post("/v1/runs", json={"spec": shown}).status_code == 202
    again = client.post("/v1/runs", json={"spec": SPEC})
    assert again.status_code == 202
    assert client.get(again.headers["Location"]).json()["spec"]["dataset"]["sha256"] == SHA256


def test_processes_that_start_at_the_same_time_store_them_once(folder, settings, database, caplog, monkeypatch):
    ingested = []

    async def ingest_and_note(*arguments):
        ingested.append(arguments)
        return await ingest_pieces(*arguments)

    monkeypatch.setattr(older_mnist, "ingest_pieces", ingest_and_note)
    services = [create_app(settings).state.service for _ in range(3)]

    async def start_together():
        await asyncio.gather(*(adopt_older_mnist(service) for service in services))

    asyncio.run(start_together())
    assert len(ingested) == 1
    with database.reading() as session:
        assert datasets.get_version(session, MNIST).version == 1
    assert not folder.exists()
    assert [path.name for path in settings.datasets_dir.iterdir()] == ["uploads"]
    assert [record.message for record in caplog.records if record.levelno >= logging.WARNING] == []
    for service in services:
        service.database.dispose()
