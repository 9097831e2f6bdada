"""The part of `TrainyardClient` that is about datasets."""

import os
import re
import tempfile
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote, unquote

from trainyard.archiving import FolderContent
from trainyard.catalogue_answers import Dataset, DatasetVersion
from trainyard.errors import InvalidArgument
from trainyard.reading import AnswerReader
from trainyard.transport import read_object
from trainyard.uploading import FileContent

SECONDS_TO_READ = 330.0
"""The service reads an upload before it answers, for as long as its proxy lets it."""
CREATED = 201
OnProgress = Callable[[int], None]


class DatasetMethods(AnswerReader):
    """Bring data to the service, look at them, take them back."""

    def datasets(self) -> list[Dataset]:
        """The data the service knows: what is built in, and every upload."""
        found: list[Dataset] = []
        cursor: str | None = None
        while True:
            parameters = [("limit", "200")] + ([("cursor", cursor)] if cursor else [])
            page = self._transport.send_for_object("GET", "/v1/datasets", parameters=parameters)
            found += self._read_items(Dataset, page)
            cursor = page.get("next_cursor")
            if not cursor:
                return found

    def add_dataset(
        self, name: str, source: Path, *, filename: str | None = None, on_progress: OnProgress | None = None
    ) -> DatasetVersion:
        """Upload a file, or a folder as a tar archive. The same bytes under the same name make no new version.

        Args:
            name: What to call the dataset.
            source: The file, or a folder: of images in folders named after their classes, or of tables or arrays.
            filename: What the service is to call the file; by default the name it has.
            on_progress: Called with the bytes sent so far; starts over from 0 when they have to be sent again.

        Raises:
            InvalidArgument: If it can not be read.
            InvalidRequest: If the service can not use it; the message says what to mend.
        """
        is_folder = source.is_dir()
        content = FolderContent(source, on_progress) if is_folder else FileContent(source, on_progress)
        default = f"{source.resolve().name}.tar" if is_folder else source.name
        response = self._transport.send(
            "POST",
            f"{_dataset_path(name)}/versions",
            parameters=[("filename", (filename or default)[-255:])],
            content=content.chunks,
            headers={"Content-Type": "application/octet-stream", "Content-Length": str(content.num_bytes)},
            timeout_seconds=SECONDS_TO_READ,
        )
        body = read_object(response, self.base_url)
        return self._read(DatasetVersion, body | {"is_new": response.status_code == CREATED})

    def dataset(self, name: str, version: int | None = None) -> DatasetVersion:
        """What was found in a version of an upload; in the newest by default.

        Raises:
            NotFound: If there is none; the message says what there is.
            InvalidArgument: If the dataset is built in and has no versions.
        """
        if version is not None:
            path = f"{_dataset_path(name)}/versions/{version}"
            return self._read(DatasetVersion, self._transport.send_for_object("GET", path))
        body = self._transport.send_for_object("GET", _dataset_path(name))
        newest = body.get("newest")
        if newest is None:
            raise InvalidArgument(f"'{name}' is built in. {body.get('description') or ''}".strip())
        return self._read(DatasetVersion, newest)

    def download_dataset(
        self,
        name: str,
        version: int | None = None,
        *,
        target: Path | None = None,
        on_progress: OnProgress | None = None,
    ) -> Path:
        """Get the bytes of an upload as they were sent. The file appears whole, or not at all.

        Args:
            name: Of the dataset.
            version: By default the newest.
            target: Where to; by default into the working directory, under the name the file was uploaded with.
            on_progress: Called with the bytes that have come.

        Raises:
            InvalidArgument: If the file can not be written, or is there already and was not named.
        """
        number = version if version is not None else self.dataset(name).version
        path = f"{_dataset_path(name)}/versions/{number}/content"
        folder = target.parent if target is not None else Path()
        try:
            descriptor, temporary = tempfile.mkstemp(dir=folder, prefix=".trainyard-")
        except OSError as error:
            raise InvalidArgument(f"'{folder}' can not be written to: {error.strerror}.") from error
        try:
            with os.fdopen(descriptor, "wb") as file:
                headers = self._transport.download(path, file, on_progress=on_progress)
            place = target or _free_place(headers.get("Content-Disposition", ""), name)
            Path(temporary).chmod(0o644)
            Path(temporary).replace(place)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
        return place

    def delete_dataset(self, name: str, version: int | None = None) -> None:
        """Delete an upload, or one version of it.

        Raises:
            Conflict: If runs that have not ended learn from it; the message names them.
        """
        path = _dataset_path(name)
        self._transport.send("DELETE", path if version is None else f"{path}/versions/{version}")

    def add_dataset_file(
        self, dataset: str, filename: str, source: Path, *, on_progress: OnProgress | None = None
    ) -> None:
        """Send one file of a dataset that is built in, as it is, to the service.

        Args:
            dataset: Name of the dataset, such as `mnist`.
            filename: What the dataset calls the file.
            source: Where it lies.
            on_progress: Called with the bytes sent so far; starts over from 0 when the file has to be sent again.

        Raises:
            InvalidArgument: If the file can not be read.
            InvalidRequest: If the service does not take this file.
        """
        content = FileContent(source, on_progress)
        self._transport.send(
            "PUT",
            f"{_dataset_path(dataset)}/files/{quote(filename, safe='')}",
            content=content.chunks,
            headers={"Content-Type": "application/octet-stream", "Content-Length": str(content.num_bytes)},
        )


def _dataset_path(name: str) -> str:
    return f"/v1/datasets/{quote(name, safe='')}"


def _free_place(disposition: str, name: str) -> Path:
    place = Path(_filename(disposition, name))
    if place.exists():
        raise InvalidArgument(f"'{place}' is there already. Say where to write to: -o FILE.")
    return place


def _filename(disposition: str, name: str) -> str:
    """The name in a Content-Disposition header (RFC 6266), without any folder."""
    found = re.search(r"filename\*=UTF-8''([^;]+)", disposition)
    base = re.split(r"[/\\]", unquote(found[1]))[-1] if found else ""
    # Nor one that would be hidden, or mean a folder.
    return base.lstrip(".") or name
