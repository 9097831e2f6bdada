"""Execution of requests: the network's call, and what goes with it."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from starlette.concurrency import run_in_threadpool

from api.prediction.calls import Call
from api.prediction.targets import Target
from serving.sessions.loaded_model import LoadedModel

ROWS_AT_ONCE = 256
"""Rows per call of a network: a convolutional network takes memory for each."""


INLINE_ROWS = 4
"""Rows that are predicted on the event loop."""


async def execute(call: Call, target: Target, batch: NDArray[Any]) -> NDArray[Any]:
    """Return the outputs of a target's network for a batch."""
    del call
    if len(batch) <= INLINE_ROWS:
        return target.loaded.predict(batch)
    return await run_in_threadpool(_run, target.loaded, batch)


def _run(model: LoadedModel, batch: NDArray[Any]) -> NDArray[Any]:
    if len(batch) <= ROWS_AT_ONCE:
        return model.predict(batch)
    starts = range(0, len(batch), ROWS_AT_ONCE)
    return np.concatenate([model.predict(batch[start : start + ROWS_AT_ONCE]) for start in starts])
