"""Evaluation of the samples that the steps of a fit do not measure."""

from collections.abc import Callable
from time import perf_counter
from typing import Any

from core.progress import Phase
from core.specs.training import Training
from models.evaluation.tallies import HeldOut
from models.fit.arrays import Arrays, FitData
from models.fit.evaluation import Evaluation
from models.fit.failures import check_first_loss, check_loss, check_weights
from models.fit.history import History
from models.fit.meter import Values

SHOWN_SECONDS = 0.1
"""Least duration of the previous evaluation for the next to be reported as a phase; the first always is."""


class Validation:
    """Evaluates validation samples during a fit and test samples at its end.

    Args:
        data: Samples of the fit.
        training: Spec of the training, for the advice in errors.
        history: Receives the values.
        make_evaluation: Makes the evaluation of some samples.
        counts_answers: Whether evaluations can tally predictions.
        has_steps: Whether the fit has steps, which measure the training samples; if not, they are evaluated here.

    Attributes:
        seconds: Seconds spent on evaluation.
    """

    def __init__(
        self,
        data: FitData,
        training: Training,
        history: History,
        make_evaluation: Callable[[Arrays], Evaluation],
        *,
        counts_answers: bool,
        has_steps: bool,
    ) -> None:
        self._training = training
        self._history = history
        self._counts_answers = counts_answers
        self.seconds = 0.0
        self._last_seconds = SHOWN_SECONDS
        untrained = data.train.none() if has_steps else data.train
        self._untrained, self._validation, self._test = (
            make_evaluation(arrays) if len(arrays) else None for arrays in (untrained, data.validation, data.test)
        )

    @property
    def has_samples(self) -> bool:
        """True if there are validation samples."""
        return self._validation is not None

    @property
    def validation(self) -> HeldOut | None:
        """Results on the validation samples with the final weights; None without samples or tallies."""
        return None if self._validation is None else self._validation.counted

    @property
    def test(self) -> HeldOut | None:
        """Results on the test samples; None without samples or tallies."""
        return None if self._test is None else self._test.counted

    def evaluate_untrained(self) -> None:
        """Evaluate training and validation samples in a fit without steps.

        Raises:
            TrainingFailed: If a loss is not finite.
        """
        if self._untrained is not None:
            values = self._evaluate(self._untrained, 0, is_counted=False)
            self._history.add_untrained(values)
            check_first_loss(values, self._training)
        self.validate(0, is_last=True)

    def validate(self, step: int, *, is_last: bool) -> None:
        """Evaluate the validation samples after this step.

        Raises:
            TrainingFailed: If their loss is not finite.
        """
        if self._validation is None:
            return
        values = self._evaluate(self._validation, step, is_counted=is_last)
        self._history.add_validation(step, values)
        check_loss(values, "validation", self._training)

    def finish(self, network: Any, step: int, *, has_restored: bool) -> None:
        """Evaluate the final weights.

        Args:
            network: Network with the final weights.
            step: Last step taken.
            has_restored: Whether best weights were restored since the last validation.

        Raises:
            TrainingFailed: If a weight or a loss is not finite.
        """
        check_weights(network, self._training)
        # The tally is of the final weights; the last validation may have had others.
        if self._validation is not None and self._counts_answers and (has_restored or self._validation.counted is None):
            check_loss(self._evaluate(self._validation, step, is_counted=True), "validation", self._training)
        if self._test is not None:
            values = self._evaluate(self._test, step, is_counted=True)
            self._history.add_test(step, values)
            check_loss(values, "test", self._training)

    def _evaluate(self, evaluation: Evaluation, step: int, *, is_counted: bool) -> Values:
        # A short evaluation is not reported: there may be thousands of them.
        is_shown = self._last_seconds >= SHOWN_SECONDS
        if is_shown:
            self._history.report(step, Phase.VALIDATE, at_once=True)
        started = perf_counter()
        values = evaluation.run(is_counted=is_counted)
        self._last_seconds = perf_counter() - started
        self.seconds += self._last_seconds
        if is_shown:
            self._history.report(step)
        return values
