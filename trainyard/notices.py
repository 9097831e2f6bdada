"""Warnings of the service: what works, but perhaps not as it was meant."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Notice:
    """A warning about a spec, a run or a dataset.

    Attributes:
        code: A stable word for programs, such as `rows_dropped`; "" of services that give none.
        pointer: Place, as a JSON Pointer (RFC 6901) into the spec, or into the description of a dataset; "" is the
            whole.
        detail: What was found, what follows from it, and how to change that.
    """

    code: str
    pointer: str
    detail: str

    def __str__(self) -> str:
        place = f"{self.code} at {self.pointer}" if self.code and self.pointer else self.code or self.pointer
        return f"{self.detail} ({place})" if place else self.detail


def read_notices(values: Any) -> tuple[Notice, ...]:
    """Read `warnings`, in which earlier versions of the service send texts."""
    return tuple(_read(value) for value in values or ())


def _read(value: Any) -> Notice:
    if isinstance(value, Mapping):
        return Notice(*(str(value.get(field) or "") for field in ("code", "pointer", "detail")))
    return Notice("", "", str(value))
