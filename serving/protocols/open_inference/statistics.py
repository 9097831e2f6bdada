"""Statistics of models (Triton's statistics extension)."""

from collections.abc import Mapping
from typing import Any, Protocol, TypedDict


class ComputeTimes(Protocol):
    """Calls of a network; times are nanoseconds, over all calls."""

    compute_input_ns: int
    compute_infer_ns: int
    compute_output_ns: int


class BatchCalls(ComputeTimes, Protocol):
    """Calls of a network with one number of rows."""

    count: int


class CallStatistics(ComputeTimes, Protocol):
    """Counts of the calls of a network since it was loaded.

    Attributes:
        success_count: Requests answered, with their whole time.
        fail_count: Requests that failed, likewise.
        queue_count: Requests that waited, with the time that they did.
        inference_count: Rows.
        execution_count: Calls of the network.
        last_call_ns: Time of the last one, since 1970; 0 if there was none.
    """

    success_count: int
    success_ns: int
    fail_count: int
    fail_ns: int
    queue_count: int
    queue_ns: int
    inference_count: int
    execution_count: int
    last_call_ns: int

    @property
    def batches(self) -> Mapping[int, Any]:
        """Return the calls by their number of rows, each a `BatchCalls`."""


class DurationStatistic(TypedDict):
    """A number of times, and their total in nanoseconds."""

    count: int
    ns: int


class ModelStatistics(TypedDict):
    """Statistics of one version of a model; `last_inference` in milliseconds since 1970, or 0."""

    name: str
    version: str
    last_inference: int
    inference_count: int
    execution_count: int
    inference_stats: dict[str, DurationStatistic]
    response_stats: dict[str, Any]
    batch_stats: list[dict[str, Any]]
    memory_usage: list[Any]


NEVER: DurationStatistic = {"count": 0, "ns": 0}


NANOSECONDS = 1_000_000
"""Of a millisecond."""


def build_statistics(model_name: str, version: int, statistics: CallStatistics | None) -> ModelStatistics:
    """Return the statistics of a version; all zero if its network is not loaded."""
    inference_stats = {"success": NEVER, "fail": NEVER, "queue": NEVER}
    batches: Mapping[int, BatchCalls] = {}
    if statistics is not None:
        batches = statistics.batches
        inference_stats = {
            "success": _duration(statistics.success_count, statistics.success_ns),
            "fail": _duration(statistics.fail_count, statistics.fail_ns),
            "queue": _duration(statistics.queue_count, statistics.queue_ns),
            **_describe(statistics.execution_count, statistics),
        }
    else:
        inference_stats |= {"compute_input": NEVER, "compute_infer": NEVER, "compute_output": NEVER}
    return {
        "name": model_name,
        "version": str(version),
        "last_inference": 0 if statistics is None else statistics.last_call_ns // NANOSECONDS,
        "inference_count": 0 if statistics is None else statistics.inference_count,
        "execution_count": 0 if statistics is None else statistics.execution_count,
        # Answers are not kept for later requests.
        "inference_stats": inference_stats | {"cache_hit": NEVER, "cache_miss": NEVER},
        "response_stats": {},
        "batch_stats": [
            {"batch_size": num_rows, **_describe(calls.count, calls)} for num_rows, calls in sorted(batches.items())
        ],
        "memory_usage": [],
    }


def _describe(count: int, times: ComputeTimes) -> dict[str, DurationStatistic]:
    return {
        "compute_input": _duration(count, times.compute_input_ns),
        "compute_infer": _duration(count, times.compute_infer_ns),
        "compute_output": _duration(count, times.compute_output_ns),
    }


def _duration(count: int, nanoseconds: int) -> DurationStatistic:
    return {"count": count, "ns": nanoseconds}
