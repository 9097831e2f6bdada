"""Answers that are written to files."""

import os
import re
import tempfile
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import unquote

from trainyard.errors import InvalidArgument


class Download:
    """A file that appears whole, or not at all: written under another name, then renamed.

        with Download(target) as download:
            for piece in pieces:
                download.write(piece)
            path = download.keep(headers, default_name)

    Args:
        target: Where the file is to be; None for the working directory, under the name that the service gives.

    Raises:
        InvalidArgument: If its folder cannot be written to.
    """

    def __init__(self, target: Path | None) -> None:
        self._target = target
        folder = target.parent if target is not None else Path()
        try:
            descriptor, name = tempfile.mkstemp(dir=folder, prefix=".trainyard-")
        except OSError as error:
            raise InvalidArgument(f"'{folder}' cannot be written to: {error.strerror}.") from error
        self._temporary = Path(name)
        self._file = os.fdopen(descriptor, "wb")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()
        self._temporary.unlink(missing_ok=True)

    def write(self, piece: bytes) -> None:
        """Append bytes."""
        self._file.write(piece)

    def keep(self, headers: Mapping[str, str], default_name: str) -> Path:
        """Put the file in its place and return its path.

        Raises:
            InvalidArgument: If no target was given and a file of the name that the service gives exists.
        """
        self._file.close()
        path = self._target or _free_path(headers.get("Content-Disposition", ""), default_name)
        self._temporary.chmod(0o644)
        self._temporary.replace(path)
        return path


def _free_path(disposition: str, default_name: str) -> Path:
    path = Path(_filename(disposition, default_name))
    if path.exists():
        raise InvalidArgument(f"'{path}' exists already. Name a file to write to.")
    return path


def _filename(disposition: str, default_name: str) -> str:
    """Return the name in a Content-Disposition header (RFC 6266), without any folder."""
    found = re.search(r"filename\*=UTF-8''([^;]+)", disposition)
    base = re.split(r"[/\\]", unquote(found[1]))[-1] if found else ""
    # Nor one that would be hidden, or mean a folder.
    return base.lstrip(".") or default_name
