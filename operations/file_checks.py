"""Checks of artifacts against the rows that refer to them.

First every row: its file must be there, in its size. Then every file: its bytes must have the hash that is its name.
So each file is read once, however many rows refer to it, and only a part of the names is in memory.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import timedelta
from itertools import islice

from core.artifacts import ArtifactStore, StoredFile
from core.findings import Finding
from db import artifacts, stored_references
from db.session import Database, allow_pauses
from db.stored_files import KEPT_SECONDS
from db.stored_references import FileReference
from operations.manifest import ARTIFACTS
from operations.reporting import Report

FILES_A_QUERY = 500
SHA256 = re.compile(r"[0-9a-f]{64}")

COLLECTED = "Nothing has to be done: workers delete it, as everything of nobody that is older than a day."


def check_files(database: Database, store: ArtifactStore, report: Report, *, is_quick: bool) -> None:
    """Report artifacts that are missing, damaged, or of nobody."""
    _check_references(database, store, report)
    files = store.list_files()
    while page := list(islice(files, FILES_A_QUERY)):
        _check_stored(database, store, page, report, is_quick=is_quick)


def _check_references(database: Database, store: ArtifactStore, report: Report) -> None:
    with database.reading() as session:
        # Thousands of files on a slow disk take a while to look for.
        allow_pauses(session)
        for page in stored_references.iterate_files(session):
            report.count("file references", len(page))
            suspects = [found for reference in page if (found := _look_for(store, reference)) is not None]
            for sha256, finding in suspects:
                # Its last row may have been deleted meanwhile, which a new transaction sees.
                if _is_needed(database, sha256):
                    report.add(finding)


def _look_for(store: ArtifactStore, reference: FileReference) -> tuple[str, Finding] | None:
    place = store.describe_place(reference.sha256)
    size = store.find_size(reference.sha256)
    subject = f"{reference.owner}, {reference.name}"
    remedy = _remedy(reference.sha256, [reference])
    if size is None:
        return reference.sha256, Finding("file_missing", subject, f"{place} is missing.", remedy)
    if reference.num_bytes is not None and size != reference.num_bytes:
        detail = f"{place} has {size:,} bytes, expected {reference.num_bytes:,}."
        return reference.sha256, Finding("file_wrong_size", subject, detail, remedy)
    return None


def _check_stored(
    database: Database, store: ArtifactStore, files: Sequence[StoredFile], report: Report, *, is_quick: bool
) -> None:
    names = [file.name for file in files if SHA256.fullmatch(file.name)]
    with database.reading() as session:
        unowned = set(artifacts.unreferenced(session, names))
    now = store.now()
    for file in files:
        if file.name not in names or file.name in unowned:
            age = (now - file.stored_at) / timedelta(seconds=1)
            # One that was deleted meanwhile is of nobody's interest.
            if age > KEPT_SECONDS and store.find(file.name) is not None:
                subject = store.describe_place(file.name)
                detail = f"No row refers to this file, which is {age / 3600:,.0f} hours old."
                report.add(Finding("file_unowned", subject, detail, COLLECTED, is_note=True))
        elif not is_quick:
            for finding in _check_bytes(database, store, file.name):
                report.add(finding)
            report.count("hashed files")


def _check_bytes(database: Database, store: ArtifactStore, sha256: str) -> Iterator[Finding]:
    place = store.describe_place(sha256)
    try:
        # One that was deleted meanwhile has none; or else it was reported above.
        if store.find_hash(sha256) in {sha256, None}:
            return
        code, what = "file_changed", f"The bytes of {place} do not have the sha256 that is its name."
    except OSError as error:
        code, what = "file_unreadable", f"{place} cannot be read: {error.strerror}."
    with database.reading() as session:
        owners = stored_references.list_owners(session, sha256)
    if owners:
        subject = "; ".join(dict.fromkeys(f"{owner.owner}, {owner.name}" for owner in owners))
        yield Finding(code, subject, what, _remedy(sha256, owners))


def _remedy(sha256: str, owners: Sequence[FileReference]) -> str:
    copy = f"Copy {ARTIFACTS}/{sha256[:2]}/{sha256} of a backup to its place"
    run_id = next((owner.run_id for owner in owners if owner.run_id is not None), None)
    return f"{copy}, or train again: trainyard retry {run_id}" if run_id is not None else f"{copy}."


def _is_needed(database: Database, sha256: str) -> bool:
    with database.reading() as session:
        return bool(stored_references.list_owners(session, sha256, 1))
