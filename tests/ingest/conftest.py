import io
import tarfile
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from core.uploads.description import DescriptionFile
from core.uploads.folder import DatasetFolder
from ingest.errors import RejectedUpload
from ingest.intake import take_in
from ingest.limits import MIB, Limits

Take = Callable[..., DescriptionFile]
Refusal = Callable[..., RejectedUpload]


@pytest.fixture
def folder(tmp_path: Path) -> DatasetFolder:
    path = tmp_path / "upload"
    path.mkdir()
    return DatasetFolder(path)


@pytest.fixture
def take(folder: DatasetFolder) -> Take:
    """Takes in these bytes, and gives the description."""

    def take_bytes(content: bytes | str, max_bytes: int = 64 * MIB, memory_bytes: int = 256 * MIB) -> DescriptionFile:
        folder.original.write_bytes(content.encode() if isinstance(content, str) else content)
        return take_in(folder.path, Limits(max_bytes, memory_bytes, cpu_seconds=60))

    return take_bytes


@pytest.fixture
def refuse(take: Take, folder: DatasetFolder) -> Refusal:
    """Expects these bytes to be refused, with nothing left behind, and gives the refusal."""

    def refuse_bytes(content: bytes | str, **limits: int) -> RejectedUpload:
        with pytest.raises(RejectedUpload) as raised:
            take(content, **limits)
        assert [path.name for path in folder.path.iterdir()] == ["original"]
        return raised.value

    return refuse_bytes


@pytest.fixture
def zipped() -> Callable[[Mapping[str, bytes]], bytes]:
    """The bytes of a zip archive of these files."""

    def pack(files: Mapping[str, bytes]) -> bytes:
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in files.items():
                archive.writestr(name, content)
        return packed.getvalue()

    return pack


@pytest.fixture
def tarred() -> Callable[..., bytes]:
    """The bytes of a tar archive of these files, packed as told."""

    def pack(files: Mapping[str, bytes], packing: str = "") -> bytes:
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode=f"w:{packing}") as archive:  # type: ignore[call-overload]
            for name, content in files.items():
                info = tarfile.TarInfo(name)
                info.size = len(content)
                archive.addfile(info, io.BytesIO(content))
        return packed.getvalue()

    return pack
