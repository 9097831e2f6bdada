"""Sides, each a form of requests to a server, and cases, each a number of rows of a net."""

from dataclasses import dataclass

from benchmarks.serving.wire import BENTOML, LITSERVE, MLFLOW_KERAS, MLFLOW_ONNX, V1, V2, V2_BINARY, Form

NUM_CONNECTIONS = (1, 16, 64)


@dataclass(frozen=True, slots=True)
class Side:
    """A form of requests to a server.

    Attributes:
        name: Of the side, on the command line.
        title: For people.
        server: Name of the server that is asked.
        form: Of its requests; None for raw tensors over gRPC.
        connections: Numbers of connections that it is measured with.
    """

    name: str
    title: str
    server: str
    form: Form | None
    connections: tuple[int, ...] = NUM_CONNECTIONS


@dataclass(frozen=True, slots=True)
class Case:
    """Rows of a net.

    Attributes:
        name: Of the case, on the command line.
        title: For people.
        net: Name of the net.
        num_rows: Rows of each request.
    """

    name: str
    title: str
    net: str
    num_rows: int = 1


TRAINYARD = "trainyard"

SIDES = {
    side.name: side
    for side in (
        Side("ours-v1", "Trainyard, v1 JSON", TRAINYARD, V1),
        Side("ours-v2", "Trainyard, v2 JSON", TRAINYARD, V2),
        Side("ours-binary", "Trainyard, v2 binary", TRAINYARD, V2_BINARY),
        Side("known", "known answers looked up", "known", V1),
        Side("bare", "bare ASGI, JSON", "bare", V1),
        Side("bare-binary", "bare ASGI, v2 binary", "bare", V2_BINARY),
        Side("mlserver", "MLServer, v2 JSON", "mlserver", V2),
        Side("mlserver-grpc", "MLServer, gRPC binary", "mlserver", None),
        Side("bentoml", "BentoML, JSON", "bentoml", BENTOML),
        Side("litserve", "LitServe, JSON", "litserve", LITSERVE),
        Side("mlflow-onnx", "mlflow, onnx flavour", "mlflow-onnx", MLFLOW_ONNX),
        # Of so few answers a second, 64 connections would get none within a measurement.
        Side("mlflow-keras", "mlflow, keras flavour", "mlflow-keras", MLFLOW_KERAS, (1, 16)),
    )
}

CASES = {
    case.name: case
    for case in (
        Case("iris", "iris MLP, 1 row", "iris"),
        Case("mnist-mlp", "MNIST MLP, 1 row", "mnist-mlp"),
        Case("mnist-mlp-64", "MNIST MLP, 64 rows", "mnist-mlp", 64),
        Case("mnist-cnn", "MNIST CNN, 1 row", "mnist-cnn"),
        Case("lstm", "LSTM, 1 row", "lstm"),
    )
}
