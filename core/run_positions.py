"""Positions in the events of a run, as the ids that clients resume from."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Self
from uuid import UUID
from zlib import crc32

from core.errors import InvalidInput
from core.run_state import RESTING_STATES, RunState

MAX_LENGTH = 8000
"""Servers and proxies accept headers of about this length."""

NUMBER = re.compile(r"[0-9a-v]{1,13}")
"""To the base 32; 13 digits hold 64 bits."""


class Stage(StrEnum):
    """Stage of a run that its listener was told last."""

    QUEUED = "q"
    PAUSED = "p"
    BEGUN = "b"
    """An attempt has begun that withdraws points of the one before; its state was not told yet."""
    RUNNING = "r"
    CANCELLING = "c"
    """Running, and asked to stop."""
    ENDED = "e"

    @classmethod
    def of(cls, state: RunState, *, is_cancelling: bool) -> "Stage":
        """Return the stage of a run that has not ended."""
        if state in RESTING_STATES:
            return cls.QUEUED if state == RunState.QUEUED else cls.PAUSED
        return cls.CANCELLING if is_cancelling else cls.RUNNING


@dataclass(frozen=True, slots=True)
class RunPosition:
    """Everything that the listener of a run has been told.

    Events are read from the record of the run, so this is all that is needed to continue: in any process, after any
    pause.

    Attributes:
        attempt: Number of the attempt.
        stage: Its stage.
        progress: Checksum of the last progress; 0 if there was none.
        log_attempt: Attempt whose log was being sent; 0 if none was.
        log_bytes: Bytes of it that were sent.
        steps: Last step that was sent, by the id of the series.
    """

    attempt: int
    stage: Stage
    progress: int = 0
    log_attempt: int = 0
    log_bytes: int = 0
    steps: Mapping[int, int] = field(default_factory=dict)

    def write(self, run_id: UUID) -> str:
        """Return the id of the event that ends at this position."""
        numbers = (self.attempt, self.progress, self.log_attempt, self.log_bytes)
        steps = ".".join(f"{_digits(series)}-{_digits(step)}" for series, step in self.steps.items())
        text = f"{self.stage}.{'.'.join(map(_digits, numbers))}:{steps}"
        return f"{text}:{_checksum(run_id, text)}"

    @classmethod
    def read(cls, text: str, run_id: UUID) -> Self:
        """Read the id of an event of this run.

        Raises:
            InvalidInput: If it is none.
        """
        body, _, checksum = text.rpartition(":")
        if len(text) > MAX_LENGTH or checksum != _checksum(run_id, body):
            raise _bad_id(text, run_id)
        try:
            place, steps = body.split(":")
            stage, *numbers = place.split(".")
            attempt, progress, log_attempt, log_bytes = map(_number, numbers)
            pairs = (pair.split("-") for pair in steps.split(".") if pair)
            told = {_number(series): _number(step) for series, step in pairs}
            return cls(attempt, Stage(stage), progress, log_attempt, log_bytes, told)
        except ValueError as error:
            raise _bad_id(text, run_id) from error


def _bad_id(text: str, run_id: UUID) -> InvalidInput:
    detail = (
        f"The last event id '{text[:80]}' is not one of an event of run {run_id}. Send the id of the last event that "
        "was received, unchanged; or none, to begin with the present state."
    )
    return InvalidInput.at("", detail, "invalid_event_id")


def _checksum(run_id: UUID, text: str) -> str:
    """Return what tells a made-up id, or one of another run. It protects nothing: whoever reads may read it all."""
    return f"{crc32(text.encode(), crc32(run_id.bytes)):08x}"


def _digits(number: int) -> str:
    """Write a number to the base 32."""
    digits = ""
    while True:
        number, digit = divmod(number, 32)
        digits = "0123456789abcdefghijklmnopqrstuv"[digit] + digits
        if not number:
            return digits


def _number(digits: str) -> int:
    if not NUMBER.fullmatch(digits):
        raise ValueError(digits)
    return int(digits, 32)
