"""A bucket whose server is away, frozen or refuses; and what that leaves behind."""

import threading
import time
from datetime import timedelta

import pytest

from core.artifacts import hash_file
from core.errors import StorageRefused, StorageUnavailable
from storage.bucket import Bucket

IMPATIENT = ({"timeout": timedelta(seconds=1)}, {"max_retries": 1, "retry_timeout": timedelta(seconds=1)})


@pytest.fixture
def server(make_s3_server, monkeypatch):
    server = make_s3_server()
    for name, value in server.credentials.items():
        monkeypatch.setenv(name, value)
    return server


@pytest.fixture
def impatient(monkeypatch):
    monkeypatch.setattr("storage.bucket.LOOKING", IMPATIENT)
    monkeypatch.setattr("storage.bucket.CARRYING", IMPATIENT)


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "source"
    path.write_bytes(b"abc")
    return path


def open_bucket(server, **options):
    return Bucket(f"s3://{server.bucket}/some/prefix", server.url, **options)


@pytest.mark.usefixtures("impatient")
def test_a_server_that_is_away_is_a_clear_error(server, source):
    bucket = open_bucket(server)
    for use in (
        lambda: bucket.put_file("a", source, hash_file(source)),
        lambda: bucket.put_bytes("a", b"x"),
        lambda: bucket.find("a"),
        lambda: bucket.read_bytes("a"),
        lambda: bucket.find_hash("a"),
        lambda: list(bucket.list_objects("")),
        lambda: bucket.delete(["a"]),
        bucket.check,
    ):
        with pytest.raises(StorageUnavailable, match=r"s3://trainyard/some/prefix at http.* does not answer") as raised:
            use()
        assert not isinstance(raised.value, StorageRefused)
        # One line, without what the client says for its makers.
        assert "\n" not in raised.value.detail


def test_a_server_that_comes_back_within_seconds_is_waited_for(server, source):
    bucket = open_bucket(server)
    late = threading.Timer(1.0, server.start)
    late.start()
    began = time.monotonic()
    # Until the bucket is there, the server refuses; before that, it is away.
    while True:
        try:
            bucket.put_file("a", source, hash_file(source))
            break
        except StorageRefused:
            assert time.monotonic() < began + 60
    late.join()
    assert bucket.read_bytes("a") == b"abc"


@pytest.mark.usefixtures("impatient")
def test_a_frozen_server_is_given_up_and_works_again_once_it_thaws(server):
    server.start()
    bucket = open_bucket(server)
    bucket.put_bytes("a", b"x")
    server.freeze()
    with pytest.raises(StorageUnavailable):
        bucket.find("a")
    server.thaw()
    assert bucket.read_bytes("a") == b"x"


def test_an_upload_that_is_ended_in_the_middle_leaves_nothing(server, tmp_path):
    server.start()
    part_bytes = 5 * 1024 * 1024
    bucket = open_bucket(server, part_bytes=part_bytes)
    source = tmp_path / "large"
    source.write_bytes(bytes(4 * part_bytes))
    with pytest.raises(OSError, match="has changed while it was stored"):
        bucket.put_file("large", source, "0" * 64)
    assert list(bucket.list_objects("")) == []


def test_credentials_that_do_not_suffice_are_a_clear_error(server, source):
    server.start(checks_keys=True)
    bucket = open_bucket(server)
    for use in (bucket.check, lambda: bucket.put_file("a", source, hash_file(source)), lambda: bucket.find("a")):
        with pytest.raises(StorageRefused, match=r"refuses .* credentials in AWS_ACCESS_KEY_ID"):
            use()


def test_a_bucket_that_does_not_exist_is_a_clear_error(server, source):
    server.start()
    bucket = Bucket("s3://another-bucket", server.url)
    for use in (bucket.check, lambda: bucket.put_file("a", source, hash_file(source))):
        with pytest.raises(StorageRefused, match=r"s3://another-bucket .* Check that the bucket exists"):
            use()


def test_a_bucket_is_used_below_its_prefix(server):
    server.start()
    one, other = Bucket("s3://trainyard/one", server.url), Bucket("s3://trainyard", server.url)
    one.put_bytes("folder/a", b"x")
    assert [found.key for found in other.list_objects("")] == ["one/folder/a"]
    assert [found.key for found in one.list_objects("folder")] == ["folder/a"]
    assert list(one.list_objects("fold")) == []
    assert one.describe_place("folder/a") == "s3://trainyard/one/folder/a"


def test_many_objects_are_deleted_at_once(server):
    server.start()
    bucket = open_bucket(server)
    for number in range(3):
        bucket.put_bytes(f"objects/{number}", b"x")
    bucket.delete([f"objects/{number}" for number in range(2000)])
    assert list(bucket.list_objects("")) == []
