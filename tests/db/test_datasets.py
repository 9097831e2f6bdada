import threading
from time import sleep
from uuid import uuid4

import pytest

from core.errors import Conflict, InvalidInput, UnknownDataset, UnknownDatasetVersion
from core.uploads.description import ColumnDescription, DescriptionFile, TableDescription
from core.uploads.reading import NO_OPTIONS, ReadingOptions
from db import datasets, new_runs, runs, stored_datasets
from db.stored_datasets import Upload
from storage.dataset_folders import DatasetFolders

COLUMN = ColumnDescription(name="x", type="text", num_missing=0, num_distinct=2)
DESCRIBED = DescriptionFile(format="csv", description=TableDescription(num_rows=3, columns=(COLUMN,)))


@pytest.fixture
def store(tmp_path):
    return DatasetFolders(tmp_path / "datasets")


@pytest.fixture
def add(database):
    """Register a version whose sha256 consists of the given hexadecimal digit; return its number."""

    def make(name="flowers", digit="a", described=DESCRIBED, **changes):
        options = {"num_bytes": 7, "described": described, "summary": "3 rows", "filename": "f.csv"} | changes
        with database.transaction() as session:
            return datasets.add(session, name=name, sha256=digit * 64, **options)[0].version

    return make


@pytest.fixture
def upload(database, store):
    """Store bytes as the API does; return True if they were new."""

    def make(name="flowers", digit="a", options=NO_OPTIONS):
        incoming = store.open()
        try:
            incoming.folder.original.write_text(digit)
            incoming.folder.description.write_text(DESCRIBED.model_dump_json())
            incoming.sync()
            stored = stored_datasets.add_new(
                database, store, Upload(name, digit * 64, 1, None, options), incoming.folder, DESCRIBED
            )
        finally:
            incoming.discard()
        return stored[1]

    return make


def ask(database, function, *arguments, **options):
    with database.reading() as session:
        return function(session, *arguments, **options)


def change(database, function, *arguments):
    with database.transaction() as session:
        return function(session, *arguments)


def test_other_bytes_make_the_next_version_and_the_same_bytes_do_not(database, add):
    assert [add(digit="a"), add(digit="b"), add(digit="a"), add(name="stones", digit="a")] == [1, 2, 1, 1]
    found = ask(database, datasets.get_version, "flowers")
    assert (found.version, found.sha256, found.num_bytes, found.filename) == (2, "b" * 64, 7, "f.csv")
    assert (found.kind, found.format, found.summary) == ("table", "csv", "3 rows")
    assert DescriptionFile.model_validate(found.description) == DESCRIBED
    assert [record.version for record in ask(database, datasets.list_versions, "flowers")] == [2, 1]


def test_the_number_of_a_deleted_version_is_not_reused(database, add):
    add(digit="a")
    add(digit="b")
    change(database, datasets.delete_version, "flowers", 2)
    assert add(digit="b") == 3
    change(database, datasets.delete_dataset, "flowers")
    assert add(digit="c") == 4


def test_the_same_bytes_read_with_other_options_make_the_next_version(database, add):
    assert [add(reading="1" * 16), add(), add(reading="2" * 16), add(reading="1" * 16), add()] == [1, 2, 3, 1, 2]
    assert change(database, datasets.delete_version, "flowers", 1) == ["a" * 64 + "-" + "1" * 16]
    assert change(database, datasets.delete_version, "flowers", 2) == ["a" * 64]
    add(name="stones", reading="2" * 16)
    assert change(database, datasets.delete_dataset, "flowers") == []


def test_pages_go_by_name_and_show_the_newest_version(database, add):
    for name in ("stones", "flowers", "birds"):
        add(name=name)
    add(digit="b")
    first = ask(database, datasets.list_page, limit=2)
    assert [(item.newest.dataset_name, item.newest.version, item.num_versions) for item in first.items] == [
        ("birds", 1, 1),
        ("flowers", 2, 2),
    ]
    rest = ask(database, datasets.list_page, limit=2, cursor=first.next_cursor)
    assert ([item.newest.dataset_name for item in rest.items], rest.next_cursor) == (["stones"], None)
    with pytest.raises(InvalidInput):
        ask(database, datasets.list_page, cursor="nonsense")


def test_an_unknown_dataset_is_reported_with_the_known_ones(database, add):
    add()
    with pytest.raises(UnknownDataset, match=r"Did you mean 'flowers'.*trainyard data add flower FILE"):
        ask(database, datasets.get_version, "flower")
    for version in (2, 0, 2**70):
        with pytest.raises(UnknownDatasetVersion, match=f"no version {version}. It has 1"):
            ask(database, datasets.get_version, "flowers", version)
    change(database, datasets.delete_version, "flowers", 1)
    with pytest.raises(UnknownDataset, match="no dataset 'flowers'"):
        ask(database, datasets.list_versions, "flowers")
    assert ask(database, datasets.list_page).items == []


def test_text_that_no_database_holds_is_replaced(database, add):
    column = COLUMN.model_copy(update={"name": "a\x00b"})
    described = DESCRIBED.model_copy(update={"description": TableDescription(num_rows=1, columns=(column,))})
    add(described=described, filename="\x00.csv")
    found = ask(database, datasets.get_version, "flowers")
    assert found.description["description"]["columns"][0]["name"] == "a\N{REPLACEMENT CHARACTER}b"
    assert found.filename == "\N{REPLACEMENT CHARACTER}.csv"


def test_a_version_cannot_be_deleted_while_an_unfinished_run_trains_on_it(database, add, queue_run, claim, finish):
    add(digit="a")
    add(digit="b")
    run_id = queue_run()
    change(database, datasets.use, run_id, "flowers", 1)
    claimed = None
    for state in ("queued", "running"):
        for delete, arguments in ((datasets.delete_version, ("flowers", 1)), (datasets.delete_dataset, ("flowers",))):
            with pytest.raises(Conflict, match=str(run_id)):
                change(database, delete, *arguments)
        claimed = claim() if state == "queued" else claimed
    assert change(database, datasets.delete_version, "flowers", 2) == ["b" * 64]
    finish(claimed)
    assert change(database, datasets.delete_dataset, "flowers") == ["a" * 64]
    assert ask(database, runs.get, run_id).state == "succeeded"


def test_a_deleted_run_no_longer_uses_anything(database, add, queue_run):
    add()
    run_id = queue_run()
    change(database, datasets.use, run_id, "flowers", 1)
    change(database, runs.cancel, run_id)
    change(database, runs.delete, run_id)
    assert change(database, datasets.delete_version, "flowers", 1) == ["a" * 64]


def test_bytes_that_another_version_has_are_not_reported_as_unreferenced(database, add):
    add()
    add(name="stones")
    assert change(database, datasets.delete_dataset, "flowers") == []
    assert change(database, datasets.delete_dataset, "stones") == ["a" * 64]


def test_a_version_that_is_deleted_while_a_run_of_it_is_submitted_is_either_kept_or_not_used(database, add, queue_run):
    add()
    run_id = queue_run()
    is_used, outcome = threading.Event(), []

    def delete():
        is_used.wait(10)
        try:
            change(database, datasets.delete_version, "flowers", 1)
        except Conflict as error:
            outcome.append(error)

    other = threading.Thread(target=delete)
    other.start()
    with database.transaction() as session:
        datasets.use(session, run_id, "flowers", 1)
        is_used.set()
        # On PostgreSQL the deletion is in the middle of its transaction now, on SQLite at its beginning.
        sleep(0.2)
        assert outcome == []
    other.join(10)
    assert str(run_id) in str(outcome[0])


def test_a_run_that_is_submitted_while_its_version_is_deleted_is_rejected(database, add, queue_run):
    add()
    run_id = queue_run()
    is_deleted, outcome = threading.Event(), []

    def use():
        is_deleted.wait(10)
        try:
            change(database, datasets.use, run_id, "flowers", 1)
        except UnknownDatasetVersion as error:
            outcome.append(error)

    other = threading.Thread(target=use)
    other.start()
    with database.transaction() as session:
        datasets.delete_version(session, "flowers", 1)
        is_deleted.set()
        sleep(0.2)
        assert outcome == []
    other.join(10)
    assert "deleted just now" in str(outcome[0])


def test_uploads_of_the_same_bytes_at_once_are_stored_once(database, store, upload, at_once):
    are_new = at_once(*[upload] * 4, *[lambda: upload("stones")] * 2)
    assert sorted(are_new) == [False, False, False, False, True, True]
    assert store.folder("a" * 64).original.read_text() == "a"
    assert [path.name for path in store.root.iterdir()] == ["aa"]
    assert [item.num_versions for item in ask(database, datasets.list_page).items] == [1, 1]


def test_files_go_with_the_last_version_that_has_their_bytes(database, store, upload):
    upload()
    upload("stones")
    for name, is_there in (("flowers", True), ("stones", False)):
        hashes = change(database, datasets.delete_dataset, name)
        stored_datasets.remove_unused(database, store, [*hashes, "a" * 64])
        assert store.holds("a" * 64) is is_there
    assert list(store.root.glob(".*")) == []


def test_each_reading_has_files_of_its_own_that_go_with_its_last_version(database, store, upload):
    options = ReadingOptions(header=False)
    assert [upload(), upload(options=options), upload("stones", options=options)] == [True, True, True]
    keys = ["a" * 64, f"{'a' * 64}-{options.digest}"]
    assert [store.folder(key).original.read_text() for key in keys] == ["a", "a"]
    for name, version, are_there in (("flowers", 1, (False, True)), ("flowers", 2, (False, True))):
        stored_datasets.remove_unused(database, store, change(database, datasets.delete_version, name, version))
        assert tuple(map(store.holds, keys)) == are_there
    assert stored_datasets.tidy(database, store, older_than_seconds=-60) == 0
    stored_datasets.remove_unused(database, store, change(database, datasets.delete_dataset, "stones"))
    assert not any(map(store.holds, keys))


def test_files_of_a_reading_without_a_row_are_tidied_away(database, store, upload):
    upload()
    upload("stones", options=ReadingOptions(header=False))
    change(database, datasets.delete_dataset, "stones")
    assert stored_datasets.tidy(database, store, older_than_seconds=-60) == 1
    assert store.holds("a" * 64)


def test_bytes_are_known_by_the_options_that_they_were_read_with(database, store, upload):
    upload()
    other = Upload("flowers", "a" * 64, 1, None, ReadingOptions(header=False))
    assert stored_datasets.add_known(database, store, other) is None
    upload(options=other.options)
    assert stored_datasets.add_known(database, store, other)[0].version == 2


def test_bytes_that_are_uploaded_again_while_they_are_deleted_are_kept_whole(database, store, upload, at_once):
    upload()

    def delete():
        stored_datasets.remove_unused(database, store, change(database, datasets.delete_dataset, "flowers"))

    for _ in range(5):
        results = at_once(delete, lambda: upload("stones"))
        assert not any(isinstance(result, Exception) for result in results)
        assert store.holds("a" * 64)
        upload()
        stored_datasets.remove_unused(database, store, change(database, datasets.delete_dataset, "stones"))


def test_known_bytes_are_not_read_again_unless_their_files_are_gone(database, store, upload):
    known = Upload("stones", "a" * 64, 1, "s.csv")
    assert stored_datasets.add_known(database, store, known) is None
    upload()
    record, is_new = stored_datasets.add_known(database, store, known)
    assert (record.dataset_name, record.version, record.filename, is_new) == ("stones", 1, "s.csv", True)
    store.take_away("a" * 64)()
    assert stored_datasets.add_known(database, store, known) is None
    assert upload() is False
    assert store.holds("a" * 64)


def test_an_upload_that_cannot_be_recorded_leaves_no_files(store, upload, monkeypatch):
    def fail(*_arguments, **_options):
        raise RuntimeError

    with monkeypatch.context() as context:
        context.setattr(datasets, "add", fail)
        with pytest.raises(RuntimeError):
            upload()
    assert [path for path in store.root.rglob("*") if path.is_file()] == []


def test_old_files_without_a_row_are_tidied_away(database, store, upload):
    upload()
    upload("stones", "b")
    change(database, datasets.delete_dataset, "stones")
    assert stored_datasets.tidy(database, store, older_than_seconds=60) == 0
    assert stored_datasets.tidy(database, store, older_than_seconds=-60) == 1
    assert (store.holds("a" * 64), store.holds("b" * 64)) == (True, False)


def test_a_run_that_is_not_there_uses_nothing(database, add):
    add()
    with pytest.raises(Exception, match=r"(?i)foreign key"):
        change(database, datasets.use, uuid4(), "flowers", 1)


def test_runs_that_wait_are_pinned_to_a_version_and_others_are_not(database, add):
    add(name="mnist")

    def queue(dataset):
        spec = {"name": "digits", "dataset": dataset}
        with database.transaction() as session:
            return runs.create(session, experiment="e", model_name="digits", spec=spec).id

    waiting, other = queue({"name": "mnist", "rescale": True}), queue({"name": "iris"})
    pinned = queue({"name": "mnist", "dataset": "mnist", "version": 9, "sha256": "b" * 64})
    cancelled = queue({"name": "mnist"})
    change(database, runs.cancel, cancelled)
    version = ask(database, datasets.get_version, "mnist")

    assert [change(database, datasets.pin_runs, "mnist", version) for _ in range(2)] == [1, 0]

    found = {run_id: ask(database, runs.get, run_id) for run_id in (waiting, other, pinned, cancelled)}
    pin = {"dataset": "mnist", "version": 1, "sha256": "a" * 64}
    assert found[waiting].spec["dataset"] == {"name": "mnist", "rescale": True} | pin
    assert found[other].spec["dataset"] == {"name": "iris"}
    assert found[pinned].spec["dataset"]["version"] == 9
    assert found[cancelled].spec["dataset"] == {"name": "mnist"}
    assert all(run.spec_sha256 == new_runs.hash_spec(run.spec) for run in found.values())
    with pytest.raises(Conflict, match=str(waiting)):
        change(database, datasets.delete_dataset, "mnist")


def test_the_error_for_an_unknown_dataset_names_what_to_upload(database):
    with pytest.raises(UnknownDataset, match=r"no dataset 'mnist'\. Upload it: trainyard data add mnist DIR"):
        ask(database, datasets.get_version, "mnist", uploaded_from="DIR")
