"""Quotas: limits of API keys, and what each uses."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from trainyard import documents
from trainyard.operation import Operation, encode

NAMES = ("queued_runs", "running_runs", "disk_bytes", "requests_per_minute", "priority")
"""Names of the limits."""


@dataclass(frozen=True, slots=True)
class Usage:
    """Limits and use of all keys of a name.

    Attributes:
        name: Name of the keys; None for everybody without keys.
        limits: Limits that hold, by name: `queued_runs`, `running_runs`, `disk_bytes`, `requests_per_minute`,
            `priority`. 0 is no limit, but for `priority`.
        own_limits: Those that were set for these keys; None where the settings of the service hold.
        use: What is used of the first three.
        document: All of the answer, as it came.
    """

    name: str | None
    limits: Mapping[str, int | None]
    own_limits: Mapping[str, int | None]
    use: Mapping[str, int]
    document: documents.Usage

    @classmethod
    def from_json(cls, body: documents.Usage) -> Self:
        """Read an item of `/v1/quotas`."""
        limits, own, use = dict(body["limits"]), dict(body["own_limits"]), dict(body["use"])
        return cls(
            name=body["name"],
            limits={name: _read(limits.get(name)) for name in NAMES},
            own_limits={name: _read(own.get(name)) for name in NAMES},
            use={name: _read(value) or 0 for name, value in use.items()},
            document=body,
        )


def get_usage() -> Operation[Usage]:
    """Fetch the caller's own limits and use."""
    return Operation("GET", "/v1/usage", lambda answer: answer.read_one(Usage))


def list_quotas() -> Operation[list[Usage]]:
    """Fetch those of everybody."""
    return Operation("GET", "/v1/quotas", lambda answer: answer.read_list(Usage))


def change(name: str, limits: Mapping[str, int | None]) -> Operation[Usage]:
    """Change limits of the keys of a name."""
    return Operation("PATCH", f"/v1/quotas/{encode(name)}", lambda answer: answer.read_one(Usage), body=dict(limits))


def _read(value: object) -> int | None:
    return value if isinstance(value, int) else None
