"""Embeddings of categories, before a network's first layer."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx

from core.datasets.shape import EmbeddingTable
from models.networks.chain import Chain
from models.onnx_graph import Graph, Value
from models.runtime import keras
from models.seeds import derive_seed

NUMBERS_DTYPE = "float32"
"""Dtype of category numbers: 16 bits cannot represent all of them exactly."""


def build_embeddings(chain: Chain, tables: Sequence[EmbeddingTable]) -> None:
    """Build the layers that replace the category numbers, the last in a row, with their vectors.

    Columns with vectors of one length share one layer, each with its own rows, which is equivalent to a layer for each
    column. Rows are divided by layers that every version of Keras can load.
    """
    if not tables:
        return
    shape = chain.shape
    width = shape[-1]
    first = width - sum(table.num_columns for table in tables)
    chain.add(keras.layers.Reshape((*shape, 1), name=chain.name("reshape"), dtype=NUMBERS_DTYPE))
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
        layer = keras.layers.Cropping1D(margins, name=chain.name("cropping1d"), dtype=NUMBERS_DTYPE)
    else:
        layer = keras.layers.Cropping2D(
            ((0, 0), margins), data_format="channels_last", name=chain.name("cropping2d"), dtype=NUMBERS_DTYPE
        )
    chain.add(layer)
    chain.add(keras.layers.Reshape((*shape[:-1], end - start), name=chain.name("reshape"), dtype=NUMBERS_DTYPE))


def _look_up(chain: Chain, table: EmbeddingTable) -> None:
    """Replace category numbers (…, columns) with their concatenated vectors (…, columns · dim)."""
    name = chain.name("embedding")
    # Keras's default, with a seed derived from the experiment's.
    initializer = keras.initializers.RandomUniform(-0.05, 0.05, seed=derive_seed(chain.seed, name, "embeddings"))
    chain.add(
        keras.layers.Embedding(
            table.num_rows, table.dim, embeddings_initializer=initializer, name=name, dtype=chain.dtype
        )
    )
    shape = (*chain.shape[:-2], table.num_columns * table.dim)
    chain.add(keras.layers.Reshape(shape, name=chain.name("reshape"), dtype=chain.dtype))


def write_cropping(graph: Graph, layer: Any, value: Value) -> Value:
    """Write a Cropping1D or Cropping2D layer that keeps a part of each row (…, width, 1)."""
    start, margin = layer.cropping[-1] if isinstance(layer.cropping[0], tuple) else layer.cropping
    end = value.shape[-2] - margin
    bounds = [
        graph.constant(name, [number], np.int64) for name, number in (("start", start), ("end", end), ("axis", -2))
    ]
    return Value(graph.add("Slice", value.name, *bounds, stem=layer.name), (*value.shape[:-2], end - start, 1))


def write_embedding(graph: Graph, layer: Any, value: Value) -> Value:
    """Write an Embedding layer: a vector for each category number."""
    vectors = graph.constant(f"{layer.name}_embeddings", layer.embeddings.numpy())
    rows = graph.add("Cast", value.name, to=onnx.TensorProto.INT64)
    return Value(graph.add("Gather", vectors, rows, axis=0, stem=layer.name), (*value.shape, layer.output_dim))
