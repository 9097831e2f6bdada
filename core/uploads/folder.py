"""Where an uploaded dataset lies: a folder under the sha256 of what was uploaded, written whole or not at all.

- `original`: the bytes as they were sent.
- `description.json`: core.uploads.description.DescriptionFile.
- `table.parquet`: of a table, every row in the order it came, typed: BIGINT, DOUBLE (never NaN or infinite), BOOLEAN,
  DATE or TIMESTAMP (in UTC) and VARCHAR (never empty); missing values are null. With SPLIT_COLUMN where the upload has
  splits.
- `arrays/NAME.npy`: of arrays; can be mapped into memory, never pickled.
- `images.bin`: of images, their files' bytes one behind the other.
- `images.npy`: of images, an IMAGE_RECORD for each, in the order of their paths.
"""

from dataclasses import dataclass
from pathlib import Path

from core.errors import DatasetMissing
from core.uploads.description import DescriptionFile

SPLIT_COLUMN = "__trainyard_split__"
"""Holds `train`, `validation` or `test`."""

IMAGE_RECORD = [
    ("offset", "<u8"),
    ("num_bytes", "<u4"),
    ("height", "<u4"),
    ("width", "<u4"),
    ("label", "<i4"),
    ("split", "<i1"),
]
"""Where in images.bin an image lies, its size in pixels, the number of its class, and its split: the place in
SPLIT_NAMES, or −1 where the upload has none."""


@dataclass(frozen=True, slots=True)
class DatasetFolder:
    """The files of one uploaded dataset."""

    path: Path

    @classmethod
    def of(cls, datasets_dir: Path, sha256: str) -> "DatasetFolder":
        """The folder of the upload with this hash, whether or not it is there."""
        return cls(datasets_dir / "uploads" / sha256[:2] / sha256)

    @property
    def original(self) -> Path:
        """The bytes as they were sent."""
        return self.path / "original"

    @property
    def description(self) -> Path:
        """What is known of them."""
        return self.path / "description.json"

    @property
    def table(self) -> Path:
        """The rows of a table."""
        return self.path / "table.parquet"

    @property
    def arrays(self) -> Path:
        """Folder of arrays."""
        return self.path / "arrays"

    @property
    def image_bytes(self) -> Path:
        """The files of all images."""
        return self.path / "images.bin"

    @property
    def image_records(self) -> Path:
        """Where in them each image lies."""
        return self.path / "images.npy"

    def read_description(self) -> DescriptionFile:
        """What is known of the dataset.

        Raises:
            DatasetMissing: If it is not here.
        """
        try:
            return DescriptionFile.model_validate_json(self.description.read_bytes())
        except FileNotFoundError as error:
            raise DatasetMissing(
                f"The dataset with the sha256 {self.path.name[:12]}… is not on this machine. Upload it again; where "
                "API and worker run on several machines, TRAINYARD_DATA_DIR must be shared."
            ) from error
