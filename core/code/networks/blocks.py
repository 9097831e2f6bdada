"""Blocks in source: parallel branches, and the layers that merge them."""

from core.code.networks.chain import Chain
from core.code.networks.layer import write_activation
from core.code.source import call, literal
from core.networks.blocks import ParallelBlock, ResidualBlock
from core.networks.layer import BaseLayer


def write_parallel(chain: Chain, spec: ParallelBlock) -> None:
    """Write branches that read the same tensor, and concatenate them along the channels."""
    ends = _write_branches(chain, spec.branches)
    _join(chain, "Concatenate", "concatenate", ends)


def write_residual(chain: Chain, spec: ResidualBlock) -> None:
    """Write layers and the shortcut around them, add their outputs and activate the sum."""
    ends = _write_branches(chain, (spec.layers, spec.shortcut))
    _join(chain, "Add", "add", ends)
    if spec.activation != "linear":
        write_activation(chain, spec.activation)


def _write_branches(chain: Chain, branches: tuple[tuple[BaseLayer, ...], ...]) -> list[str]:
    start = chain.keep("block")
    ends = []
    was_image = chain.is_image
    for branch in branches:
        chain.end, chain.is_image = start, was_image
        chain.write(branch)
        ends.append(start if chain.end == start else chain.keep("branch"))
    return ends


def _join(chain: Chain, keras_class: str, kind: str, ends: list[str]) -> None:
    chain.join(call(f"layers.{keras_class}", name=literal(chain.name(kind))), ends)
