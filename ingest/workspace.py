"""Working folders of one upload, next to it; removed if the upload is rejected."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from core.uploads.description import DescriptionFile
from core.uploads.folder import DatasetFolder
from ingest.limits import Limits, Space


@dataclass(frozen=True, slots=True)
class Workspace:
    """The folder of an upload during ingestion.

    Attributes:
        folder: Contains `original`.
        work: Folder for temporary files.
        results: Folder for results, laid out as they will be next to `original`.
    """

    folder: Path
    work: Path
    results: DatasetFolder
    limits: Limits
    space: Space

    @property
    def original(self) -> Path:
        """The upload."""
        return DatasetFolder(self.folder).original


@contextmanager
def open_workspace(folder: Path, limits: Limits) -> Iterator[Workspace]:
    """Open a workspace in this folder; at the end only published results remain.

    Leftovers of an interrupted attempt are removed first.
    """
    clear(folder)
    work = folder / ".work"
    results = DatasetFolder(folder / ".results")
    work.mkdir()
    results.path.mkdir()
    try:
        yield Workspace(folder, work, results, limits, Space(limits.max_bytes))
    except BaseException:
        clear(folder)
        raise
    shutil.rmtree(work)
    shutil.rmtree(results.path)


def publish(workspace: Workspace, description: DescriptionFile) -> None:
    """Move the results next to the upload, the description last, so that whoever sees it sees all results."""
    for path in workspace.results.path.iterdir():
        path.rename(workspace.folder / path.name)
    new = workspace.work / "description.json"
    text = description.model_dump_json().encode()
    workspace.space.spend(len(text))
    new.write_bytes(text)
    new.rename(DatasetFolder(workspace.folder).description)


def clear(folder: Path) -> None:
    """Remove everything but the upload."""
    for path in folder.iterdir():
        if path.name == "original":
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
