"""Data that are there without an upload."""

from pathlib import Path

from api.datasets.files import missing_files, present_files
from api.datasets.schemas import Dataset
from core.datasets.dataset import BUILT_IN_SOURCES
from core.errors import Conflict

DESCRIPTIONS = {
    source.source_name(): source.about for source in sorted(BUILT_IN_SOURCES, key=lambda source: source.source_name())
}


def describe_built_in(datasets_dir: Path, name: str) -> Dataset:
    """One of DESCRIPTIONS as clients see it."""
    files, missing = present_files(datasets_dir, name), missing_files(datasets_dir, name)
    return Dataset(
        name=name,
        kind="built_in",
        description=DESCRIPTIONS[name],
        state="missing" if missing else "ready",
        files=files,
        missing=missing,
        version=None,
        num_versions=0,
        num_bytes=None,
        created_at=None,
    )


def check_not_built_in(name: str) -> None:
    """Keep names that mean something else.

    Raises:
        Conflict: If this is one.
    """
    if name in DESCRIPTIONS:
        raise Conflict(
            f"'{name}' is built in: it can not be uploaded, deleted or downloaded. Uploads need other names, such as "
            f"my-{name.replace('_', '-')}."
        )
