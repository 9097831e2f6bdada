"""Folder of an uploaded dataset, named by the sha256 of the uploaded bytes and written whole or not at all.

Bytes that were read with options have a folder for each reading, whose name has the digest of the options as well.

- `original`: the uploaded bytes.
- `description.json`: core.uploads.description.DescriptionFile.
- `table.parquet`: rows of a table in their original order, typed: BIGINT, DOUBLE (never NaN or infinite), BOOLEAN,
  DATE or TIMESTAMP (in UTC) and VARCHAR (never empty); missing values are null. With SPLIT_COLUMN if the upload has
  splits.
- `arrays/NAME.npy`: arrays; can be mapped into memory, never pickled.
- `images.bin`: the concatenated files of images.
- `images.npy`: an IMAGE_RECORD for each image, in the order of their paths.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.errors import DatasetMissing
from core.uploads.description import DescriptionFile

READINGS = "readings"
"""Folder of the readings with options. Older releases, which do not know them, would remove them beside the others."""

SPLIT_COLUMN = "__trainyard_split__"
"""Column with the values `train`, `validation` and `test`."""

IMAGE_RECORD = [
    ("offset", "<u8"),
    ("num_bytes", "<u4"),
    ("height", "<u4"),
    ("width", "<u4"),
    ("label", "<i4"),
    ("split", "<i1"),
]
"""Place of an image in images.bin, its size in pixels, the number of its class, and its split: the index in
SPLIT_NAMES, or −1 if the upload has no splits."""


SHA256_LENGTH = 64
"""Characters at the beginning of a folder's name that are the sha256 of the uploaded bytes."""


def content_key(sha256: str, reading: str | None = None) -> str:
    """Return the name of the folder of these bytes, read with the options of this digest."""
    return f"{sha256}-{reading}" if reading else sha256


def find_content_key(spec: Mapping[str, Any]) -> str | None:
    """Return the name of the folder that a stored spec reads; None if its dataset is no upload."""
    dataset = spec.get("dataset")
    sha256 = dataset.get("sha256") if isinstance(dataset, Mapping) else None
    return None if not isinstance(dataset, Mapping) or sha256 is None else content_key(sha256, dataset.get("reading"))


@dataclass(frozen=True, slots=True)
class DatasetFolder:
    """The files of one uploaded dataset."""

    path: Path

    @classmethod
    def of(cls, datasets_dir: Path, key: str) -> "DatasetFolder":
        """Return the folder of this name (`content_key`), whether or not it exists."""
        root = datasets_dir / "uploads"
        return cls((root / READINGS if "-" in key else root) / key[:2] / key)

    @property
    def original(self) -> Path:
        """Return the path of the uploaded bytes."""
        return self.path / "original"

    @property
    def description(self) -> Path:
        """Return the path of the description."""
        return self.path / "description.json"

    @property
    def table(self) -> Path:
        """Return the path of a table's rows."""
        return self.path / "table.parquet"

    @property
    def arrays(self) -> Path:
        """Return the folder of arrays."""
        return self.path / "arrays"

    @property
    def image_bytes(self) -> Path:
        """Return the path of the concatenated files of images."""
        return self.path / "images.bin"

    @property
    def image_records(self) -> Path:
        """Return the path of the records of images."""
        return self.path / "images.npy"

    def read_description(self) -> DescriptionFile:
        """Load the description of the dataset.

        Raises:
            DatasetMissing: If the dataset is not on this machine.
        """
        try:
            return DescriptionFile.model_validate_json(self.description.read_bytes())
        except FileNotFoundError as error:
            raise DatasetMissing(
                f"The dataset with the sha256 {self.path.name[:12]}… is not on this machine. Upload it again. If "
                "API and worker run on several machines, they must share TRAINYARD_DATA_DIR or TRAINYARD_STORAGE_URL."
            ) from error
