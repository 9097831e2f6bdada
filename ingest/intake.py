"""Ingestion of one upload: from `original` in a folder to the files that core.uploads.folder names."""

from pathlib import Path

from core.uploads.description import DescriptionFile
from core.uploads.reading import NO_OPTIONS, ReadingOptions
from ingest.archives import take_archive
from ingest.errors import RejectedUpload
from ingest.formats import PACKERS, FileKind, foreign_format, kind_of, read_head, read_packed_head
from ingest.limits import Limits
from ingest.options import check_applicable
from ingest.table_parts import TablePart
from ingest.unpacking import unpack
from ingest.workspace import Workspace, open_workspace, publish


def take_in(folder: Path, limits: Limits, options: ReadingOptions = NO_OPTIONS) -> DescriptionFile:
    """Convert an upload to typed data in the same folder.

    Args:
        folder: Contains `original`.
        limits: Limits of memory, disk and time.
        options: Options that the client set.

    Raises:
        RejectedUpload: If it cannot be ingested; the folder then contains only the upload.
    """
    with open_workspace(folder, limits) as workspace:
        _check_file(workspace.original)
        description = _take(workspace, options)
        publish(workspace, description)
    return description


def _check_file(original: Path) -> None:
    if original.is_symlink() or not original.is_file():
        raise RejectedUpload("unreadable", "The upload is not a regular file. Upload a file.")
    if original.stat().st_size == 0:
        raise RejectedUpload("empty", "The file is empty. Send a file with data.")


def _take(workspace: Workspace, options: ReadingOptions) -> DescriptionFile:
    path = workspace.original
    kind = kind_of(read_head(path))
    if kind in PACKERS:
        inner = kind_of(read_packed_head(path, kind))
        if inner == "tar":
            return take_archive(path, kind, workspace, options)
        if inner in PACKERS or inner == "zip":
            raise RejectedUpload(
                "unsafe_archive", f"The file is compressed twice ({inner} inside {kind}). Compress it once."
            )
        path = unpack(path, kind, workspace.work / "unpacked", workspace.space)
        kind = inner
    return _take_plain(path, kind, workspace, options)


def _take_plain(path: Path, kind: FileKind, workspace: Workspace, options: ReadingOptions) -> DescriptionFile:
    # Each reader is imported on use: tables need no NumPy, images no DuckDB.
    if kind in ("text", "other") and (name := foreign_format(read_head(path))):
        raise _unknown(name)
    if kind == "other" and options.encoding is not None:
        # UTF-16 of other than Latin letters, and EBCDIC, do not look like text.
        kind = "text"
    match kind:
        case "text" | "parquet":
            from ingest.tables import take_table  # noqa: PLC0415 -- Imported on use.

            return take_table([TablePart(path)], workspace, options)
        case "npy" | "idx":
            check_applicable(options, "npy")
            from ingest.arrays import ArrayPart, take_arrays  # noqa: PLC0415 -- Imported on use.

            return take_arrays([ArrayPart(path, "array")], kind, workspace)
        case "zip" if _is_workbook(path):
            from ingest.workbooks import take_workbook  # noqa: PLC0415 -- Imported on use.

            return take_workbook(path, workspace, options)
        case "zip" | "tar":
            return take_archive(path, kind, workspace, options)
        case "image":
            raise _unknown("a single image; put images into one folder per class and pack the folders")
        case _:
            raise _unknown("of an unknown format; if it is text, set encoding")


def _is_workbook(path: Path) -> bool:
    from ingest.workbooks import is_workbook  # noqa: PLC0415 -- Imported on use.

    return is_workbook(path)


def _unknown(name: str) -> RejectedUpload:
    return RejectedUpload(
        "unknown_format",
        f"The file is {name}. Expected CSV, TSV, Excel (.xlsx), JSON Lines, Parquet, NPY, NPZ, IDX, or a zip or tar "
        "archive of them or of images.",
    )
