"""The run that handles of both clients share."""

from collections.abc import Mapping, Sequence
from typing import Any, Self

from trainyard.errors import InvalidArgument, RunFailed
from trainyard.notices import Notice
from trainyard.operation import Operation
from trainyard.resources import models, runs
from trainyard.resources.models import Predictions
from trainyard.resources.runs import Attempt, ModelVersion, Progress, RunError, RunSnapshot


class BaseRun:
    """Base of `Run` and `AsyncRun`: the run as it was last seen, and the operations on it.

    Attributes:
        snapshot: All that the service said of the run when it was last seen.
    """

    def __init__(self, snapshot: RunSnapshot) -> None:
        self.snapshot = snapshot

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.id} {self.state}>"

    @property
    def id(self) -> str:
        """Its UUID, version 7."""
        return self.snapshot.id

    @property
    def state(self) -> str:
        """State when last seen, `unknown` before the first look.

        `queued`, `running`, `paused`, `succeeded`, `failed` or `cancelled`.
        """
        return self.snapshot.state

    @property
    def has_ended(self) -> bool:
        """True if its state can no longer change."""
        return self.snapshot.has_ended

    @property
    def has_succeeded(self) -> bool:
        """True if it left a model."""
        return self.snapshot.has_succeeded

    @property
    def model(self) -> str:
        """Name that it registers its model under once it succeeds."""
        return self.snapshot.model

    @property
    def model_version(self) -> ModelVersion | None:
        """Version that it registered, once it succeeded."""
        return self.snapshot.model_version

    @property
    def interruption(self) -> str | None:
        """Reason why it stops to go on later: `pause`, or `preemption` by a run of a higher priority; else None."""
        return self.snapshot.interruption

    @property
    def attempts(self) -> tuple[Attempt, ...]:
        """Its attempts, first to last, with the steps at which they resumed; empty in runs of a list."""
        return self.snapshot.attempts

    @property
    def progress(self) -> Progress | None:
        """Its progress when last seen, None before it started."""
        return self.snapshot.progress

    @property
    def latest_metrics(self) -> Mapping[str, float]:
        """Last value of each metric by key; NaN where the value is not a number."""
        return self.snapshot.latest_metrics

    @property
    def error(self) -> RunError | None:
        """Why it failed, if it did."""
        return self.snapshot.error

    @property
    def warnings(self) -> tuple[Notice, ...]:
        """Probable mistakes, as far as they were known when it was last seen."""
        return self.snapshot.warnings

    def _check(self) -> Self:
        if self.has_succeeded:
            return self
        error = self.error
        if error is None:
            raise RunFailed(f"Run {self.id} ended as {self.state}.", run_id=self.id, state=self.state)
        raise RunFailed(
            f"Run {self.id} {self.state}: {error.detail}",
            run_id=self.id,
            state=self.state,
            code=error.code,
            problems=error.problems,
        )

    @property
    def _path(self) -> str:
        return runs.run_path(self.id)

    def _predict(self, instances: Sequence[Any], *, with_labels: bool) -> Operation[Predictions]:
        version = self.model_version
        if version is None:
            raise InvalidArgument(
                f"Run {self.id} has no model that is known here: when last seen, its state was {self.state}. "
                "Call wait() or refresh() first."
            )
        return models.predict(version.name, instances, version=version.version, label=None, with_labels=with_labels)
