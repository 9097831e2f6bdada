"""Compilation, training and evaluation in source."""

from core.code.datasets.base import Loaded, SourceContext
from core.code.draft import Draft
from core.code.objectives.losses import write_loss
from core.code.objectives.metrics import Outputs, write_metric
from core.code.objectives.optimizers import write_optimizer
from core.code.preparation.augmentation import write_augmentation
from core.code.seeds import define_random_generator
from core.code.source import Code, call, items, literal, write
from core.networks.layer_table import IMAGE_RANK
from core.specs.training import EarlyStopping, Training

EVALUATION_BATCH = 256
"""Batch size of evaluation; it affects the speed only."""

_STOP_AFTER = '''
class StopAfter(keras.callbacks.Callback):
    """Ends the training after a number of steps, which may be within an epoch."""

    def __init__(self, num_steps):
        super().__init__()
        self.num_left = num_steps

    def on_train_batch_end(self, batch, logs=None):
        self.num_left -= 1
        if self.num_left == 0:
            self.model.stop_training = True
'''


def write_training(draft: Draft, context: SourceContext, loaded: Loaded, outputs: Outputs) -> None:
    """Write the section that compiles and trains `model`."""
    training = context.spec.training
    metrics = [write_metric(draft, name, outputs) for name in training.metrics]
    compiled = call(
        "model.compile",
        optimizer=write_optimizer(
            draft, training.optimizer, training.precision, has_embeddings=bool(context.shape.embeddings)
        ),
        loss=write_loss(draft, training.loss),
        metrics=items(metrics) if metrics else None,
    )
    draft.training.add(write(compiled))
    if training.steps == 0 or training.num_epochs_asked == 0:
        draft.training.add("# No step is taken: the network is evaluated as it starts.")
        return
    callbacks: list[Code] = []
    if training.early_stopping is not None:
        callbacks.append(_early_stopping(training.early_stopping))
    if training.steps is not None:
        draft.training.define(_STOP_AFTER)
        callbacks.append("StopAfter(STEPS)")
    _write_fit(draft, context, loaded, callbacks)


def _write_length(draft: Draft, training: Training, *, has_epoch_steps: bool) -> None:
    """Write the constants of the training's length, ahead of what uses them."""
    lines = [f"BATCH_SIZE = {'len(x_train)' if training.batch_size == 'full' else training.batch_size}"]
    if has_epoch_steps or training.steps is not None:
        of_epoch = str(training.steps_per_epoch or "math.ceil(len(x_train) / BATCH_SIZE)")
        if training.steps_per_epoch is None or training.steps is not None:
            draft.need("import math")
        lines.append(f"STEPS_PER_EPOCH = {of_epoch}")
    if training.steps is None:
        lines.append(f"EPOCHS = {training.num_epochs_asked}")
    else:
        lines += [f"STEPS = {training.steps}", "EPOCHS = math.ceil(STEPS / STEPS_PER_EPOCH)"]
    draft.training.blocks.insert(0, "\n".join(lines))


def _write_fit(draft: Draft, context: SourceContext, loaded: Loaded, callbacks: list[Code]) -> None:
    training = context.spec.training
    arrays = ["x_train", "y_train", *(["w_train"] if "train" in is_weighted_in(training, loaded) else [])]
    is_shuffled = training.shuffle and training.batch_size != "full"
    samples: dict[str, Code | None]
    if is_shuffled or training.steps_per_epoch is not None or context.spec.dataset.augmentation_asked().is_any:
        _define_batches(draft, context, loaded, arrays, is_shuffled=is_shuffled)
        samples = {"x": "batches()", "steps_per_epoch": "STEPS_PER_EPOCH"}
    else:
        samples = dict(zip(("x", "y", "sample_weight"), arrays, strict=False))
        # A step that takes every sample adds them up, so their order is irrelevant.
        samples |= {"batch_size": "BATCH_SIZE", "shuffle": "False"}
    _write_length(draft, training, has_epoch_steps="steps_per_epoch" in samples)
    held_out: Code | None = None
    if "validation" in loaded.parts:
        held_out = (
            f"({', '.join(f'{name}_validation' for name in ('x', 'y', *(('w',) if loaded.is_weighted else ())))})"
        )
    fitted = call(
        "model.fit",
        **samples,
        epochs="EPOCHS",
        validation_data=held_out,
        validation_batch_size=str(EVALUATION_BATCH) if held_out else None,
        validation_freq=str(training.validation_freq) if held_out and training.validation_freq > 1 else None,
        callbacks=items(callbacks) if callbacks else None,
        verbose="2",
    )
    draft.training.assign("history", fitted)


def _define_batches(
    draft: Draft, context: SourceContext, loaded: Loaded, arrays: list[str], *, is_shuffled: bool
) -> None:
    """Define `batches`, an endless iterator over the batches of the run."""
    draft.need("import itertools")
    augmentation = context.spec.dataset.augmentation_asked()
    if augmentation.is_any:
        has_channels = len(context.shape.network_input_shape) == IMAGE_RANK
        write_augmentation(draft, augmentation, loaded.factor, has_channels=has_channels)
    if is_shuffled:
        define_random_generator(draft)
        about = "Yield batch after batch, in another order with each pass over the samples."
        order = 'random_generator("pass", number).permutation(len(x_train))'
    else:
        draft.need("import numpy as np")
        about = "Yield batch after batch, in the order of the samples, over and over."
        order = "np.arange(len(x_train))"
    taken = [f"{array}[rows]" for array in arrays]
    if augmentation.is_any:
        taken[0] = "augment(x_train[rows], step)"
    lines = [
        "def batches():",
        f'    """{about}"""',
        *(["    step = 0"] if augmentation.is_any else []),
        f"    for {'number' if is_shuffled else '_'} in itertools.count():",
        f"        order = {order}",
        "        for start in range(0, len(order), BATCH_SIZE):",
        "            rows = order[start : start + BATCH_SIZE]",
        f"            yield {', '.join(taken)}",
        *(["            step += 1"] if augmentation.is_any else []),
    ]
    draft.training.define("\n".join(lines))


def _early_stopping(spec: EarlyStopping) -> Code:
    return call(
        "keras.callbacks.EarlyStopping",
        monitor=literal(spec.monitor),
        min_delta=literal(spec.min_delta),
        patience=literal(spec.patience),
        mode=literal("max" if spec.is_rising else "min"),
        restore_best_weights="True" if spec.restore_best_weights else None,
        start_from_epoch=literal(spec.start_from_epoch) if spec.start_from_epoch else None,
    )


def write_evaluation(draft: Draft, training: Training, loaded: Loaded) -> None:
    """Write the statements that evaluate all parts; those of training only if no step measured them."""
    is_untrained = training.steps == 0 or training.num_epochs_asked == 0
    parts = [part for part in loaded.parts if part != "train" or is_untrained]
    weighted = is_weighted_in(training, loaded)
    for part in parts:
        evaluated = call(
            "model.evaluate",
            f"x_{part}",
            f"y_{part}",
            sample_weight=f"w_{part}" if part in weighted else None,
            batch_size=str(EVALUATION_BATCH),
            verbose="0",
            return_dict="True",
        )
        _assign_print(draft, part, evaluated)


def is_weighted_in(training: Training, loaded: Loaded) -> tuple[str, ...]:
    """Return the parts whose samples have weights."""
    if loaded.is_weighted:
        return loaded.parts
    return ("train",) if training.class_weight is not None else ()


def _assign_print(draft: Draft, part: str, evaluated: Code) -> None:
    draft.evaluation.assign(f"{part}_results", evaluated)
    draft.evaluation.add(f'print("{part}:", {part}_results)')
