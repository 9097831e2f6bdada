"""MLServer's side: a runtime for ONNX files, as its documentation has custom runtimes written.

MLServer reads tensors as lists, over HTTP always and over gRPC unless they are raw.
"""

from mlserver import MLModel
from mlserver.codecs import NumpyCodec
from mlserver.types import InferenceRequest, InferenceResponse, ResponseOutput

from benchmarks.serving.peers.sessions import open_session


class OnnxModel(MLModel):
    """Network in an ONNX file, `parameters.uri` of its settings."""

    async def load(self) -> bool:
        """Load the network."""
        self._session = open_session(self.settings.parameters.uri)
        self._input_name = self._session.get_inputs()[0].name
        self._output_name = self._session.get_outputs()[0].name
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        """Run the network on the only input."""
        rows = NumpyCodec.decode_input(payload.inputs[0])
        output = self._session.run([self._output_name], {self._input_name: rows})[0]
        tensor = ResponseOutput(
            name=self._output_name, datatype="FP32", shape=list(output.shape), data=output.ravel().tolist()
        )
        return InferenceResponse(id=payload.id, model_name=self.name, outputs=[tensor])
