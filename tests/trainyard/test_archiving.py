import io
import os
import tarfile

import pytest

from trainyard.archiving import FolderContent
from trainyard.errors import InvalidArgument


def fill(folder, **contents):
    for name, content in contents.items():
        path = folder / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def pack(folder):
    content = FolderContent(folder)
    packed = b"".join(content.chunks())
    assert len(packed) == content.num_bytes
    return packed


def test_an_archive_holds_every_file_under_its_path(tmp_path):
    deep = "x" * 120
    fill(tmp_path, a__one=b"1" * 513, a__two=b"", **{f"é__{deep}": b"3"})
    with tarfile.open(fileobj=io.BytesIO(pack(tmp_path)), mode="r:") as archive:
        assert {name: archive.extractfile(name).read() for name in archive.getnames()} == {
            "a/one": b"1" * 513,
            "a/two": b"",
            f"é/{deep}": b"3",
        }


def test_the_same_files_make_the_same_archive_whenever_they_were_written(tmp_path):
    first = fill(tmp_path / "first", b=b"2", a=b"1")
    second = fill(tmp_path / "second", a=b"1", b=b"2")
    os.utime(second / "a", (1, 1))
    (second / "b").chmod(0o600)
    assert pack(first) == pack(second)


def test_progress_ends_with_the_size_that_was_promised(tmp_path):
    told = []
    content = FolderContent(fill(tmp_path, a=b"1" * 600), told.append)
    assert len(b"".join(content.chunks())) == told[-1] == 512 + 1024 + 1024
    assert told[0] == 0


def test_a_file_that_shrinks_while_it_is_sent_is_told(tmp_path):
    content = FolderContent(fill(tmp_path, a=b"1" * 600))
    (tmp_path / "a").write_bytes(b"1")
    with pytest.raises(InvalidArgument, match="became shorter"):
        list(content.chunks())
