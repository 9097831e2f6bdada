"""Archives of runs as folders of event files, made as they are sent."""

import json
import re
import sys
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any
from uuid import UUID
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from api.tensorboard.events import write_curve, write_start, write_text
from api.tensorboard.hyperparameters import write_parameters
from core.errors import UnknownRun
from db import points, runs
from db.records.runs import RunRecord
from db.session import Database

COMPRESSION_LEVEL = 1
"""The records of a curve differ in few bytes: higher levels take five times as long to save a tenth."""
MAX_NAME_LENGTH = 80
PIECE_BYTES = 1 << 16
_NOT_IN_NAMES = re.compile(r"[^\w.+-]+")


def stream_archive(database: Database, run_ids: Iterable[UUID]) -> Iterator[bytes]:
    """Yield the bytes of a zip archive with a folder for each run; runs deleted meanwhile are left out.

    One curve is in memory at a time, and no transaction is open while bytes are sent.

    Raises:
        UnknownRun: If a run is deleted while its curves are sent: the archive ends, incomplete.
    """
    sent = _Buffer()
    with ZipFile(sent, "w") as archive:
        for run_id in run_ids:
            try:
                with database.reading() as session:
                    record = runs.get(session, run_id)
                    keys = [series.key for series in points.list_series(session, [run_id])]
            except UnknownRun:
                continue
            with archive.open(_describe_member(record), "w", force_zip64=True) as file:
                for piece in _write_run(database, record, keys):
                    file.write(piece)
                    if sent.num_bytes >= PIECE_BYTES:
                        yield sent.take()
    yield sent.take()


def name_folder(experiment: str, model_name: str, run_id: UUID) -> str:
    """Return the path of a run's folder, which TensorBoard shows as the run's name; no two runs have the same."""
    return f"{_clean(experiment)}/{_clean(model_name)}-{run_id}"


class _Buffer:
    """Collects what a ZipFile writes. It cannot seek, so sizes follow the bytes they are of."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self.num_bytes = 0

    def write(self, piece: bytes) -> int:
        self._pieces.append(bytes(piece))
        self.num_bytes += len(piece)
        return len(piece)

    def flush(self) -> None:
        """Do nothing, as of a file in memory; `take` empties it."""

    close = flush

    def take(self) -> bytes:
        taken = b"".join(self._pieces)
        self._pieces, self.num_bytes = [], 0
        return taken


def _write_run(database: Database, record: RunRecord, keys: Iterable[str]) -> Iterator[bytes]:
    created = record.created_at.timestamp()
    yield write_start(created)
    yield write_text("run", _as_code(_describe(record)), created)
    yield write_text("spec", _as_code(record.spec), created)
    if record.notes:
        yield write_text("notes", record.notes, created)
    yield from write_parameters(record)
    for key in keys:
        with database.reading() as session:
            series = points.list_series(session, [record.id], [key])
            curves = points.read_points(session, series)
        if not curves:
            raise UnknownRun(f"Run {record.id} was deleted while its curves were sent.")
        yield from write_curve(key, curves[0])


def _describe_member(record: RunRecord) -> ZipInfo:
    name = f"events.out.tfevents.{int(record.created_at.timestamp())}.trainyard"
    member = ZipInfo(
        f"{name_folder(record.experiment, record.model_name, record.id)}/{name}",
        date_time=record.updated_at.timetuple()[:6],
    )
    member.compress_type = ZIP_DEFLATED
    # The archive's level counts for members that are only named.
    setattr(member, "compress_level" if sys.version_info >= (3, 13) else "_compresslevel", COMPRESSION_LEVEL)
    # Readable by all, as unpacked files usually are.
    member.external_attr = 0o644 << 16
    return member


def _describe(record: RunRecord) -> dict[str, Any]:
    facts = {
        "id": record.id,
        "experiment": record.experiment,
        "model": record.model_name,
        "version": record.model_version,
        "preset": record.preset,
        "state": record.state,
        "error": record.error.detail if record.error else None,
        "created_at": record.created_at,
        "started_at": record.started_at,
        "ended_at": record.ended_at,
        "tags": record.tags,
        "device": record.device,
        "environment": record.environment,
    }
    return {name: value for name, value in facts.items() if value}


def _as_code(document: Any) -> str:
    """Return a document as JSON in a block of Markdown: lines that begin with four spaces, whatever they hold."""
    text = json.dumps(document, indent=2, ensure_ascii=False, default=_as_text)
    return "\n".join(f"    {line}" for line in text.splitlines())


def _as_text(value: datetime | UUID) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _clean(name: str) -> str:
    """Return a name without characters that file systems reject or read as folders."""
    return _NOT_IN_NAMES.sub("_", name)[:MAX_NAME_LENGTH].strip(".") or "_"
