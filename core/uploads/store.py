"""The store of uploaded datasets."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from core.uploads.folder import DatasetFolder
from core.uploads.incoming import IncomingDataset


@dataclass(frozen=True, slots=True)
class DatasetFile:
    """A file of a stored dataset.

    Attributes:
        path: Place in the dataset's folder, with slashes.
        num_bytes: Size in bytes.
        sha256: Hash that its bytes were stored with; None if the store does not know it.
    """

    path: str
    num_bytes: int
    sha256: str | None


@dataclass(frozen=True, slots=True)
class SentDataset:
    """A dataset whose files are where the store is, and not in place yet.

    Attributes:
        key: Name of its folder (`content_key`).
        folder: The folder on this machine.
        sending: Name of what was sent, where the store is elsewhere.
        files: What was sent, likewise.
    """

    key: str
    folder: DatasetFolder
    sending: str = ""
    files: tuple[DatasetFile, ...] = ()


class DatasetStore(ABC):
    """Dataset folders, which appear in the store as a whole and disappear likewise.

    Every method raises StorageUnavailable if the store is elsewhere and does not answer, or refuses its credentials.
    """

    @abstractmethod
    def open(self) -> IncomingDataset:
        """Create a temporary folder for a new dataset; the caller must `discard` it in any case."""

    @abstractmethod
    def free_bytes(self) -> int:
        """Return the free space in bytes of the disk that new datasets are written to."""

    @abstractmethod
    def send(self, folder: DatasetFolder, key: str) -> SentDataset:
        """Bring the files of a synced folder to where the store is; that may take long."""

    @abstractmethod
    def put(self, sent: SentDataset) -> None:
        """Put a dataset in place, quickly, unless it is there. The caller must prevent its removal meanwhile."""

    @abstractmethod
    def holds(self, key: str) -> bool:
        """Return True if the dataset of this name is stored completely."""

    @abstractmethod
    def take_away(self, key: str) -> Callable[[], None] | None:
        """Take a dataset out of place, quickly. The caller must prevent a `put` meanwhile.

        Returns:
            A function that deletes the files, which may take long; None if the dataset is not there.
        """

    @abstractmethod
    def keys_older_than(self, seconds: float) -> list[str]:
        """Return the names of the datasets that were stored longer ago than this."""

    @abstractmethod
    def tidy(self) -> int:
        """Remove from this machine what processes that died have left; return the number of folders."""

    @abstractmethod
    def remove_unfinished(self, *, older_than_seconds: float) -> int:
        """Remove from a store that is elsewhere what was sent and never put in place; return the number of sendings."""

    @abstractmethod
    def borrowed(self, key: str | None) -> AbstractContextManager[Path]:
        """Keep on this machine, for the time of a context, what training and prediction read of a dataset.

        Args:
            key: Name of its folder; None for work that reads none.

        Returns:
            The folder that `DatasetFolder.of` finds it in. One that is not stored is not there either.

        Raises:
            ArtifactCorrupt: If a file is not what was stored.
            OSError: If a disk of this machine is full.
        """

    @abstractmethod
    def find_original(self, key: str) -> Path | None:
        """Return a path on this machine of the uploaded bytes; None if they are not stored. It is to be opened soon.

        Raises:
            ArtifactCorrupt: If they are not what was stored.
            OSError: If a disk of this machine is full.
        """

    @abstractmethod
    def list_files(self, key: str) -> list[DatasetFile]:
        """Return the files of a dataset, by their paths.

        Raises:
            FileNotFoundError: If it is not stored completely.
            ArtifactCorrupt: If the store's list of them cannot be read.
        """

    @abstractmethod
    def find_hash(self, key: str, path: str) -> str | None:
        """Read a file of a dataset, and return the sha256 that its bytes have; None if it is not there."""

    @abstractmethod
    def download(self, key: str, path: str, target: Path) -> None:
        """Write a file of a dataset to a new file.

        Raises:
            ArtifactCorrupt: If it is not what was stored; there is no new file then.
            OSError: If it is not there, or cannot be written.
        """

    @abstractmethod
    def local_folder(self, key: str) -> DatasetFolder | None:
        """Return the folder of this name, whether or not it exists; None if the store is elsewhere."""

    @abstractmethod
    def describe_place(self, key: str) -> str:
        """Return the place of the dataset of this name, in words for people."""
