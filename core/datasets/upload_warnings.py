"""Warnings of an upload as warnings of a run on it: with places in its spec instead of the description."""

import re
from collections.abc import Sequence
from dataclasses import replace

from core.datasets.base import DatasetSpec
from core.datasets.features import choice_pointer
from core.notices import Notice
from core.uploads.description import DescriptionFile, TableDescription

OF_THE_UPLOAD_ALONE = frozenset({"empty_column", "not_finite"})
"""Codes of which a run has warnings or errors of its own, if they concern it."""

ABOUT_TEXT = frozenset({"numbers_as_text", "dates_as_text"})
"""Codes of which an upload may know the reason."""

_COLUMN = re.compile(r"/columns/([0-9]+)")


def add_upload_warnings(dataset: DatasetSpec, upload: DescriptionFile, known: Sequence[Notice]) -> tuple[Notice, ...]:
    """Return the warnings of a spec's check, and those of its upload that concern the run.

    Args:
        dataset: Dataset of the spec.
        upload: Description of the upload, with its warnings.
        known: Warnings of the spec's check; those about texts that the upload has more to say of are left out.
    """
    moved = [_move(dataset, upload, notice) for notice in upload.warnings if notice.code not in OF_THE_UPLOAD_ALONE]
    of_upload = [notice for notice in moved if notice is not None]
    told = {notice.pointer for notice in of_upload if notice.code == "read_as_text"}
    others = [notice for notice in known if notice.pointer not in told or notice.code not in ABOUT_TEXT]
    return (*others, *of_upload)


def _move(dataset: DatasetSpec, upload: DescriptionFile, notice: Notice) -> Notice | None:
    """Return the notice with its place in the spec; None if it is about a column that the run does not use."""
    column = _COLUMN.match(notice.pointer)
    if column is None or not isinstance(upload.description, TableDescription):
        return replace(notice, pointer="/dataset/dataset")
    columns, place = upload.description.columns, int(column[1])
    name = columns[place].name if place < len(columns) else ""
    if name == getattr(dataset, "target", None):
        return replace(notice, pointer="/dataset/target")
    features = getattr(dataset, "features", None)
    is_used = name not in getattr(dataset, "exclude", ()) and (features is None or name in features)
    return replace(notice, pointer=choice_pointer(name)) if is_used else None
