"""Retention: old runs, deleted by a policy."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from trainyard import documents
from trainyard.operation import Operation


@dataclass(frozen=True, slots=True)
class DoomedRun:
    """A run that a policy deletes; `reason` is `age`, `count` or `experiment_count`."""

    id: str
    experiment: str
    model: str
    ended_at: str
    reason: str
    num_bytes: int


@dataclass(frozen=True, slots=True)
class RetentionReport:
    """What a policy deletes, or has deleted.

    Attributes:
        is_dry_run: True if nothing was deleted.
        is_complete: False if the service left some for another request.
        num_runs: Number of runs.
        num_files: Files that nothing else refers to.
        freed_bytes: Bytes of those files.
        runs: Of a dry run the first runs.
        document: All of the answer, as it came.
    """

    is_dry_run: bool
    is_complete: bool
    num_runs: int
    num_files: int
    freed_bytes: int
    runs: tuple[DoomedRun, ...]
    document: documents.RetentionAnswer

    @classmethod
    def from_json(cls, body: documents.RetentionAnswer) -> Self:
        """Read the answer to `POST /v1/retention:apply`."""
        return cls(
            is_dry_run=bool(body["dry_run"]),
            is_complete=bool(body["is_complete"]),
            num_runs=int(body["num_runs"]),
            num_files=int(body["num_files"]),
            freed_bytes=int(body["freed_bytes"]),
            runs=tuple(
                DoomedRun(
                    id=str(run["id"]),
                    experiment=str(run["experiment"]),
                    model=str(run["model"]),
                    ended_at=str(run["ended_at"]),
                    reason=str(run["reason"]),
                    num_bytes=int(run["num_bytes"]),
                )
                for run in body["runs"]
            ),
            document=body,
        )


def apply(policy: Mapping[str, Any] | None, *, dry_run: bool, max_shown: int) -> Operation[RetentionReport]:
    """Delete runs by a policy, or see which it deletes."""
    body: dict[str, Any] = {"dry_run": dry_run, "max_shown": max_shown}
    if policy is not None:
        body["policy"] = dict(policy)
    # Sent again it deletes what is left, which is what was asked for.
    return Operation("POST", "/v1/retention:apply", lambda answer: answer.read_one(RetentionReport), body=body)
