"""The four files of MNIST, found in a folder under the names they commonly have."""

from pathlib import Path

from trainyard.errors import InvalidArgument

MNIST_FILES = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)
GZIP_MAGIC = b"\x1f\x8b"


def find_mnist_files(folder: Path) -> tuple[dict[str, Path], list[str]]:
    """Look for LeCun's IDX files, gzipped or not.

    `mnist-train-images-idx3-ubyte.gz` and `train-images.idx3-ubyte` are known too.

    Returns:
        The files found, by the name to send each under, which ends in `.gz` exactly if the bytes are gzipped;
        and the names of those that are missing.

    Raises:
        InvalidArgument: If the folder can not be read.
    """
    try:
        entries = sorted(entry for entry in folder.iterdir() if entry.is_file())
    except OSError as error:
        raise InvalidArgument(f"'{folder}' is not a folder that can be read: {error.strerror}.") from error
    found: dict[str, Path] = {}
    missing: list[str] = []
    for name in MNIST_FILES:
        # The shortest name is the one with the least around it; sorted before, so the choice is the same every time.
        candidates = sorted((entry for entry in entries if _is_called(entry.name, name)), key=_name_length)
        if candidates:
            suffix = ".gz" if _is_gzipped(candidates[0]) else ""
            found[name + suffix] = candidates[0]
        else:
            missing.append(name)
    return found, missing


def _is_called(filename: str, name: str) -> bool:
    # "train-images-idx3-ubyte" and "train-images.idx3-ubyte" are both in use.
    return filename.lower().removesuffix(".gz").replace(".idx", "-idx").endswith(name)


def _name_length(entry: Path) -> int:
    return len(entry.name)


def _is_gzipped(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(len(GZIP_MAGIC)) == GZIP_MAGIC
    except OSError as error:
        raise InvalidArgument(f"'{path}' can not be read: {error.strerror}.") from error
