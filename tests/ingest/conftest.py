import io
import tarfile
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from core.uploads.description import DescriptionFile
from core.uploads.folder import DatasetFolder
from core.uploads.reading import NO_OPTIONS, ReadingOptions
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
    """Return a function that ingests bytes and returns the description."""

    def take_bytes(
        content: bytes | str,
        max_bytes: int = 64 * MIB,
        memory_bytes: int = 256 * MIB,
        options: ReadingOptions = NO_OPTIONS,
    ) -> DescriptionFile:
        folder.original.write_bytes(content.encode() if isinstance(content, str) else content)
        return take_in(folder.path, Limits(max_bytes, memory_bytes, cpu_seconds=60), options)

    return take_bytes


@pytest.fixture
def refuse(take: Take, folder: DatasetFolder) -> Refusal:
    """Return a function that expects bytes to be rejected, with nothing left behind, and returns the error."""

    def refuse_bytes(content: bytes | str, **options: Any) -> RejectedUpload:
        with pytest.raises(RejectedUpload) as raised:
            take(content, **options)
        assert [path.name for path in folder.path.iterdir()] == ["original"]
        return raised.value

    return refuse_bytes


@pytest.fixture
def zipped() -> Callable[[Mapping[str, bytes]], bytes]:
    """Return a function that packs files into a zip archive."""

    def pack(files: Mapping[str, bytes]) -> bytes:
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in files.items():
                archive.writestr(name, content)
        return packed.getvalue()

    return pack


@pytest.fixture
def tarred() -> Callable[..., bytes]:
    """Return a function that packs files into a tar archive, optionally compressed."""

    def pack(files: Mapping[str, bytes], packing: str = "") -> bytes:
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode=f"w:{packing}") as archive:  # type: ignore[call-overload]
            for name, content in files.items():
                info = tarfile.TarInfo(name)
                info.size = len(content)
                archive.addfile(info, io.BytesIO(content))
        return packed.getvalue()

    return pack
