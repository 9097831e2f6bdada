"""What turns categories into vectors that are learned, in front of a network."""

from collections.abc import Sequence
from typing import Any

from core.datasets.shape import EmbeddingTable
from models.networks.chain import Chain
from models.runtime import keras
from models.seeds import derive_seed

PLAIN = "float32"
"""Sixteen bits could not tell the numbers of categories apart."""


def add_embeddings(chain: Chain, tables: Sequence[EmbeddingTable]) -> None:
    """Replace the numbers of categories, which stand last in a row, by their vectors.

    Columns whose vectors are equally long share one layer, each with rows of its own: that computes what a layer for
    each column would. Rows are cut into parts by layers that every Keras can load.
    """
    if not tables:
        return
    shape = chain.shape
    width = shape[-1]
    first = width - sum(table.num_columns for table in tables)
    chain.add(keras.layers.Reshape((*shape, 1), name=chain.name("reshape"), dtype=PLAIN))
    rows = chain.end
    parts = []
    if first:
        _crop(chain, shape, 0, first)
        parts.append(chain.end)
    for table in tables:
        chain.end = rows
        _crop(chain, shape, first, first + table.num_columns)
        _look_up(chain, table)
        parts.append(chain.end)
        first += table.num_columns
    if len(parts) > 1:
        chain.join(keras.layers.Concatenate(name=chain.name("concatenate"), dtype=chain.dtype), parts)


def _crop(chain: Chain, shape: tuple[int, ...], start: int, end: int) -> None:
    """Keep some numbers of each row (…, width, 1) as (…, end - start)."""
    margins = (start, shape[-1] - end)
    layer: Any
    if len(shape) == 1:
        layer = keras.layers.Cropping1D(margins, name=chain.name("cropping1d"), dtype=PLAIN)
    else:
        layer = keras.layers.Cropping2D(
            ((0, 0), margins), data_format="channels_last", name=chain.name("cropping2d"), dtype=PLAIN
        )
    chain.add(layer)
    chain.add(keras.layers.Reshape((*shape[:-1], end - start), name=chain.name("reshape"), dtype=PLAIN))


def _look_up(chain: Chain, table: EmbeddingTable) -> None:
    """From the numbers of categories (…, columns) to their vectors side by side (…, columns · dim)."""
    name = chain.name("embedding")
    # Keras's own default, drawn by the experiment's seed.
    initializer = keras.initializers.RandomUniform(-0.05, 0.05, seed=derive_seed(chain.seed, name, "embeddings"))
    chain.add(
        keras.layers.Embedding(
            table.num_rows, table.dim, embeddings_initializer=initializer, name=name, dtype=chain.dtype
        )
    )
    shape = (*chain.shape[:-2], table.num_columns * table.dim)
    chain.add(keras.layers.Reshape(shape, name=chain.name("reshape"), dtype=chain.dtype))
