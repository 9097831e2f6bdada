"""Base classes of networks, by what they read: rows of numbers, images or sequences."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import ClassVar, Literal

from core.datasets.shape import EmbeddingTable
from core.errors import reject_spec
from core.networks.embedding import reject_embeddings, tabulate_embeddings
from core.networks.table import IMAGE_RANK, SEQUENCE_RANK, LayerTable
from core.specs.base import SpecModel


class BaseNetwork(SpecModel):
    """Base class of networks. Each has `layers`, as a field or worked out from its other fields.

    Attributes:
        expands_to: The kind of network that can be written layer by layer in its place, if it is not one itself.
    """

    expands_to: ClassVar[Literal["cnn", "rnn"] | None] = None

    @abstractmethod
    def tabulate_input(self, table: LayerTable, embeddings: Sequence[EmbeddingTable]) -> None:
        """Add the rows of what is built in front of the first layer.

        Args:
            table: Its `shape` is that of one sample as it reaches the network.
            embeddings: Of the dataset's columns of categories.

        Raises:
            InvalidSpec: If the network cannot read such samples.
        """


class ImageNetwork(BaseNetwork):
    """Base class of networks that read images (height, width) or (height, width, channels)."""

    def tabulate_input(self, table: LayerTable, embeddings: Sequence[EmbeddingTable]) -> None:
        """Add the row of a Reshape where an image has no axis of channels."""
        reject_embeddings(embeddings)
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
        """Add the rows of the embeddings."""
        if len(table.shape) != SEQUENCE_RANK:
            reject_spec(
                "/model/kind",
                "A recurrent network reads sequences (steps, features); this dataset's samples have shape "
                f"{table.shape}. Choose a dataset of sequences or images, or the kind 'mlp'.",
            )
        tabulate_embeddings(table, embeddings)
