"""Methods of the clients for datasets."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from trainyard.downloads import Download
from trainyard.resources import datasets
from trainyard.resources.datasets import Dataset, DatasetVersion
from trainyard.transport import AsyncTransport, Transport
from trainyard.uploads import OnProgress


class DatasetMethods:
    """Part of `Client`."""

    _transport: Transport

    def list_datasets(self) -> list[Dataset]:
        """Return the datasets that the service knows: what is built in, and every upload."""
        return list(self._transport.list(datasets.list_page))

    def get_dataset(self, name: str, version: int | None = None) -> DatasetVersion:
        """Return what was found in a version of an uploaded dataset; in the newest by default.

        Raises:
            NotFound: If there is none; the message names what there is.
            InvalidArgument: If the dataset is built in and has no versions.
        """
        return self._transport.send(datasets.get(name, version))

    def upload_dataset(
        self,
        name: str,
        source: Path,
        *,
        filename: str | None = None,
        on_progress: OnProgress | None = None,
        options: Mapping[str, Any] | None = None,
    ) -> DatasetVersion:
        """Upload a file, or a folder as a tar archive. The same bytes under the same name make no new version.

        Args:
            name: Name for the dataset.
            source: The file, or a folder: of images in folders named after their classes, or of tables or arrays; for
                `mnist` of LeCun's four IDX files, gzipped or not.
            filename: Name for the file; by default the one it has.
            on_progress: Called with the bytes sent so far; starts over from 0 when they have to be sent again.
            options: How to read it, such as `{"header": False, "decimal": ","}`; the rest is detected.

        Raises:
            InvalidArgument: If it cannot be read.
            InvalidRequest: If the service cannot use it; the message says why.
        """
        return self._transport.send(
            datasets.upload(name, source, filename=filename, on_progress=on_progress, options=options)
        )

    def reread_dataset(
        self, name: str, version: int | None = None, *, options: Mapping[str, Any] | None = None
    ) -> DatasetVersion:
        """Read the bytes of an upload again, with other options, as another version. Nothing is sent again.

        Args:
            name: Of the dataset.
            version: By default the newest.
            options: All options, not only those that change; without them everything is detected.

        Raises:
            NotFound: If there is none; the message names what there is.
            InvalidRequest: If the bytes cannot be read so; the message says why.
        """
        number = version if version is not None else self.get_dataset(name).version
        return self._transport.send(datasets.reread(name, number, options or {}))

    def download_dataset(
        self,
        name: str,
        version: int | None = None,
        *,
        target: Path | None = None,
        on_progress: OnProgress | None = None,
    ) -> Path:
        """Write the bytes of an upload to a file, as they were sent. The file appears whole, or not at all.

        Args:
            name: Of the dataset.
            version: By default the newest.
            target: Where to; by default into the working directory, under the name the file was uploaded with.
            on_progress: Called with the bytes received so far.

        Returns:
            Path of the file.

        Raises:
            InvalidArgument: If the file cannot be written, or exists already and was not named.
        """
        number = version if version is not None else self.get_dataset(name).version
        with Download(target) as download:
            path = f"{datasets.dataset_path(name, number)}/content"
            headers = self._transport.download(path, download.write, on_progress)
            return download.keep(headers, name)

    def delete_dataset(self, name: str, version: int | None = None) -> None:
        """Delete an uploaded dataset, or one version of it.

        Raises:
            Conflict: If unfinished runs train on it; the message names them.
        """
        self._transport.send(datasets.delete(name, version))


class AsyncDatasetMethods:
    """Part of `AsyncClient`."""

    _transport: AsyncTransport

    async def list_datasets(self) -> list[Dataset]:
        """Return the datasets that the service knows; see `Client.list_datasets`."""
        return [dataset async for dataset in self._transport.list(datasets.list_page)]

    async def get_dataset(self, name: str, version: int | None = None) -> DatasetVersion:
        """Return what was found in a version of an uploaded dataset; see `Client.get_dataset`."""
        return await self._transport.send(datasets.get(name, version))

    async def upload_dataset(
        self,
        name: str,
        source: Path,
        *,
        filename: str | None = None,
        on_progress: OnProgress | None = None,
        options: Mapping[str, Any] | None = None,
    ) -> DatasetVersion:
        """Upload a file, or a folder as a tar archive; see `Client.upload_dataset`."""
        return await self._transport.send(
            await asyncio.to_thread(
                datasets.upload, name, source, filename=filename, on_progress=on_progress, options=options
            )
        )

    async def reread_dataset(
        self, name: str, version: int | None = None, *, options: Mapping[str, Any] | None = None
    ) -> DatasetVersion:
        """Read the bytes of an upload again, with other options; see `Client.reread_dataset`."""
        number = version if version is not None else (await self.get_dataset(name)).version
        return await self._transport.send(datasets.reread(name, number, options or {}))

    async def download_dataset(
        self,
        name: str,
        version: int | None = None,
        *,
        target: Path | None = None,
        on_progress: OnProgress | None = None,
    ) -> Path:
        """Write the bytes of an upload to a file; see `Client.download_dataset`."""
        number = version if version is not None else (await self.get_dataset(name)).version
        with Download(target) as download:
            path = f"{datasets.dataset_path(name, number)}/content"
            headers = await self._transport.download(path, download.write, on_progress)
            return download.keep(headers, name)

    async def delete_dataset(self, name: str, version: int | None = None) -> None:
        """Delete an uploaded dataset, or one version of it; see `Client.delete_dataset`."""
        await self._transport.send(datasets.delete(name, version))
