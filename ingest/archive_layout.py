"""Layout of an archive: images in one folder per class, parts of a table, or arrays."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import PurePosixPath
from typing import Literal

from core.images.files import FORMAT_NAMES
from core.notices import Notice
from core.uploads.description import SplitName
from ingest.errors import RejectedUpload, quoted
from ingest.formats import FileKind

SPLIT_WORDS: dict[str, SplitName] = {
    "train": "train",
    "training": "train",
    "test": "test",
    "testing": "test",
    "val": "validation",
    "valid": "validation",
    "validation": "validation",
    "dev": "validation",
}
IMAGE_SUFFIXES = {".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff"}
FOREIGN_IMAGE_SUFFIXES = {".avif", ".heic", ".heif", ".jp2", ".jxl"}
"""Photographs in formats that are not read; to ignore them would leave out a part of the data."""
PROSE = re.compile(
    r"^(readme|licen[cs]e|copying|changelog|authors|citation|notice|index)\b|\.(md|rst|html?|names|log|xml|py)$", re.I
)
"""Documents that are commonly packed with the data."""
OFFICE_FILE = "[Content_Types].xml"
"""Every .xlsx is a zip archive with this file in it."""
MAX_CLASSES = 10_000
UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")
ARRAY_SUFFIXES = re.compile(r"(\.gz|\.npy|\.idx)+$", re.I)
LONGEST_ARRAY_NAME = 100
MAX_LISTED = 5


@dataclass(frozen=True, slots=True)
class Entry:
    """A file in an archive.

    Attributes:
        kind: Detected from the content; for a file compressed with gzip, the kind of the file inside.
        is_packed: True if the file is compressed with gzip.
    """

    path: PurePosixPath
    num_bytes: int
    kind: FileKind
    is_packed: bool = False


@dataclass(frozen=True, slots=True)
class MemberRole:
    """Role of one file in the dataset.

    Attributes:
        name: Class of an image, name of an array, or path of a part of a table (for messages).
    """

    entry: Entry
    name: str
    split: SplitName | None = None


@dataclass(frozen=True, slots=True)
class Layout:
    """Kind of an archive and its files, sorted by path."""

    kind: Literal["images", "table", "arrays"]
    places: dict[PurePosixPath, MemberRole]
    warnings: tuple[Notice, ...]


def arrange(entries: Sequence[Entry]) -> Layout:
    """Determine the layout of an archive.

    Raises:
        RejectedUpload: If the archive holds no data, mixes kinds of data, or has an unsupported layout.
    """
    if any(entry.path.name == OFFICE_FILE for entry in entries):
        raise RejectedUpload(
            "unknown_format", "The file is an office document, such as an Excel workbook. Save the table as CSV."
        )
    ordered = sorted(entries, key=lambda entry: entry.path.as_posix())
    _check_different(ordered)
    _check_image_names(ordered)
    images = [entry for entry in ordered if entry.kind == "image"]
    arrays = [entry for entry in ordered if entry.kind in ("npy", "idx")]
    parquet = [entry for entry in ordered if entry.kind == "parquet"]
    texts = [entry for entry in ordered if entry.kind == "text" and not PROSE.search(entry.path.name)]
    found = [name for name, some in (("images", images), ("arrays", arrays), ("Parquet files", parquet)) if some]
    if len(found) > 1:
        raise RejectedUpload(
            "mixed_contents", f"The archive holds {' and '.join(found)}. Upload images, arrays and tables separately."
        )
    if images:
        return Layout("images", _place_images(images), _warn_ignored(ordered, images))
    if arrays:
        return Layout("arrays", _place_arrays(arrays), _warn_ignored(ordered, arrays))
    tables = parquet or texts
    if not tables:
        raise RejectedUpload(
            "empty",
            f"None of the {len(ordered)} files in the archive is an image, an array or a table. Pack "
            f"{FORMAT_NAMES} files in one folder per class, CSV, JSON Lines or Parquet files, or NPY or IDX files.",
        )
    return Layout("table", _place_tables(tables), _warn_ignored(ordered, tables))


def _check_different(ordered: Sequence[Entry]) -> None:
    for before, entry in pairwise(ordered):
        if before.path == entry.path:
            raise RejectedUpload("unsafe_archive", f"{quoted(str(entry.path))} is in the archive twice. Pack it once.")


def _check_image_names(ordered: Sequence[Entry]) -> None:
    for entry in ordered:
        if entry.kind != "image" and entry.path.suffix.lower() in IMAGE_SUFFIXES | FOREIGN_IMAGE_SUFFIXES:
            raise RejectedUpload(
                "bad_image",
                f"{quoted(str(entry.path))} in the archive is named like an image but is not one of the formats "
                f"{FORMAT_NAMES}. Repair, convert or remove it.",
            )


def _place_images(images: Sequence[Entry]) -> dict[PurePosixPath, MemberRole]:
    parts = [entry.path.parts for entry in images]
    while len({path[0] for path in parts}) == 1 and all(len(path) > 2 for path in parts):  # noqa: PLR2004 -- A class folder and the file.
        parts = [path[1:] for path in parts]
    has_splits = all(path[0].lower() in SPLIT_WORDS for path in parts) and len(parts[0]) > 2  # noqa: PLR2004
    depth = 3 if has_splits else 2
    places = {}
    for entry, path in zip(images, parts, strict=True):
        if len(path) != depth:
            raise RejectedUpload(
                "mixed_contents",
                f"The image {quoted(str(entry.path))} is not in a class folder. Pack CLASS/image.png, or "
                "train/CLASS/image.png and test/CLASS/image.png.",
            )
        split = SPLIT_WORDS[path[0].lower()] if has_splits else None
        places[entry.path] = MemberRole(entry, path[-2], split)
    num_classes = len({place.name for place in places.values()})
    if num_classes > MAX_CLASSES:
        raise RejectedUpload(
            "too_large", f"There are {num_classes:,} class folders; at most {MAX_CLASSES:,} are allowed."
        )
    return places


def _place_arrays(arrays: Sequence[Entry]) -> dict[PurePosixPath, MemberRole]:
    stems = Counter(_array_name(entry.path.name).casefold() for entry in arrays)
    places: dict[PurePosixPath, MemberRole] = {}
    used: set[str] = set()
    for entry in arrays:
        name = _array_name(entry.path.name)
        if stems[name.casefold()] > 1:
            name = _array_name("_".join(entry.path.parts))
        while name.casefold() in used:
            name += "_"
        used.add(name.casefold())
        places[entry.path] = MemberRole(entry, name)
    return places


def _array_name(name: str) -> str:
    """Return a safe file name: letters, digits, dot, dash and underscore, beginning with a letter or a digit."""
    return UNSAFE.sub("_", ARRAY_SUFFIXES.sub("", name)).lstrip("._-")[:LONGEST_ARRAY_NAME] or "array"


def _place_tables(tables: Sequence[Entry]) -> dict[PurePosixPath, MemberRole]:
    splits = [_split_of(entry.path) for entry in tables]
    if None in splits and len(set(splits)) > 1:
        other = tables[splits.index(None)]
        raise RejectedUpload(
            "mixed_contents",
            f"Some files are named after a split, but {quoted(str(other.path))} is not. Name the split of every file "
            "or of none.",
        )
    has_splits = len(set(splits)) > 1
    return {
        entry.path: MemberRole(entry, str(entry.path), split if has_splits else None)
        for entry, split in zip(tables, splits, strict=True)
    }


def _split_of(path: PurePosixPath) -> SplitName | None:
    """Return the split in a path: `train.csv`, `iris-test.csv`, `train-00000-of-00002.parquet`, `test/part1.csv`."""
    for part in reversed(path.parts):
        for word in re.split(r"[^a-z]+", part.lower()):
            if word in SPLIT_WORDS:
                return SPLIT_WORDS[word]
    return None


def _warn_ignored(entries: Sequence[Entry], used: Sequence[Entry]) -> tuple[Notice, ...]:
    taken = {entry.path for entry in used}
    others = [quoted(str(entry.path)) for entry in entries if entry.path not in taken]
    if not others:
        return ()
    more = f" and {len(others) - MAX_LISTED} more" if len(others) > MAX_LISTED else ""
    detail = f"Files in the archive that were ignored: {', '.join(others[:MAX_LISTED])}{more}."
    return (Notice("files_ignored", "", detail),)
