"""All checks of an ONNX file, in the order in which they get dangerous."""

from core.signatures.given import GivenSignature
from core.signatures.signature import ModelSignature
from serving.checks.dependence import check_dependence
from serving.checks.errors import RejectedNetwork
from serving.checks.graph import read_network
from serving.checks.session import Network
from serving.checks.signature import make_signature
from serving.checks.trial import try_network

MIN_IR_VERSION = 3

MIN_OPSET = 7
"""onnxruntime promises to compute no older ones; the newest that it knows it names itself."""


def check_network(content: bytes, given: GivenSignature) -> ModelSignature:
    """Return the signature of a network that can be served.

    Raises:
        RejectedNetwork: If it cannot; the error says what to do.
    """
    found = read_network(memoryview(content))
    if found.ir_version < MIN_IR_VERSION or 0 < found.opset < MIN_OPSET:
        raise RejectedNetwork(
            "unsupported_opset",
            f"The network has version {found.ir_version} of the format and version {found.opset} of the operators; "
            f"at least {MIN_IR_VERSION} and {MIN_OPSET} are needed. Export it with a newer opset.",
        )
    check_dependence(found.graph)
    network = Network(content)
    trial = try_network(network)
    return make_signature(given, network.inputs, network.outputs, trial)
