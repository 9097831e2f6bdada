"""Events of runs: their form on the wire (WHATWG HTML, section 9.2.6), and what they change in a run as it is known."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from trainyard import documents
from trainyard.errors import UnexpectedAnswer
from trainyard.resources.metrics import read_number
from trainyard.resources.runs import RunSnapshot, run_path

ALL_PATH = "/v1/events"

LAST_TYPES = frozenset({"end", "deleted"})

HEARTBEAT = "heartbeat"
"""Type that stands for a comment of the service, which it sends while nothing happens."""

RESUME = "resume"
"""Type by which the service asks to continue on another connection."""


@dataclass(frozen=True, slots=True)
class RunEvent:
    """Something that has happened to a run.

    Attributes:
        type: `state`, `restart`, `progress`, `metrics`, `log`, `end` or `deleted` of one run; `snapshot`, `run` and
            `progress` of all runs.
        data: What the service says of it; docs/events.md describes each type.
        id: Give it to `events` to continue after this event; "" for one that is not told again.
    """

    type: str
    data: Mapping[str, Any]
    id: str = ""

    @property
    def is_last(self) -> bool:
        """True if nothing comes after it."""
        return self.type in LAST_TYPES


class EventText:
    """Puts events together from the lines of a stream.

    Attributes:
        last_id: Id of the last event, or place, that came whole.
        retry_seconds: Pause before the stream is asked for again, as the service wishes.
    """

    def __init__(self, last_id: str = "") -> None:
        self.last_id = last_id
        self.retry_seconds = 1.0
        self._fields: dict[str, str] = {}

    def add(self, line: str) -> RunEvent | None:
        """Add a line without its end; return the event that it completes, if it does.

        Raises:
            UnexpectedAnswer: If the data of an event is not a JSON object.
        """
        if line.startswith(":"):
            return RunEvent(HEARTBEAT, {})
        if line:
            name, _, value = line.partition(":")
            self._fields[name] = value.removeprefix(" ")
            return None
        fields, self._fields = self._fields, {}
        if fields.get("retry", "").isdecimal():
            self.retry_seconds = int(fields["retry"]) / 1000
        self.last_id = fields.get("id", self.last_id)
        if "data" not in fields:
            return None
        try:
            data = json.loads(fields["data"])
        except ValueError:
            data = None
        if not isinstance(data, dict):
            raise UnexpectedAnswer("An event came without a JSON object. Check the address of the service.")
        return RunEvent(fields.get("event", "message"), data, fields.get("id", ""))

    def begin(self) -> None:
        """Begin a new stream: what was cut off in the last one comes again."""
        self._fields = {}


def run_events_path(run_id: str) -> str:
    """Return the path of the events of a run."""
    return f"{run_path(run_id)}/events"


def type_parameters(types: Sequence[str]) -> list[tuple[str, str]]:
    """Return the query for events of these types; all but those of the log if there are none."""
    return [("type", one) for one in types]


def choose(experiment: str | None, model: str | None) -> list[tuple[str, str]]:
    """Return the query for events of the runs of an experiment or a model."""
    chosen = {"experiment": experiment, "model": model}
    return [(name, value) for name, value in chosen.items() if value is not None]


def take_event(snapshot: RunSnapshot, event: RunEvent) -> RunSnapshot:
    """Return what is known of a run after an event of it."""
    document: dict[str, Any] = dict(snapshot.document)
    data = event.data
    match event.type:
        case "state" | "end":
            names = ("state", "attempt", "max_attempts", "cancel_requested", "waiting_for", "error")
            document |= {name: data[name] for name in names if name in data}
            if data.get("state") == "queued":
                document["progress"] = None
        case "restart":
            document["progress"] = None
            if data.get("withdrawn_after_step") is None:
                document["latest_metrics"] = {}
        case "progress":
            document |= {"progress": dict(data), "state": "running", "attempt": data.get("attempt")}
        case "metrics":
            latest = {
                str(series["key"]): read_number(series["values"][-1]) for series in data["series"] if series["values"]
            }
            document["latest_metrics"] = {**(document.get("latest_metrics") or {}), **latest}
    return RunSnapshot.from_json(cast("documents.Run", document))
