"""Datasets: upload, list, describe, delete."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Self

from trainyard import documents
from trainyard.errors import InvalidArgument
from trainyard.mnist import MNIST, MnistUpload
from trainyard.notices import Notice, read_notices
from trainyard.operation import Answer, Operation, Page, encode, ignore
from trainyard.uploads import OnProgress, Upload, open_upload

PATH = "/v1/datasets"
PAGE_SIZE = 200
SECONDS_TO_READ = 330.0
"""The service reads an upload before it answers, for as long as its proxy lets it."""
CREATED = 201
LONGEST_FILENAME = 255


@dataclass(frozen=True, slots=True)
class Dataset:
    """Data the service can train on, as it describes it; `document` is all of the answer."""

    name: str
    document: documents.Dataset

    @classmethod
    def from_json(cls, body: documents.Dataset) -> Self:
        """Read an item of `/v1/datasets`."""
        return cls(name=str(body["name"]), document=body)


@dataclass(frozen=True, slots=True)
class DatasetVersion:
    """A version of an uploaded dataset, and what was found in it.

    Attributes:
        summary: How much it is, in a few words.
        options: Options that it was read with; what is not in it was detected.
        findings: What was detected: `option`, `value`, `sureness` (certain, likely, doubtful) and `reason` of each.
        warnings: Possible mistakes in the data.
        example_spec: A spec that is ready to run; empty if there is none.
        is_new: False if the upload that this answers brought bytes that the service had already.
        document: All of the answer, as it came.
    """

    name: str
    version: int
    kind: str
    format: str
    summary: str
    sha256: str
    num_bytes: int
    warnings: tuple[Notice, ...]
    options: Mapping[str, Any]
    findings: tuple[Mapping[str, Any], ...]
    example_spec: Mapping[str, Any]
    is_new: bool
    document: documents.DatasetVersionDetail

    @classmethod
    def from_json(cls, body: documents.DatasetVersionDetail, *, is_new: bool = True) -> Self:
        """Read the answer of `/v1/datasets/{name}/versions/{version}`."""
        return cls(
            name=str(body["name"]),
            version=int(body["version"]),
            kind=str(body["kind"]),
            format=str(body["format"]),
            summary=str(body["summary"]),
            sha256=str(body["sha256"]),
            num_bytes=int(body["num_bytes"]),
            warnings=read_notices(body.get("warnings")),
            options={name: value for name, value in (body.get("options") or {}).items() if value not in (None, {})},
            findings=tuple(dict(finding) for finding in body.get("findings") or ()),
            example_spec=body.get("example_spec") or {},
            is_new=is_new,
            document=body,
        )


def list_page(cursor: str | None) -> Operation[Page[Dataset]]:
    """Fetch a page of the datasets."""
    parameters = [("limit", str(PAGE_SIZE))] + ([("cursor", cursor)] if cursor else [])
    return Operation("GET", PATH, lambda answer: answer.read_page(Dataset), parameters=parameters)


def upload(
    name: str,
    source: Path,
    *,
    filename: str | None,
    on_progress: OnProgress | None,
    options: Mapping[str, Any] | None = None,
) -> Operation[DatasetVersion]:
    """Upload a file, or a folder as a tar archive; see `Client.upload_dataset`. Looks at the files already."""
    stem = MNIST if name == MNIST else source.resolve().name
    default = f"{stem}.tar" if source.is_dir() else source.name
    return Operation(
        "POST",
        f"{dataset_path(name)}/versions",
        _read_uploaded,
        parameters=[("filename", (filename or default)[-LONGEST_FILENAME:]), *_as_parameters(options or {})],
        upload=open_dataset(name, source, on_progress),
        timeout=SECONDS_TO_READ,
    )


def reread(name: str, version: int, options: Mapping[str, Any]) -> Operation[DatasetVersion]:
    """Read the bytes of a version with other options; see `Client.reread_dataset`."""
    return Operation(
        "POST",
        f"{dataset_path(name, version)}:reread",
        _read_uploaded,
        body={option: value for option, value in options.items() if value is not None},
        timeout=SECONDS_TO_READ,
    )


def _as_parameters(options: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield options as query parameters: lists as one for each item, objects as JSON."""
    for option, value in options.items():
        match value:
            case None:
                continue
            case str():
                yield option, value
            case list() | tuple():
                # No words at all: one that is empty, which is missing anyway.
                yield from ((option, str(item)) for item in value or [""])
            case _:
                yield option, json.dumps(value, ensure_ascii=False)


def open_dataset(name: str, source: Path, on_progress: OnProgress | None = None) -> Upload:
    """Return the upload of a file or a folder under a name; of a folder named `mnist` its four IDX files.

    Raises:
        InvalidArgument: If it cannot be read, or files of MNIST are missing.
    """
    return (
        MnistUpload(source, on_progress) if name == MNIST and not source.is_file() else open_upload(source, on_progress)
    )


def get(name: str, version: int | None) -> Operation[DatasetVersion]:
    """Fetch the description of a version, of the newest for None."""
    if version is None:
        return Operation("GET", dataset_path(name), _read_newest)
    return Operation("GET", dataset_path(name, version), lambda answer: answer.read_one(DatasetVersion))


def delete(name: str, version: int | None) -> Operation[None]:
    """Delete an uploaded dataset, or one version of it."""
    return Operation("DELETE", dataset_path(name, version), ignore)


def dataset_path(name: str, version: int | None = None) -> str:
    """Return the path of a dataset, or of a version of it."""
    path = f"{PATH}/{encode(name)}"
    return path if version is None else f"{path}/versions/{version}"


def _read_uploaded(answer: Answer) -> DatasetVersion:
    read = partial(DatasetVersion.from_json, is_new=answer.status == CREATED)
    return answer.convert(read, answer.read_object())


def _read_newest(answer: Answer) -> DatasetVersion:
    body = answer.read_object()
    newest = body.get("newest")
    if newest is None:
        raise InvalidArgument(f"'{body.get('name')}' is built in. {body.get('description') or ''}".strip())
    return answer.convert(DatasetVersion.from_json, newest)
