"""Metrics in source: Keras's, and the conversion of targets and outputs that some need."""

from dataclasses import dataclass

from core.code.draft import Draft
from core.code.source import Call, Code, call, literal, write
from core.networks.dense import DenseLayer
from core.networks.network import Network
from core.specs.losses import Loss, Probability, TargetForm
from core.specs.metrics import TOP_K

OF_NUMBERS = {
    "mean_squared_error": "MeanSquaredError",
    "root_mean_squared_error": "RootMeanSquaredError",
    "mean_absolute_error": "MeanAbsoluteError",
    "mean_absolute_percentage_error": "MeanAbsolutePercentageError",
    "r2_score": "R2Score",
    "cosine_similarity": "CosineSimilarity",
}
"""Keras's classes of the metrics of differences between numbers; all are in `keras.metrics`."""

OF_DECISIONS = {"precision": "Precision", "recall": "Recall", "auc": "AUC"}
"""Keras's classes of the metrics of binary decisions."""

CHOICES = frozenset({"sigmoid", "softmax", "hard_sigmoid"})
"""Activations whose outputs are from 0 to 1."""


@dataclass(frozen=True, slots=True)
class Outputs:
    """Form of the targets and outputs of a network.

    Attributes:
        loss: Loss, which defines the form of targets and the meaning of outputs.
        shape: Output shape of the network for one sample.
        network: The network.
        is_centred: True if targets and outputs are distances from the mean target.
    """

    loss: Loss
    shape: tuple[int, ...]
    network: Network
    is_centred: bool

    @property
    def count(self) -> int:
        """Number of outputs for one sample, or for one step of it."""
        return self.shape[-1]

    @property
    def are_sparse(self) -> bool:
        """True if targets are class numbers."""
        return self.loss.traits.targets is TargetForm.CLASS_NUMBERS

    @property
    def are_decisions(self) -> bool:
        """True if targets are 0 and 1, and outputs from 0 to 1, as metrics of decisions read them."""
        last = self.network.layers[-1]
        is_bounded = isinstance(last, DenseLayer) and last.activation in CHOICES
        is_plain = self.loss.traits.targets is TargetForm.NUMBERS and not self.loss.from_logits
        return is_bounded and is_plain


def write_metric(draft: Draft, name: str, outputs: Outputs) -> Call:
    """Return the expression of a metric, and define what it needs."""
    quoted = literal(name)
    if name == "accuracy":
        if outputs.are_sparse:
            return call("keras.metrics.SparseCategoricalAccuracy", name=quoted)
        if outputs.count > 1:
            return call("keras.metrics.CategoricalAccuracy", name=quoted)
        return _of_decisions(draft, "BinaryAccuracy", quoted, outputs)
    if name == "top_k_categorical_accuracy":
        form = "Sparse" if outputs.are_sparse else ""
        return call(f"keras.metrics.{form}TopKCategoricalAccuracy", literal(TOP_K), name=quoted)
    if name in OF_DECISIONS:
        return _of_decisions(draft, OF_DECISIONS[name], quoted, outputs)
    return _of_numbers(draft, OF_NUMBERS[name], quoted, outputs)


def _of_decisions(draft: Draft, keras_class: str, name: str, outputs: Outputs) -> Call:
    if outputs.are_decisions:
        return call(f"keras.metrics.{keras_class}", name=name)
    draft.need("from keras import ops")
    lines = []
    if outputs.are_sparse:
        lines.append(f"y_true = ops.one_hot(y_true, {outputs.count})")
    traits = outputs.loss.traits
    if outputs.loss.from_logits or traits.targets is TargetForm.SIGNS:
        is_softmax = traits.probability is Probability.SOFTMAX and outputs.count > 1
        lines.append(f"y_pred = ops.{'softmax' if is_softmax else 'sigmoid'}(y_pred)")
    lines.append('return ops.cast(y_true > 0.5, "float32"), ops.clip(y_pred, 0.0, 1.0)')
    function = ["def as_decisions(y_true, y_pred):", '    """Return targets as 0 or 1, outputs as probabilities."""']
    draft.training.define("\n".join([*function, *(f"    {line}" for line in lines)]))
    about = "Reads each output as a decision."
    return _reading(draft, keras_class, ("*as_decisions(y_true, y_pred)",), about, name)


def _of_numbers(draft: Draft, keras_class: str, name: str, outputs: Outputs) -> Call:
    targets, answers = "y_true", "y_pred"
    about = []
    if outputs.are_sparse:
        draft.need("from keras import ops")
        targets = f"ops.one_hot(y_true, {outputs.count})"
        about.append("Reads class numbers as one-hot vectors.")
    if keras_class == "R2Score" and len(outputs.shape) > 1:
        draft.need("from keras import ops")
        targets, answers = (f"ops.reshape({part}, (-1, {outputs.count}))" for part in (targets, answers))
        about.append("Reads every time step as a row.")
    if outputs.is_centred and keras_class == "CosineSimilarity":
        targets, answers = f"{targets} + target_mean", f"{answers} + target_mean"
        about.append("Adds the mean target to both.")
    if outputs.is_centred and keras_class == "MeanAbsolutePercentageError":
        return _percentage_error(draft, name)
    if not about:
        return call(f"keras.metrics.{keras_class}", name=name)
    return _reading(draft, keras_class, (targets, answers), about[-1], name)


def _percentage_error(draft: Draft, name: str) -> Call:
    draft.need("from keras import ops")
    draft.training.define(
        '''
        class PercentageError(keras.metrics.MeanAbsoluteError):
            """Mean absolute percentage error of targets without their mean."""

            def update_state(self, y_true, y_pred, sample_weight=None):
                sizes = ops.maximum(ops.abs(y_true + target_mean), keras.config.epsilon())
                errors = 100 * (y_pred - y_true) / sizes
                return super().update_state(ops.zeros_like(errors), errors)
        '''
    )
    return call("PercentageError", name=name)


def _reading(draft: Draft, keras_class: str, arguments: tuple[Code, ...], about: str, name: str) -> Call:
    """Define a metric that converts targets and outputs, and return its expression."""
    update = write(call("super().update_state", *arguments), "return ", indent=8)
    draft.training.define(
        f"class {keras_class}(keras.metrics.{keras_class}):\n"
        f'    """{about}"""\n\n'
        "    def update_state(self, y_true, y_pred, sample_weight=None):\n"
        f"{update}"
    )
    return call(keras_class, name=name)
