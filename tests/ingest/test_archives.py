import io
import stat
import tarfile
import zipfile

import duckdb
import numpy as np
import pytest

TRAIN, TEST = b"a,b\n1,x\n2,y\n", b"b,a\nz,3\n"


def read_rows(folder):
    return duckdb.read_parquet(str(folder.table)).fetchall()


def test_train_and_test_files_become_one_table_with_a_column_of_splits(take, folder, zipped):
    file = take(zipped({"iris/test.csv": TEST, "iris/train.csv": TRAIN, "iris/README.md": b"# Iris"}))
    assert file.format == "zip"
    assert file.description.splits == {"train": 2, "test": 1}
    assert [column.name for column in file.description.columns] == ["b", "a"]
    assert read_rows(folder) == [("z", 3, "test"), ("x", 1, "train"), ("y", 2, "train")]
    assert duckdb.read_parquet(str(folder.table)).columns[-1] == "__trainyard_split__"


def test_parts_without_splits_become_one_table(take, folder, tarred):
    file = take(tarred({"part-1.csv": TRAIN, "part-2.csv": TEST}, "gz"))
    assert file.description.splits == {}
    assert read_rows(folder) == [(1, "x"), (2, "y"), (3, "z")]


def test_types_follow_from_all_parts(take, folder, zipped):
    take(zipped({"1.csv": b"a\n1\n2\n", "2.csv": b"a\n2.5\n"}))
    assert read_rows(folder) == [(1.0,), (2.0,), (2.5,)]


def test_parquet_parts_in_folders_of_splits(take, folder, zipped, tmp_path):
    parts = {}
    for split, number in (("train", 1), ("test", 2)):
        duckdb.sql(f"COPY (SELECT {number} AS n) TO '{tmp_path}/made' (FORMAT parquet)")
        parts[f"{split}/0.parquet"] = (tmp_path / "made").read_bytes()
    assert take(zipped(parts)).description.splits == {"train": 1, "test": 1}
    assert read_rows(folder) == [(2, "test"), (1, "train")]


def test_parts_with_other_columns_are_rejected_by_name(refuse, zipped):
    refused = refuse(zipped({"1.csv": TRAIN, "2.csv": b"a,c\n1,2\n"}))
    assert refused.code == "mixed_contents"
    assert "“2.csv”" in refused.detail
    assert "“b”" in refused.detail


def test_bad_line_is_reported_with_the_file_in_the_archive(refuse, zipped):
    refused = refuse(zipped({"1.csv": TRAIN, "2.csv": b"a,b\n1,2\n1,2,3\n"}))
    assert refused.code == "ragged_rows"
    assert "“2.csv”, line 3" in refused.detail


def test_some_files_with_a_split_and_some_without_are_rejected(refuse, zipped):
    assert refuse(zipped({"train.csv": TRAIN, "more.csv": TEST})).code == "mixed_contents"


def test_mixtures_are_rejected(refuse, zipped):
    array = io.BytesIO()
    np.save(array, np.ones(2))
    image = b"\x89PNG\r\n\x1a\n"
    assert refuse(zipped({"a/1.png": image, "x.npy": array.getvalue()})).code == "mixed_contents"
    assert refuse(zipped({"1.csv": TRAIN, "2.jsonl": b'{"a": 1, "b": 2}\n'})).code == "mixed_contents"


@pytest.mark.parametrize("name", ["/etc/passwd", "../x.csv", "a/../../x.csv", "a\\..\\x.csv", "C:/x.csv"])
def test_paths_out_of_the_archive_are_rejected_by_name(refuse, zipped, tarred, name):
    for content in (zipped({name: TRAIN}), tarred({name: TRAIN})):
        refused = refuse(content)
        assert refused.code == "unsafe_archive"
        assert name in refused.detail


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE])
def test_links_and_devices_in_tar_archives_are_rejected(refuse, kind):
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        info = tarfile.TarInfo("x.csv")
        info.type, info.linkname = kind, "/etc/passwd"
        archive.addfile(info)
    assert refuse(packed.getvalue()).code == "unsafe_archive"


def test_links_in_zip_archives_are_rejected(refuse):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        info = zipfile.ZipInfo("x.csv")
        info.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(info, "/etc/passwd")
    assert refuse(packed.getvalue()).code == "unsafe_archive"


def test_encrypted_zip_archive_is_rejected(refuse, zipped):
    content = bytearray(zipped({"x.csv": TRAIN}))
    # Bit 0 of the flags, in the file's own header and in the directory.
    content[6] |= 1
    content[content.index(b"PK\x01\x02") + 8] |= 1
    assert "encrypted" in refuse(bytes(content)).detail


def test_archives_in_archives_are_rejected(refuse, zipped, tarred):
    inner = zipped({"x.csv": TRAIN})
    assert refuse(zipped({"inner.zip": inner})).code == "unsafe_archive"
    assert refuse(tarred({"inner": tarred({"x.csv": TRAIN}, "gz")}, "xz")).code == "unsafe_archive"


@pytest.mark.parametrize("packing", ["zip", "gz"])
def test_bombs_are_rejected_while_they_are_read(refuse, zipped, tarred, packing, monkeypatch):
    monkeypatch.setattr("ingest.limits.RATIO_FROM", 1_000_000)
    files = {"x.csv": b"0\n" * 2_000_000}
    refused = refuse(zipped(files) if packing == "zip" else tarred(files, packing))
    assert refused.code == "too_large"
    assert "bomb" in refused.detail


def test_archive_that_unpacks_to_more_than_allowed_is_rejected(refuse, tarred):
    rows = np.random.default_rng(0).bytes(3_000_000).hex().encode()
    assert refuse(tarred({"x.csv": rows}, "gz"), max_bytes=2_000_000).code == "too_large"


@pytest.mark.parametrize("packing", ["zip", "", "gz", "xz", "bz2"])
def test_truncated_archives_are_rejected(refuse, zipped, tarred, packing):
    files = {f"{number}.csv": np.random.default_rng(number).bytes(3_000).hex().encode() for number in range(9)}
    content = zipped(files) if packing == "zip" else tarred(files, packing)
    assert refuse(content[: len(content) // 2]).code in ("truncated", "unreadable")


def test_empty_archives_and_those_without_data_are_rejected(refuse, zipped):
    assert refuse(zipped({})).code == "empty"
    assert refuse(zipped({"README.md": b"# Nothing"})).code == "empty"
