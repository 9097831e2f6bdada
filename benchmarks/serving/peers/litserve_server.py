"""LitServe's side: one API with one worker."""

import os
import sys
from typing import Any

import litserve
import numpy as np

from benchmarks.serving.peers.sessions import open_session


class Net(litserve.LitAPI):
    """Network of the ONNX file in `BENCH_ONNX`."""

    def setup(self, device: str) -> None:  # noqa: ARG002 - LitServe's signature.
        """Load the network."""
        self._session = open_session(os.environ["BENCH_ONNX"])
        self._input_name = self._session.get_inputs()[0].name
        self._output_name = self._session.get_outputs()[0].name

    def decode_request(self, request: dict[str, Any]) -> np.ndarray:
        """Read rows."""
        return np.array(request["rows"], np.float32)

    def predict(self, rows: np.ndarray) -> np.ndarray:
        """Run the network on rows."""
        return self._session.run([self._output_name], {self._input_name: rows})[0]

    def encode_response(self, outputs: np.ndarray) -> dict[str, Any]:
        """Write the outputs."""
        return {"outputs": outputs.tolist()}


if __name__ == "__main__":
    server = litserve.LitServer(Net(), accelerator="cpu", workers_per_device=1)
    server.run(
        host="127.0.0.1",
        port=int(sys.argv[1]),
        num_api_servers=1,
        generate_client_file=False,
        log_level="warning",
        access_log=False,
    )
