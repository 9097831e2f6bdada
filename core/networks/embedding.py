"""Embeddings of categories, before a network's first layer."""

from collections.abc import Sequence
from typing import NoReturn

from core.datasets.shape import EmbeddingTable
from core.errors import reject_spec
from core.networks.layer_table import LayerTable


def tabulate_embeddings(table: LayerTable, embeddings: Sequence[EmbeddingTable]) -> None:
    """Add the rows of the layers that replace category numbers, the last of the inputs, with learned vectors."""
    *steps, width = table.shape
    crop = "Cropping2D" if steps else "Cropping1D"
    num_others = width - sum(one.num_columns for one in embeddings)
    num_vectors = sum(one.num_columns * one.dim for one in embeddings)
    table.add("Reshape", (*steps, width, 1))
    if num_others:
        table.add(crop, (*steps, num_others, 1))
        table.add("Reshape", (*steps, num_others))
    for one in embeddings:
        table.add(crop, (*steps, one.num_columns, 1))
        table.add("Reshape", (*steps, one.num_columns))
        table.add("Embedding", (*steps, one.num_columns, one.dim), {"embeddings": (one.num_rows, one.dim)})
        table.add("Reshape", (*steps, one.num_columns * one.dim))
    if num_others or len(embeddings) > 1:
        table.add("Concatenate", (*steps, num_others + num_vectors))


def reject_embeddings() -> NoReturn:
    """Reject columns with embeddings, for networks that do not support them.

    Raises:
        InvalidSpec: In any case.
    """
    reject_spec("/model/kind", "Only networks of kind 'mlp' and 'rnn' support columns with embeddings.")
