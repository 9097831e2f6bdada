"""BentoML's side: a service with one method that takes an array."""

import os

import bentoml
import numpy as np

from benchmarks.serving.peers.sessions import open_session


@bentoml.service(
    workers=1, metrics={"enabled": False}, logging={"access": {"enabled": False}}, tracing={"sample_rate": 0.0}
)
class Net:
    """Network of the ONNX file in `BENCH_ONNX`."""

    def __init__(self) -> None:
        self._session = open_session(os.environ["BENCH_ONNX"])
        self._input_name = self._session.get_inputs()[0].name
        self._output_name = self._session.get_outputs()[0].name

    @bentoml.api
    async def predict(self, rows: np.ndarray) -> np.ndarray:
        """Run the network on rows."""
        inputs = rows.astype(np.float32, copy=False)
        return self._session.run([self._output_name], {self._input_name: inputs})[0]
