"""Statements of a client about a network that it uploads: any part of a signature. The network itself says the rest."""

from pydantic import BaseModel, ConfigDict, Field

from core.images.pixels import Resize
from core.signatures.encodings import TableEncoding
from core.signatures.labels import Label
from core.signatures.signature import InputKind, Task


class GivenTensor(BaseModel):
    """An input or output of the network."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    name: str = Field(min_length=1, max_length=200)
    """Name in requests and responses."""
    onnx_name: str | None = None
    """Name in the ONNX graph, unless it is the same."""
    dtype: str | None = None
    """NumPy's name of the element type, `str` for text; the network's if it is left out."""
    shape: tuple[int, ...] | None = None
    """Shape of one row, without the first axis; -1 is any length. The network's if it is left out."""

    @property
    def graph_name(self) -> str:
        """Return the name in the graph."""
        return self.name if self.onnx_name is None else self.onnx_name


class GivenSignature(BaseModel):
    """Parts of a signature, with the names that the stored one has. All may be left out."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    task: Task | None = None
    """Meaning of the first output; `classification` if there are class labels, else `regression`."""
    input_kind: InputKind | None = None
    """Form in which a row is also accepted; `columns` if there are columns, else `tensor`."""
    input: GivenTensor | None = None
    """The first input; that of the network if it is left out."""
    other_inputs: tuple[GivenTensor, ...] | None = None
    """Further inputs, for `tensor`; all others of the network if they are left out."""
    output: GivenTensor | None = None
    """The output that the task is about; the first of the network if it is left out."""
    other_outputs: tuple[GivenTensor, ...] | None = None
    """Further outputs to return; all others of the network if they are left out."""
    columns: tuple[str, ...] = ()
    """Names of a row's numbers, in order."""
    table: TableEncoding | None = None
    """Encoding of a row of columns, for `table`."""
    resize: Resize | None = None
    """Treatment of images of other sizes, for `image`; they are rejected if it is left out."""
    pixel_range: tuple[float, float] = (0.0, 255.0)
    """Value of a black and of a white pixel as the network expects them, for `image`."""
    class_labels: tuple[Label, ...] = ()
    """A label per class, in the order of the output."""
    num_bits: int = Field(0, ge=0)
    """Bits per operand, least significant first, for `bit_pair`."""
    threshold: float = Field(0.5, ge=0, le=1)
    """A single-output classifier predicts its second class at or above this output."""
    answers_probabilities: bool | None = None
    """True if a classifier's outputs are probabilities; judged by a trial if it is left out."""
