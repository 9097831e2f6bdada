"""A run's spec and end for the HPARAMS tab: tensorboard/plugins/hparams/plugin_data.proto."""

import json
from collections.abc import Iterator
from typing import Any

from api.tensorboard.events import write_plugin_data
from api.tensorboard.messages import bytes_field, double_field, integer_field, text_field
from core.run_state import TERMINAL_STATES, RunState
from db.records.runs import RunRecord

PLUGIN = "hparams"
START_TAG, END_TAG = "_hparams_/session_start_info", "_hparams_/session_end_info"

DATA_START, DATA_END = 3, 4
START_PARAMETERS, START_TIME = 1, 5
END_STATUS, END_TIME = 1, 2
ENTRY_KEY, ENTRY_VALUE = 1, 2
VALUE_NUMBER, VALUE_TEXT, VALUE_BOOLEAN = 2, 3, 4

SUCCESS, FAILURE = 1, 2

MAX_PARAMETERS = 200
"""Most columns of the tab that a run fills; the TEXT tab has the whole spec."""
MAX_TEXT_LENGTH = 200
MAX_EXACT_INTEGER = 2**53
"""The messages have doubles alone; larger whole numbers are sent as text."""


def write_parameters(record: RunRecord) -> Iterator[bytes]:
    """Yield records of the spec's fields and, once the run has ended, of how it ended."""
    created = record.created_at.timestamp()
    parameters = list(flatten(record.spec))[:MAX_PARAMETERS]
    entries = b"".join(
        bytes_field(START_PARAMETERS, text_field(ENTRY_KEY, name) + bytes_field(ENTRY_VALUE, _write_value(value)))
        for name, value in parameters
    )
    started = (record.started_at or record.created_at).timestamp()
    start = entries + double_field(START_TIME, started)
    yield write_plugin_data(START_TAG, PLUGIN, bytes_field(DATA_START, start), created)
    if record.state in TERMINAL_STATES and record.ended_at is not None:
        ended = record.ended_at.timestamp()
        status = SUCCESS if record.state == RunState.SUCCEEDED else FAILURE
        end = integer_field(END_STATUS, status) + double_field(END_TIME, ended)
        yield write_plugin_data(END_TAG, PLUGIN, bytes_field(DATA_END, end), ended)


def flatten(document: Any, path: str = "") -> Iterator[tuple[str, str | float | bool]]:
    """Yield the fields of a document by their paths, such as `network.layers.0.units`; null ones are left out.

    A list without objects is one field, as JSON.
    """
    match document:
        case dict():
            for name, value in document.items():
                yield from flatten(value, f"{path}.{name}" if path else name)
        case list() if any(isinstance(item, dict) for item in document):
            for index, item in enumerate(document):
                yield from flatten(item, f"{path}.{index}")
        case list():
            yield path, json.dumps(document, ensure_ascii=False)
        case None:
            pass
        case _:
            yield path, document


def _write_value(value: str | float | bool) -> bytes:  # noqa: FBT001 - a value, not an option
    match value:
        case bool():
            return integer_field(VALUE_BOOLEAN, int(value))
        case int() | float() if abs(value) <= MAX_EXACT_INTEGER or isinstance(value, float):
            return double_field(VALUE_NUMBER, value)
        case _:
            text = str(value)
            return text_field(VALUE_TEXT, text if len(text) <= MAX_TEXT_LENGTH else f"{text[: MAX_TEXT_LENGTH - 1]}…")
