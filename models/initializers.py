"""From an initializer or regularizer of a spec to Keras's."""

from typing import Any

from core.specs.initializers import AnyInitializer, Constant, PlainInitializer, Regularizer
from models.runtime import keras

_CLASSES: dict[str, Any] = {
    "zeros": keras.initializers.Zeros,
    "ones": keras.initializers.Ones,
    "constant": keras.initializers.Constant,
    "glorot_uniform": keras.initializers.GlorotUniform,
    "glorot_normal": keras.initializers.GlorotNormal,
    "he_uniform": keras.initializers.HeUniform,
    "he_normal": keras.initializers.HeNormal,
    "lecun_uniform": keras.initializers.LecunUniform,
    "lecun_normal": keras.initializers.LecunNormal,
    "random_normal": keras.initializers.RandomNormal,
    "truncated_normal": keras.initializers.TruncatedNormal,
    "random_uniform": keras.initializers.RandomUniform,
    "variance_scaling": keras.initializers.VarianceScaling,
    "orthogonal": keras.initializers.Orthogonal,
}


def make_initializer(spec: AnyInitializer, seed: int) -> Any:
    """Keras's initializer; `seed` decides what it draws, where it draws."""
    is_fixed = isinstance(spec, Constant) or (isinstance(spec, PlainInitializer) and spec.name in {"zeros", "ones"})
    arguments = spec.model_dump(exclude={"name"})
    return _CLASSES[spec.name](**arguments) if is_fixed else _CLASSES[spec.name](**arguments, seed=seed)


def make_regularizer(spec: Regularizer | None) -> Any:
    """Keras's regularizer, or None where there is nothing to add."""
    if spec is None or not (spec.l1 or spec.l2):
        return None
    return keras.regularizers.L1L2(l1=spec.l1, l2=spec.l2)
