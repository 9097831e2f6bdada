"""Figures of the calls of a network, for Triton's statistics and for Prometheus."""

from dataclasses import dataclass, field
from time import time_ns


@dataclass(slots=True)
class BatchStatistics:
    """Calls of the network with one number of rows; times are nanoseconds, over all calls."""

    count: int = 0
    compute_input_ns: int = 0
    compute_infer_ns: int = 0
    compute_output_ns: int = 0


@dataclass(slots=True)
class LaneStatistics:
    """Sums since the network was loaded; times are nanoseconds.

    Only the thread of the event loop writes here, so that counting needs no lock; others may read.

    Attributes:
        success_count: Requests answered; `success_ns` their time in queue and network.
        fail_count: Requests for which the network failed, or had no time left; `fail_ns` likewise.
        queue_count: Answered requests that had waited in the queue; `queue_ns` their waiting.
        compute_input_ns: Joining rows of several requests.
        compute_infer_ns: Calls of the network.
        compute_output_ns: Parting outputs.
        inference_count: Rows computed.
        execution_count: Calls of the network.
        expired_count: Requests whose deadline passed.
        cancelled_count: Requests whose client had gone.
        rejected_count: Requests that found the queue full.
        last_call_ns: Time of the last call of the network, since 1970; 0 if there was none.
        batches: Calls by their number of rows.
    """

    success_count: int = 0
    success_ns: int = 0
    fail_count: int = 0
    fail_ns: int = 0
    queue_count: int = 0
    queue_ns: int = 0
    compute_input_ns: int = 0
    compute_infer_ns: int = 0
    compute_output_ns: int = 0
    inference_count: int = 0
    execution_count: int = 0
    expired_count: int = 0
    cancelled_count: int = 0
    rejected_count: int = 0
    last_call_ns: int = 0
    batches: dict[int, BatchStatistics] = field(default_factory=dict)

    def count_call(self, num_rows: int, input_ns: int, infer_ns: int, output_ns: int) -> None:
        """Count one call of the network."""
        self.last_call_ns = time_ns()
        self.inference_count += num_rows
        self.execution_count += 1
        self.compute_input_ns += input_ns
        self.compute_infer_ns += infer_ns
        self.compute_output_ns += output_ns
        batch = self.batches.get(num_rows)
        if batch is None:
            batch = self.batches[num_rows] = BatchStatistics()
        batch.count += 1
        batch.compute_input_ns += input_ns
        batch.compute_infer_ns += infer_ns
        batch.compute_output_ns += output_ns
