import threading

import pytest

from core.checkpoints import SavedState
from storage.artifact_folder import ArtifactFolder
from worker.checkpoint_uploads import CheckpointUploads, UploadFailed


class SlowFolder(ArtifactFolder):
    """A store that waits before it takes a file."""

    def __init__(self, root):
        super().__init__(root)
        self.may_go_on = threading.Event()

    def put(self, source, name=None):
        self.may_go_on.wait(20)
        return super().put(source, name)


@pytest.fixture
def store(tmp_path):
    return SlowFolder(tmp_path / "store")


@pytest.fixture
def uploads(store):
    uploads = CheckpointUploads(store)
    yield uploads
    store.may_go_on.set()
    uploads.close()


@pytest.fixture
def save(tmp_path):
    """Write a checkpoint as a trainer does."""

    def write(step, *, is_best=False):
        path = tmp_path / f"{step}-checkpoint.npz"
        path.write_text(f"{step}")
        return SavedState(path, step, step // 10, "loss", 0.5, is_best)

    return write


def collect_all(uploads):
    uploads.wait()
    found = []
    while (checkpoint := uploads.collect()) is not None:
        found.append(checkpoint)
    return found


def test_a_checkpoint_arrives_in_the_store_and_its_file_is_removed(uploads, store, save):
    saved = save(10, is_best=True)
    uploads.add(saved)
    assert uploads.collect() is None

    store.may_go_on.set()
    (checkpoint,) = collect_all(uploads)

    assert (checkpoint.step, checkpoint.epoch, checkpoint.num_bytes, checkpoint.is_best) == (10, 1, 2, True)
    assert store.verified_path(checkpoint.sha256).read_text() == "10"
    assert not saved.path.exists()


def test_of_those_that_wait_the_newest_and_the_best_are_stored(uploads, store, save):
    states = [save(10), save(20), save(30, is_best=True), save(40), save(50)]
    for saved in states:
        uploads.add(saved)

    store.may_go_on.set()

    assert [checkpoint.step for checkpoint in collect_all(uploads)] == [10, 30, 50]
    assert not any(saved.path.exists() for saved in states)


def test_a_file_that_cannot_be_stored_is_told_with_its_step(uploads, store, save):
    saved = save(10)
    saved.path.unlink()
    uploads.add(saved)
    store.may_go_on.set()
    uploads.wait()

    with pytest.raises(UploadFailed, match="No such file") as caught:
        uploads.collect()
    assert caught.value.step == 10
    assert uploads.collect() is None
