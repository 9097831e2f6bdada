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
    if not settings.is_storage_elsewhere:
        return Storage(ArtifactFolder(settings.artifacts_dir), DatasetFolders(settings.datasets_dir))
    # Others need none of these.
    from storage.artifact_objects import ArtifactObjects  # noqa: PLC0415
    from storage.bucket import Bucket  # noqa: PLC0415
    from storage.copies import Copies  # noqa: PLC0415
    from storage.dataset_objects import DatasetObjects  # noqa: PLC0415

    bucket = Bucket(settings.storage_url, settings.storage_endpoint)
    copies = Copies(settings.copies_dir, settings.max_copies_bytes)
    return Storage(ArtifactObjects(bucket, copies), DatasetObjects(bucket, copies, settings.datasets_dir / "uploads"))


def check_storage(settings: Settings) -> None:
    """Check that a store that is elsewhere answers, and can be written to.

    Raises:
        StorageRefused: If the bucket does not exist, or the credentials do not suffice.
        StorageUnavailable: If it does not answer.
    """
    if settings.is_storage_elsewhere:
        from storage.bucket import Bucket  # noqa: PLC0415 - As above.

        Bucket(settings.storage_url, settings.storage_endpoint).check()
