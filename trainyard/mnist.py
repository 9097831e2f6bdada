"""LeCun's four IDX files of MNIST as one upload."""

import gzip
import zlib
from pathlib import Path
from typing import IO, cast

from trainyard.errors import InvalidArgument
from trainyard.uploads import CHUNK_BYTES, ArchiveUpload, Member, OnProgress

MNIST = "mnist"
"""Name that the files are uploaded under."""

MNIST_FILES = (
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
)
"""In the order in which they stand in the archive."""

GZIP_MAGIC = b"\x1f\x8b"


class MnistUpload(ArchiveUpload):
    """The four IDX files of MNIST as a tar archive, under their published names and never gzipped.

    The archive depends on what the files hold alone: not on their names, times and owners, nor on how they are
    compressed. Of the published files it therefore has one sha256 everywhere, which the service knows.

    Raises:
        InvalidArgument: If one of the files is missing from the folder, or cannot be read.
    """

    def __init__(self, folder: Path, on_progress: OnProgress | None = None) -> None:
        found = find_mnist_files(folder)
        if missing := [name for name in MNIST_FILES if name not in found]:
            raise InvalidArgument(
                f"Missing in '{folder}', gzipped or not: {', '.join(missing)}. '{MNIST}' is made of LeCun's four "
                "files; upload other data under another name."
            )
        super().__init__([_make_member(name, found[name]) for name in MNIST_FILES], on_progress)


def find_mnist_files(folder: Path) -> dict[str, Path]:
    """Return those of the four files that lie in a folder, gzipped or not, by their published names.

    `mnist-train-images-idx3-ubyte.gz` and `train-images.idx3-ubyte` are known too.

    Raises:
        InvalidArgument: If the folder cannot be read.
    """
    try:
        entries = sorted(entry for entry in folder.iterdir() if entry.is_file())
    except OSError as error:
        raise InvalidArgument(f"'{folder}' is not a folder that can be read: {error.strerror}.") from error
    found: dict[str, Path] = {}
    for name in MNIST_FILES:
        # The shortest name is the one with the least around it; sorted before, so the choice is the same every time.
        candidates = sorted((entry for entry in entries if _is_called(entry.name, name)), key=_name_length)
        if candidates:
            found[name] = candidates[0]
    return found


def _is_called(filename: str, name: str) -> bool:
    # "train-images-idx3-ubyte" and "train-images.idx3-ubyte" are both in use.
    return filename.lower().removesuffix(".gz").replace(".idx", "-idx").endswith(name)


def _name_length(entry: Path) -> int:
    return len(entry.name)


def _make_member(name: str, path: Path) -> Member:
    num_bytes = 0
    try:
        with _open_unpacked(path) as file:
            while chunk := file.read(CHUNK_BYTES):
                num_bytes += len(chunk)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise InvalidArgument(f"'{path}' cannot be unpacked: {error}. Use the file as it was published.") from error
    except OSError as error:
        raise InvalidArgument(f"'{path}' cannot be read: {error.strerror}.") from error
    return Member(name, path, num_bytes, _open_unpacked)


def _open_unpacked(path: Path) -> IO[bytes]:
    with path.open("rb") as file:
        is_gzipped = file.read(len(GZIP_MAGIC)) == GZIP_MAGIC
    return cast("IO[bytes]", gzip.open(path, "rb")) if is_gzipped else path.open("rb")
