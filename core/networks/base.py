"""Base classes of networks, by their input: rows of numbers, images or sequences."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import ClassVar, Literal

from core.datasets.shape import EmbeddingTable
from core.errors import reject_spec
from core.networks.embedding import reject_embeddings, tabulate_embeddings
from core.networks.layer_table import IMAGE_RANK, SEQUENCE_RANK, LayerTable
from core.specs.base import SpecModel


class BaseNetwork(SpecModel):
    """Base class of networks. Each has `layers`, as a field or derived from its other fields.

    Attributes:
        expands_to: Kind of network that describes the same layers one by one; None for a network that already does.
    """

    expands_to: ClassVar[Literal["cnn", "rnn"] | None] = None

    @abstractmethod
    def tabulate_input(self, table: LayerTable, embeddings: Sequence[EmbeddingTable]) -> None:
        """Add the rows of the Keras layers that are built before the first layer.

        Args:
            table: Its `shape` is that of one sample at the network's input.
            embeddings: Embeddings of the dataset's categorical columns.

        Raises:
            InvalidSpec: If the network cannot read such samples.
        """


class ImageNetwork(BaseNetwork):
    """Base class of networks that read images (height, width) or (height, width, channels)."""

    def tabulate_input(self, table: LayerTable, embeddings: Sequence[EmbeddingTable]) -> None:
        """Add the row of a Reshape layer if the images have no channel axis."""
        if embeddings:
            reject_embeddings()
        if len(table.shape) == IMAGE_RANK - 1:
            table.add("Reshape", (*table.shape, 1))
        elif len(table.shape) != IMAGE_RANK:
            reject_spec(
                "/model/kind",
                "A convolutional network reads images (height, width); this dataset's samples have shape "
                f"{table.shape}. Choose a dataset of images, or the kind 'mlp'.",
            )


class SequenceNetwork(BaseNetwork):
    """Base class of networks that read sequences (steps, features)."""

    def tabulate_input(self, table: LayerTable, embeddings: Sequence[EmbeddingTable]) -> None:
        """Add the rows of the embedding layers."""
        if len(table.shape) != SEQUENCE_RANK:
            reject_spec(
                "/model/kind",
                "A recurrent network reads sequences (steps, features); this dataset's samples have shape "
                f"{table.shape}. Choose a dataset of sequences or images, or the kind 'mlp'.",
            )
        if embeddings:
            tabulate_embeddings(table, embeddings)
