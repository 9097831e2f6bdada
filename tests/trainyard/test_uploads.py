import io
import os
import tarfile

import pytest

from trainyard.errors import InvalidArgument
from trainyard.uploads import CHUNK_BYTES, FolderUpload


def fill(folder, **contents):
    for name, content in contents.items():
        path = folder / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def pack(folder):
    content = FolderUpload(folder)
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


def test_small_files_are_sent_together(tmp_path):
    content = FolderUpload(fill(tmp_path, **{f"f{number}": b"1" * 600 for number in range(300)}))
    sizes = [len(chunk) for chunk in content.chunks()]
    assert sum(sizes) == content.num_bytes == 300 * (512 + 1024) + 1024
    assert len(sizes) == 2
    assert sizes[0] >= CHUNK_BYTES


def test_a_file_that_shrinks_while_it_is_sent_is_reported(tmp_path):
    content = FolderUpload(fill(tmp_path, a=b"1" * 600))
    (tmp_path / "a").write_bytes(b"1")
    with pytest.raises(InvalidArgument, match="became shorter"):
        list(content.chunks())
