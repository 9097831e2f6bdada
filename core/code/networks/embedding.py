"""Embeddings of categories, before a network's first layer, in source."""

from core.code.networks.chain import Chain
from core.code.seeds import define_seed_of
from core.code.source import call, literal
from core.datasets.shape import DatasetShape, EmbeddingTable

WIDTH = "x_train.shape[-1]"


def count_vectors(table: EmbeddingTable) -> str:
    """Return the variable with the number of vectors of a table, which the section before has set."""
    return f"num_vectors_of_{table.dim}"


def write_embeddings(chain: Chain, shape: DatasetShape) -> None:
    """Write the layers that replace the category numbers, the last of each row, with their vectors."""
    *steps, width = shape.network_input_shape
    num_embedded = sum(table.num_columns for table in shape.embeddings)
    define_seed_of(chain.draft)
    chain.draft.need("from keras.initializers import RandomUniform")
    # 16 bits cannot represent all category numbers.
    own_dtype, numbers_dtype = chain.dtype, None if chain.precision == "float32" else "float32"
    chain.dtype = numbers_dtype
    sizes = "".join(f"{size}, " for size in steps)
    chain.add("Reshape", f"({sizes}{WIDTH}, 1)", name=literal(chain.name("reshape")))
    rows = chain.keep("rows")
    parts = []
    if width > num_embedded:
        _crop(chain, steps, "0", f"{num_embedded}", f"{WIDTH} - {num_embedded}")
        parts.append(chain.keep("numbers"))
    left = num_embedded
    for table in shape.embeddings:
        chain.end = rows
        start, left = f"{WIDTH} - {left}", left - table.num_columns
        _crop(chain, steps, start, f"{left}", f"{table.num_columns}")
        chain.dtype = own_dtype
        _look_up(chain, steps, table)
        chain.dtype = numbers_dtype
        parts.append(chain.keep("vectors"))
    chain.dtype = own_dtype
    if len(parts) > 1:
        chain.join(call("layers.Concatenate", name=literal(chain.name("concatenate"))), parts)


def _crop(chain: Chain, steps: list[int], start: str, margin: str, width: str) -> None:
    """Keep some numbers of each row (…, width, 1)."""
    if steps:
        margins, name = f"((0, 0), ({start}, {margin}))", literal(chain.name("cropping2d"))
        chain.add("Cropping2D", margins, data_format=literal("channels_last"), name=name)
    else:
        chain.add("Cropping1D", f"({start}, {margin})", name=literal(chain.name("cropping1d")))
    sizes = "".join(f"{size}, " for size in steps)
    shape = f"({sizes}{width})" if steps else f"({width},)"
    chain.add("Reshape", shape, name=literal(chain.name("reshape")))


def _look_up(chain: Chain, steps: list[int], table: EmbeddingTable) -> None:
    """Replace category numbers (…, columns) with their concatenated vectors."""
    name = literal(chain.name("embedding"))
    seed = call("seed_of", name, literal("embeddings"))
    initializer = call("RandomUniform", minval="-0.05", maxval="0.05", seed=seed)
    chain.add("Embedding", count_vectors(table), literal(table.dim), embeddings_initializer=initializer, name=name)
    shape = literal((*steps, table.num_columns * table.dim))
    chain.add("Reshape", shape, name=literal(chain.name("reshape")))
