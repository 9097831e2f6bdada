"""Lists of 1,000 runs of growing databases: newest first, by filters, and sorted by a metric."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from benchmarks.records.exchange import Exchange
from benchmarks.records.filling import ACCURACY, put_runs, store_runs
from benchmarks.records.results import Results, Row
from benchmarks.records.servers import Ours, Theirs
from benchmarks.records.sizes import Sizes
from benchmarks.records.timing import LONG_SECONDS, Ask, add_times, time_sides

LIMIT = 1_000
NOTE = (
    "Up to 1,000 runs in one answer. Theirs always has every metric and parameter; ours has the tags and the newest "
    "value of every metric, and the whole spec where the row says so. Both were filled without HTTP, theirs by SQL; "
    "theirs is not asked again at larger sizes for what took longer than 3 s."
)


@dataclass(frozen=True, slots=True)
class Question:
    """A list.

    Attributes:
        ours: Parameters of GET /v1/runs.
        theirs: Fields of runs/search.
    """

    key: str
    title: str
    ours: dict[str, str]
    theirs: dict[str, Any]


QUESTIONS = (
    Question("newest", "newest", {}, {}),
    Question("whole", "newest, with spec and metrics", {"fields": "*,spec,metrics"}, {}),
    Question("tag", "of a tag (33 %)", {"filter": "tags.team = audio"}, {"filter": "tags.team = 'audio'"}),
    Question(
        "metric",
        "of a metric (10 %)",
        {"filter": f'metrics."{ACCURACY}".best > 0.9'},
        {"filter": f"metrics.`{ACCURACY}` > 0.9"},
    ),
    Question(
        "parameter",
        "of a parameter (1 of all)",
        {"filter": "spec.seed = 17"},
        {"filter": "params.seed = '17'"},
    ),
    Question(
        "sort",
        "best metric first",
        {"sort": f'-metrics."{ACCURACY}".best'},
        {"order_by": [f"metrics.`{ACCURACY}` DESC"]},
    ),
)


def measure_lists(results: Results, ours: Ours, theirs: Theirs | None, sizes: Sizes) -> None:
    """Ask at every size; both databases are filled up between."""
    our_exchange = Exchange(ours.server.port)
    their_exchange = None if theirs is None else Exchange(theirs.server.port)
    present = 0
    slow: set[str] = set()
    for size in sizes.num_listed:
        began = time.perf_counter()
        store_runs(ours.database, present, size)
        if theirs is not None:
            put_runs(theirs.path, present, size)
        print(f"{size:,} runs stored after {time.perf_counter() - began:.0f} s", flush=True)
        present = size
        for question in QUESTIONS:
            counts: list[int] = []
            asks: list[Ask] = [_ask_ours(our_exchange, question, counts)]
            if their_exchange is not None and question.key not in slow:
                asks.append(_ask_theirs(their_exchange, question, counts))
            sides = time_sides(sizes, asks)
            if len(sides) > 1 and sides[1][0] > 1e3 * LONG_SECONDS:
                slow.add(question.key)
            if len(set(counts)) != 1:
                results.errors.append(f"list {question.title} of {size:,}: answers of {sorted(set(counts))} runs")
            title = f"list of {size:,} runs, {question.title}"
            add_times(results, f"list/{question.key}/{size}", title, sides, NOTE)


def _ask_ours(exchange: Exchange, question: Question, counts: list[int]) -> Callable[[], float]:
    def ask() -> float:
        seconds, answer = exchange.ask("GET", f"/v1/runs?{urlencode(question.ours | {'limit': str(LIMIT)})}")
        counts.append(len(json.loads(answer)["items"]))
        return seconds

    return ask


def _ask_theirs(exchange: Exchange, question: Question, counts: list[int]) -> Callable[[], float]:
    body = json.dumps({"experiment_ids": ["0"], "max_results": LIMIT} | question.theirs)

    def ask() -> float:
        seconds, answer = exchange.ask("POST", "/api/2.0/mlflow/runs/search", body)
        counts.append(len(json.loads(answer).get("runs", ())))
        return seconds

    return ask


def measure_idle(results: Results, ours: float, theirs: float | None) -> None:
    """Add the memory of both servers before their first request."""
    note = "Resident memory of all processes of the server, with pages that they share counted for each."
    results.rows.append(Row("idle", "idle memory", "MB", (ours,), () if theirs is None else (theirs,), note=note))
