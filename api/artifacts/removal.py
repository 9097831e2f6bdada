"""Removal of stored files that nothing refers to any more, at once and not only by the workers' housekeeping."""

from collections.abc import Sequence

from api.service import Service
from db import stored_files


def remove_files(service: Service, hashes: Sequence[str]) -> int:
    """Delete those files that nothing refers to; return the number of files deleted. See db/stored_files.py."""
    return len(stored_files.remove_files(service.database, service.artifact_store, hashes))
