"""Ingestion of an archive: one pass to determine its layout, another to extract it.

The second pass costs time, but nothing is written before the layout is known, and nothing has to be kept in memory.
"""

import zlib
from collections.abc import Iterator
from pathlib import Path

from core.uploads.description import DescriptionFile
from core.uploads.reading import NO_OPTIONS, ReadingOptions
from ingest.archive_layout import Entry, Layout, MemberRole, arrange
from ingest.archive_members import Member, walk_archive
from ingest.errors import RejectedUpload, quoted
from ingest.formats import HEAD_BYTES, PACKERS, FileKind, kind_of
from ingest.limits import MIB, Ratio
from ingest.options import check_applicable
from ingest.table_parts import TablePart
from ingest.workspace import Workspace

GZIP_BITS = 16 + zlib.MAX_WBITS
"""Makes zlib expect a gzip header and verify the checksum."""
MAX_PARTS = 10_000
"""Limit of files that are parts of one table, or arrays."""


def take_archive(
    path: Path, kind: FileKind, workspace: Workspace, options: ReadingOptions = NO_OPTIONS
) -> DescriptionFile:
    """Ingest a zip archive, or a tar archive that may be compressed.

    Raises:
        RejectedUpload: If it is unsafe, damaged, or has an unsupported layout.
    """
    entries = [_entry(member) for member in walk_archive(path, kind, workspace.limits.max_bytes)]
    if not entries:
        raise RejectedUpload("empty", "The archive is empty. Pack files with data.")
    layout = arrange(entries)
    members = _placed(path, kind, layout, workspace)
    file = _take(layout, members, workspace, options)
    is_npz = kind == "zip" and all(entry.path.suffix == ".npy" for entry in entries)
    format_ = "npz" if is_npz else "zip" if kind == "zip" else "tar"
    return file.model_copy(update={"format": format_, "warnings": layout.warnings + file.warnings})


def _entry(member: Member) -> Entry:
    head = member.read(HEAD_BYTES)
    kind = kind_of(head)
    is_packed = kind == "gzip"
    if is_packed:
        kind = kind_of(_unpack_head(head, member))
    if kind in PACKERS or kind in ("zip", "tar"):
        raise RejectedUpload(
            "unsafe_archive",
            f"{quoted(str(member.path))} in the archive is itself an archive. Pack the files in it directly.",
        )
    return Entry(member.path, member.num_bytes, kind, is_packed)


def _unpack_head(head: bytes, member: Member) -> bytes:
    try:
        return zlib.decompressobj(GZIP_BITS).decompress(head, HEAD_BYTES)
    except zlib.error as error:
        raise RejectedUpload(
            "unreadable", f"{quoted(str(member.path))} in the archive cannot be decompressed ({error})."
        ) from error


def _placed(path: Path, kind: FileKind, layout: Layout, workspace: Workspace) -> Iterator[tuple[MemberRole, Member]]:
    for member in walk_archive(path, kind, workspace.limits.max_bytes):
        if place := layout.places.get(member.path):
            yield place, member


def _take(
    layout: Layout, members: Iterator[tuple[MemberRole, Member]], workspace: Workspace, options: ReadingOptions
) -> DescriptionFile:
    if layout.kind != "table":
        check_applicable(options, "images" if layout.kind == "images" else "npy")
    # Each reader is imported on use: tables need no NumPy, images no DuckDB.
    if layout.kind == "images":
        from ingest.images import take_images  # noqa: PLC0415

        return take_images(members, sorted({place.name for place in layout.places.values()}), workspace)
    paths = _extract(layout, members, workspace)
    shown = {place.entry.path: f"The file {quoted(str(place.entry.path))}" for place in layout.places.values()}
    if layout.kind == "arrays":
        from ingest.arrays import ArrayPart, take_arrays  # noqa: PLC0415

        arrays = [ArrayPart(paths[at], place.name, shown[at]) for at, place in layout.places.items()]
        return take_arrays(arrays, "zip", workspace)
    from ingest.tables import take_table  # noqa: PLC0415

    parts = [TablePart(paths[at], shown[at], place.split) for at, place in layout.places.items()]
    return take_table(parts, workspace, options)


def _extract(layout: Layout, members: Iterator[tuple[MemberRole, Member]], workspace: Workspace) -> dict[object, Path]:
    """Write the files to numbered paths, never to their own."""
    if len(layout.places) > MAX_PARTS:
        raise RejectedUpload(
            "too_large", f"The archive contains {len(layout.places):,} data files; at most {MAX_PARTS:,} are allowed."
        )
    paths: dict[object, Path] = {}
    for number, (place, member) in enumerate(members):
        target = workspace.work / f"member-{number}"
        with target.open("wb") as out:
            for chunk in _chunks(place, member):
                workspace.space.spend(len(chunk))
                out.write(chunk)
        paths[place.entry.path] = target
    return paths


def _chunks(place: MemberRole, member: Member) -> Iterator[bytes]:
    if not place.entry.is_packed:
        while chunk := member.read(MIB):
            yield chunk
        return
    unpacker = zlib.decompressobj(GZIP_BITS)
    ratio = Ratio(member.num_bytes, quoted(str(member.path)))
    while not unpacker.eof:
        packed = unpacker.unconsumed_tail or member.read(MIB)
        if not packed:
            raise RejectedUpload(
                "truncated", f"{quoted(str(member.path))} in the archive is incomplete. Pack it again."
            )
        try:
            chunk = unpacker.decompress(packed, MIB)
        except zlib.error as error:
            raise RejectedUpload(
                "truncated", f"{quoted(str(member.path))} in the archive is damaged ({error})."
            ) from error
        ratio.add(len(chunk))
        yield chunk
