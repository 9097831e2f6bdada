"""Ingestion of image files in class folders: one file with all their bytes, and an index with the offset of each.

The files are stored as uploaded: photographs decoded to pixels would take ten times the space. Each is decoded once,
so that a run never reads a broken one.
"""

from array import array
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from core.images.colours import is_grey
from core.images.files import ImageRefused, has_more_frames, opened
from core.images.pixels import MAX_PIXELS, upright_size
from core.notices import Notice
from core.uploads.description import SPLIT_NAMES, DescriptionFile, ImagesDescription, SplitName, ValueCount
from core.uploads.folder import IMAGE_RECORD
from ingest.archive_layout import MemberRole
from ingest.archive_members import Member
from ingest.errors import RejectedUpload, quoted
from ingest.limits import MIB
from ingest.workspace import Workspace

MAX_IMAGE_BYTES = 256 * MIB
"""Limit of one file."""
NUM_SAMPLED = 20


@dataclass(slots=True)
class Records:
    """Records of the images added so far, as compact integers: a million images take a few dozen mebibytes."""

    paths: list[str] = field(default_factory=list)
    rows: "array[int]" = field(default_factory=lambda: array("q"))
    num_grey: int = 0

    def add(self, path: str, *values: int) -> None:
        """Add one image; the values are those of IMAGE_RECORD."""
        self.paths.append(path)
        self.rows.extend(values)

    def sorted(self) -> tuple[list[str], np.ndarray[Any, Any]]:
        """Return paths and IMAGE_RECORDs, sorted by path."""
        order = sorted(range(len(self.paths)), key=self.paths.__getitem__)
        rows = np.frombuffer(self.rows, np.int64).reshape(-1, len(IMAGE_RECORD))[order]
        records = np.empty(len(order), np.dtype(IMAGE_RECORD))
        for place, (name, _) in enumerate(IMAGE_RECORD):
            records[name] = rows[:, place]
        return [self.paths[place] for place in order], records


@dataclass(frozen=True, slots=True)
class Looks:
    """Size and kind of an image, without its pixels.

    Attributes:
        has_more_frames: True if it is an animation or has several pages; the first is used.
    """

    height: int
    width: int
    is_grey: bool
    has_more_frames: bool


def take_images(
    members: Iterator[tuple[MemberRole, Member]], labels: Sequence[str], workspace: Workspace
) -> DescriptionFile:
    """Write images.bin and images.npy into the workspace.

    Raises:
        RejectedUpload: If one is broken or too large.
    """
    numbers = {label: number for number, label in enumerate(labels)}
    records, offset = Records(), 0
    animated: list[str] = []
    with workspace.results.image_bytes.open("wb") as out:
        for place, member in members:
            content = _read(member)
            looks = look_at(content, str(member.path))
            workspace.space.spend(len(content))
            out.write(content)
            split = -1 if place.split is None else SPLIT_NAMES.index(place.split)
            records.add(str(member.path), offset, len(content), looks.height, looks.width, numbers[place.name], split)
            records.num_grey += looks.is_grey
            if looks.has_more_frames:
                animated.append(str(member.path))
            offset += len(content)
    paths, table = records.sorted()
    workspace.space.spend(table.nbytes + 1024)
    np.save(workspace.results.image_records, table, allow_pickle=False)
    description = _describe(paths, table, labels, records.num_grey)
    return DescriptionFile(format="zip", description=description, warnings=_warn_animated(animated))


def look_at(content: bytes, path: str) -> Looks:
    """Decode an image.

    Raises:
        RejectedUpload: If it cannot be decoded, or has too many pixels.
    """
    try:
        with opened(content) as image:
            _check_size(image.height, image.width, path)
            holds_grey = is_grey(image)
            has_more = has_more_frames(image)
            height, width = upright_size(image)
            # Decoding a JPEG at an eighth of its size still reads all its bytes, in less time.
            image.draft(None, (max(1, image.width // 8), max(1, image.height // 8)))
            image.load()
            if image.format == "TIFF":
                # Pillow has turned it, by its Exif data or those in its XMP.
                height, width = image.height, image.width
    except ImageRefused as rejected:
        raise RejectedUpload("bad_image", f"The image {quoted(path)} {rejected.reason}") from rejected
    return Looks(height, width, holds_grey, has_more)


def _warn_animated(paths: Sequence[str]) -> tuple[Notice, ...]:
    if not paths:
        return ()
    which = f"{len(paths):,} images have" if len(paths) > 1 else "An image has"
    detail = f"{which} several frames or pages, of which only the first is used: {quoted(min(paths))}"
    return (Notice("first_frame_used", "", f"{detail} and others." if len(paths) > 1 else f"{detail}."),)


def _check_size(height: int, width: int, path: str) -> None:
    if width * height > MAX_PIXELS:
        raise RejectedUpload(
            "too_large",
            f"The image {quoted(path)} has {height:,} × {width:,} pixels; at most {MAX_PIXELS:,} are allowed. Resize "
            "it: networks take a few hundred pixels a side.",
        )


def _read(member: Member) -> bytes:
    parts, num_bytes = [], 0
    while part := member.read(MIB):
        num_bytes += len(part)
        if num_bytes > MAX_IMAGE_BYTES:
            raise RejectedUpload(
                "too_large", f"The image {quoted(str(member.path))} has over {MAX_IMAGE_BYTES:,} bytes. Resize it."
            )
        parts.append(part)
    return b"".join(parts)


def _describe(
    paths: Sequence[str], table: np.ndarray[Any, Any], labels: Sequence[str], num_grey: int
) -> ImagesDescription:
    per_class = np.bincount(table["label"], minlength=len(labels))
    return ImagesDescription(
        num_images=len(paths),
        classes=tuple(ValueCount(value=label, count=int(num)) for label, num in zip(labels, per_class, strict=True)),
        splits=_count_splits(table),
        least_height=int(table["height"].min()),
        greatest_height=int(table["height"].max()),
        least_width=int(table["width"].min()),
        greatest_width=int(table["width"].max()),
        num_grey=num_grey,
        sample=_sample(paths, table, labels),
    )


def _count_splits(table: np.ndarray[Any, Any]) -> dict[SplitName, int]:
    counts = Counter(table["split"].tolist())
    return {name: counts[place] for place, name in enumerate(SPLIT_NAMES) if counts[place]}


def _sample(paths: Sequence[str], table: np.ndarray[Any, Any], labels: Sequence[str]) -> tuple[dict[str, Any], ...]:
    """Return images evenly spaced over all of them, so that several classes are represented."""
    places = sorted({round(place) for place in np.linspace(0, len(paths) - 1, NUM_SAMPLED).tolist()})
    return tuple(
        {
            "path": paths[place],
            "label": labels[table["label"][place]],
            "height": int(table["height"][place]),
            "width": int(table["width"][place]),
        }
        for place in places
    )
