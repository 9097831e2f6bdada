"""Bodies about datasets."""

from api.schemas.base import AnswerModel


class Dataset(AnswerModel):
    """Data that a spec can name."""

    name: str
    description: str
    state: str
    """`ready`, or `missing` while files are."""
    files: list[str]
    """The files on this machine; empty for data that needs none."""
    missing: list[str]
    """The files that have yet to be sent."""


class DatasetList(AnswerModel):
    """Every dataset that a spec can name."""

    items: list[Dataset]


class DatasetFiles(AnswerModel):
    """Which files of a dataset are here."""

    name: str
    files: list[str]
    missing: list[str]
