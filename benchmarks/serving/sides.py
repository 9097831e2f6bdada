"""What is compared: sides, which are forms of requests to a server, and cases, which are rows of a network."""

from dataclasses import dataclass

from benchmarks.serving.wire import V1, V2, V2_BINARY, Form

NUM_REQUESTS = 8
"""Different requests that each connection sends in turn."""


@dataclass(frozen=True, slots=True)
class Side:
    """A form of requests to a server.

    Attributes:
        name: Of the side, on the command line.
        title: For people.
        server: That is asked.
        form: Of its requests.
    """

    name: str
    title: str
    server: str
    form: Form


@dataclass(frozen=True, slots=True)
class Case:
    """Rows of a network.

    Attributes:
        name: Of the case, on the command line.
        title: For people.
        net: Name of the network.
        num_rows: Rows of each request.
    """

    name: str
    title: str
    net: str
    num_rows: int = 1


SIDES = {
    side.name: side
    for side in (
        Side("ours-v1", "Trainyard, v1 JSON", "trainyard", V1),
        Side("ours-v2", "Trainyard, v2 JSON", "trainyard", V2),
        Side("ours-binary", "Trainyard, v2 binary", "trainyard", V2_BINARY),
        Side("bare", "bare ASGI, JSON", "bare", V1),
        Side("bare-binary", "bare ASGI, binary", "bare", V2_BINARY),
        Side("mlserver", "MLServer, v2 JSON", "mlserver", V2),
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
