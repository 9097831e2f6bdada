"""Response body of an uploaded network."""

from api.http.schemas import AnswerModel
from core.signatures.signature import ModelSignature


class UploadedVersionLinks(AnswerModel):
    """Links of an uploaded version."""

    version: str
    predict: str
    metadata: str


class UploadedVersion(AnswerModel):
    """Version of a model that was uploaded."""

    model: str
    version: int
    network_sha256: str
    """Hash of the ONNX file."""
    num_bytes: int
    """Size of the ONNX file."""
    signature: ModelSignature
    """Inputs and outputs: what was sent with the network, and for the rest what the network says."""
    links: UploadedVersionLinks
