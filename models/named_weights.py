"""A network's weights by the names that core.layer_table gives them."""

from typing import Any

from models.runtime import keras


def named_weights(layer: Any) -> dict[str, Any]:
    """The arrays of weights of one Keras layer, by Keras's names and in its order.

    A bidirectional layer has those of its two directions, with `forward_` or `backward_` in front.
    """
    if isinstance(layer, keras.layers.Bidirectional):
        directions = {"forward": layer.forward_layer, "backward": layer.backward_layer}
        return {
            f"{way}_{name}": weight
            for way, inner in directions.items()
            for name, weight in named_weights(inner).items()
        }
    return {weight.name: weight for weight in layer.weights}
