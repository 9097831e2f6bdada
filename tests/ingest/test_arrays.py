import gzip
import io
import struct

import numpy as np
import pytest

from core.uploads.description import ValueCount


def npy(array, **options):
    file = io.BytesIO()
    np.lib.format.write_array(file, array, **options)
    return file.getvalue()


def npz(**arrays):
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)
    return file.getvalue()


def idx(array, code):
    return bytes([0, 0, code, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()


def stored(folder, name="array"):
    return np.load(folder.arrays / f"{name}.npy", mmap_mode="r", allow_pickle=False)


@pytest.mark.parametrize(
    "array",
    [
        np.arange(24, dtype=np.float32).reshape(2, 3, 4),
        np.asfortranarray(np.arange(24, dtype=np.int16).reshape(4, 6)),
        np.arange(6, dtype=">f8").reshape(2, 3),
        np.array([True, False, True]),
        np.arange(5, dtype=np.float16),
    ],
    ids=["C order", "Fortran order", "big-endian", "booleans", "half floats"],
)
def test_npy_becomes_a_little_endian_array_in_c_order(take, folder, array):
    file = take(npy(array))
    found = stored(folder)
    assert file.format == "npy"
    assert file.description.arrays[0].dtype == array.dtype.name
    assert found.flags["C_CONTIGUOUS"]
    assert found.dtype == array.dtype.newbyteorder("<")
    np.testing.assert_array_equal(found, array)


def test_fortran_array_of_several_chunks_is_transposed(take, folder, monkeypatch):
    monkeypatch.setattr("ingest.arrays.CHUNK_BYTES", 64)
    array = np.asfortranarray(np.arange(3 * 5 * 7, dtype=np.int64).reshape(3, 5, 7))
    take(npy(array))
    np.testing.assert_array_equal(stored(folder), array)


def test_ranges_and_numbers_that_are_not_finite_are_reported(take):
    file = take(npy(np.array([[1.5, np.nan], [-2.0, np.inf]])))
    found = file.description.arrays[0]
    assert (found.least, found.greatest, found.num_not_finite) == (-2.0, 1.5, 2)
    (warning,) = file.warnings
    assert (warning.code, warning.pointer) == ("not_finite", "/arrays/0")
    assert "NaN" in warning.detail
    assert file.description.sample == {"array": [[1.5, None], [-2.0, None]]}


def test_whole_numbers_along_one_axis_are_counted_as_classes(take):
    found = take(npy(np.array([3, 1, 3, 3, 1, 0]))).description.arrays[0]
    assert found.values == (
        ValueCount(value="3", count=3),
        ValueCount(value="1", count=2),
        ValueCount(value="0", count=1),
    )


def test_npz_gives_each_array_by_its_name(take, folder):
    x, y = np.ones((4, 2), np.float32), np.array([0, 1, 0, 1])
    file = take(npz(x=x, y=y))
    assert file.format == "npz"
    assert [array.name for array in file.description.arrays] == ["x", "y"]
    np.testing.assert_array_equal(stored(folder, "y"), y)


@pytest.mark.parametrize(
    ("code", "dtype"), [(0x08, "u1"), (0x09, "i1"), (0x0B, ">i2"), (0x0C, ">i4"), (0x0D, ">f4"), (0x0E, ">f8")]
)
def test_idx_of_every_type_is_read_when_compressed(take, folder, code, dtype):
    array = np.arange(6).reshape(3, 2).astype(dtype)
    assert take(gzip.compress(idx(array, code))).format == "idx"
    np.testing.assert_array_equal(stored(folder), array)


def test_idx_files_in_a_zip_are_arrays_by_the_names_of_their_files(take, folder, zipped):
    images = np.arange(8, dtype=np.uint8).reshape(2, 2, 2)
    labels = np.array([1, 0], np.uint8)
    file = take(
        zipped(
            {
                "mnist/train-images-idx3-ubyte.gz": gzip.compress(idx(images, 8)),
                "mnist/train-labels-idx1-ubyte": idx(labels, 8),
            }
        )
    )
    assert file.format == "zip"
    np.testing.assert_array_equal(stored(folder, "train-images-idx3-ubyte"), images)
    np.testing.assert_array_equal(stored(folder, "train-labels-idx1-ubyte"), labels)


def test_arrays_of_one_name_in_two_folders_are_named_after_the_folders(take, zipped):
    file = take(zipped({"train/x.npy": npy(np.ones(2)), "test/x.npy": npy(np.ones(1))}))
    assert [array.name for array in file.description.arrays] == ["test_x", "train_x"]


class Evil:
    def __reduce__(self):
        return (print, ("a pickle was opened",))


@pytest.mark.parametrize(
    ("content", "code", "message"),
    [
        (npy(np.array([Evil()], object)), "unsupported_type", "pickle"),
        (npy(np.zeros(2, [("a", "i4")])), "unsupported_type", "type"),
        (npy(np.array(["a"])), "unsupported_type", "CSV"),
        (npy(np.ones(2, complex)), "unsupported_type", "complex"),
        (npy(np.float64(1)), "empty", "single number"),
        (npy(np.ones((0, 3))), "empty", "(0, 3)"),
        (npy(np.ones(100))[:-8], "truncated", "is incomplete"),
        (npy(np.ones(100)) + b"more", "unreadable", "after its end"),
        (b"\x93NUMPY\x01\x00\x10\x00{'descr': 1 / 0}\n", "unreadable", "invalid NPY header"),
        (npy(np.ones(2)).replace(b"(2,)", b"(999999999999,)", 1), "truncated", "is incomplete"),
        (b"\x00\x00\x08\x03\x00\x00", "truncated", "IDX header"),
        (b"\x00\x00\x08\x01\xff\xff\xff\xff\x01", "truncated", "4,294,967,303"),
        (idx(np.ones((5, 28, 28), np.uint8), 8)[:-1], "truncated", "needs 3,936 bytes; got 3,935"),
        (idx(np.ones((5, 28, 28), np.uint8), 8) + b"x", "unreadable", "after its end"),
        (idx(np.ones((0, 28, 28), np.uint8), 8), "empty", "(0, 28, 28)"),
        (gzip.compress(idx(np.ones((5, 28, 28), np.uint8), 8) + bytes(1_000_000)), "unreadable", "after its end"),
        (gzip.compress(npy(np.ones(1000)))[:-20], "truncated", "is incomplete"),
    ],
)
def test_bad_arrays_are_rejected(refuse, capsys, content, code, message):
    refused = refuse(content)
    assert refused.code == code
    assert message in refused.detail
    assert capsys.readouterr().out == ""


def test_array_over_the_limit_of_bytes_is_rejected(refuse):
    assert refuse(npz(x=np.zeros(1_000_000)), max_bytes=1_000_000).code == "too_large"
