"""The stores that the settings name."""

from dataclasses import dataclass

from core.artifacts import ArtifactStore
from core.settings import Settings
from core.uploads.store import DatasetStore
from storage.artifact_folder import ArtifactFolder
from storage.dataset_folders import DatasetFolders


@dataclass(frozen=True, slots=True)
class Storage:
    """The stored files of an installation."""

    artifacts: ArtifactStore
    datasets: DatasetStore


def open_storage(settings: Settings) -> Storage:
    """Return the stores of the settings; nothing is read or written yet."""
    return Storage(ArtifactFolder(settings.artifacts_dir), DatasetFolders(settings.datasets_dir))
