"""Execution of a request: the call of the network, and what goes with it."""

from collections.abc import Mapping
from typing import Any

from numpy.typing import NDArray

from api.prediction.calls import Call
from api.prediction.targets import Target

Tensors = Mapping[str, NDArray[Any]]


async def execute(call: Call, target: Target, inputs: Tensors, num_rows: int) -> dict[str, NDArray[Any]]:
    """Return the outputs of a target's network, by name.

    Args:
        call: The request; its deadline limits the wait.
        target: The version that answers.
        inputs: (num_rows, *shape of the input) for each input by its name.
        num_rows: Number of rows.

    Raises:
        InvalidInstances: If the inputs do not fit the signature.
        ServerBusy: If too many requests wait for this network.
        DeadlineExceeded: If the deadline passes first.
    """
    lane = target.lane
    if lane.is_inline(num_rows, inputs):
        outputs = lane.run_inline(inputs)
    else:
        outputs = await lane.run(inputs, num_rows, deadline=call.deadline)
    service = call.service
    service.instruments.count_prediction(target.model_name, num_rows)
    service.observers.of(target.model_name, target.version, lane.model).note(inputs, outputs)
    if target.shadow is not None:
        service.shadows.send(target.model_name, target.version, target.shadow, target.signature, inputs, outputs)
    return outputs
