"""The errors of Trainyard. Each says what came, what was expected and what to do.

They do not depend on HTTP: `api/http/errors.py` maps each class to a status.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import NoReturn, Self

LONGEST_COMPARED = 200
"""Longer names are not compared with known ones: that takes seconds, and none is similar."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake in an input.

    Attributes:
        pointer: JSON Pointer (RFC 6901) to the mistake in the input; "" is the whole input.
        detail: What came, what was expected, what to do.
        code: A stable word for programs, such as `unknown_field`.
    """

    pointer: str
    detail: str
    code: str


def json_pointer(*steps: object) -> str:
    """Return the JSON Pointer (RFC 6901) of these keys and indices."""
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in steps)


class TrainyardError(Exception):
    """Base class of every error that Trainyard reports to users."""

    code = "error"

    def __init__(self, detail: str, problems: Sequence[Problem] = ()) -> None:
        super().__init__(detail)
        self.detail = detail
        self.problems = tuple(problems)

    @classmethod
    def at(cls, pointer: str, detail: str, code: str) -> Self:
        """Return the error for one thing that is wrong with what was sent.

        Args:
            pointer: Where, as a JSON Pointer.
            detail: What came, what was expected, what to do.
            code: A stable word for programs.
        """
        return cls(detail, [Problem(pointer, detail, code)])


class InvalidInput(TrainyardError):
    """An input cannot be parsed or does not have the expected form."""

    code = "invalid_input"


class InvalidFilter(InvalidInput):
    """A filter, an order or a list of fields that cannot be read; the detail points at the character."""

    code = "invalid_filter"


class InvalidSpec(InvalidInput):
    """An experiment spec that cannot be trained."""

    code = "invalid_spec"


class PriorityTooHigh(InvalidSpec):
    """A run whose priority is above the highest that its submitter may ask for."""

    code = "priority_too_high"


class OverLimit(InvalidSpec):
    """A spec that exceeds a limit of this service."""

    code = "over_limit"


class TooManyPoints(InvalidInput):
    """Views of curves with more points together than one answer may have."""

    code = "too_many_points"


class InvalidChange(InvalidInput):
    """A change to a run that it cannot have."""

    code = "invalid_change"


class InvalidInstances(InvalidInput):
    """A prediction request whose rows, tensors or names do not fit the model's inputs."""

    code = "invalid_instances"


class InvalidBatchPrediction(InvalidInput):
    """A batch prediction whose dataset, rows or columns do not fit the model."""

    code = "invalid_batch_prediction"


class BodyTooLarge(InvalidInput):
    """A request body over its route's limit."""

    code = "body_too_large"


class NotFound(TrainyardError):
    """A named resource does not exist."""

    code = "not_found"


class UnknownRun(NotFound):
    """No run has this id."""

    code = "unknown_run"


class UnknownMetric(NotFound):
    """No curve has this name."""

    code = "unknown_metric"


class UnknownPreset(NotFound):
    """No preset has this name."""

    code = "unknown_preset"


class UnknownModel(NotFound):
    """No model version has this name, version or alias."""

    code = "unknown_model"


class UnknownExperiment(NotFound):
    """No experiment has this name."""

    code = "unknown_experiment"


class UnknownBatchPrediction(NotFound):
    """No batch prediction has this id, or it has no result."""

    code = "unknown_batch_prediction"


class UnknownArtifact(NotFound):
    """The run has no artifact of this name."""

    code = "unknown_artifact"


class UnknownKey(NotFound):
    """No API key has this prefix."""

    code = "unknown_key"


class UnknownWebhook(NotFound):
    """No webhook has this id."""

    code = "unknown_webhook"


class UnknownDataset(NotFound):
    """No dataset, version or file of a dataset has this name."""

    code = "unknown_dataset"


class UnknownDatasetVersion(UnknownDataset):
    """The dataset exists, but not this version of it."""

    code = "unknown_dataset_version"


class Conflict(TrainyardError):
    """The request is not possible in the current state."""

    code = "conflict"


class QuotaExceeded(TrainyardError):
    """A submitter has used up one of its quotas.

    Attributes:
        quota: Name of the quota, as in core.quotas.Limits.
        limit: Most that it allows.
        used: What is used without the request.
        retry_after_seconds: Time after which the request may succeed; None if that needs something to be deleted.
    """

    code = "quota_exceeded"

    def __init__(self, detail: str, quota: str, *, limit: int, used: int, retry_after_seconds: int | None) -> None:
        super().__init__(detail)
        self.quota = quota
        self.limit = limit
        self.used = used
        self.retry_after_seconds = retry_after_seconds


class EpochsUnknown(Conflict):
    """The run does not say how many steps an epoch has, so its curves cannot be shown by epoch."""

    code = "epochs_unknown"


class VersionServed(Conflict):
    """A model version cannot be deleted while aliases point to it."""

    code = "version_served"


class NotBetter(Conflict):
    """A version was to be promoted only if it is better than the present one, and it is not."""

    code = "not_better"


class NothingBefore(Conflict):
    """An alias cannot be rolled back: there are no earlier versions to return to."""

    code = "nothing_before"


class IllegalMove(Conflict):
    """A run or another job cannot change from its state to the requested one."""

    code = "illegal_move"


class IdempotencyMismatch(InvalidInput):
    """An Idempotency-Key was reused with a different body."""

    code = "idempotency_mismatch"


class IdempotencyInFlight(Conflict):
    """A request was repeated while the first with its Idempotency-Key is still being answered."""

    code = "idempotency_in_flight"


class SecretNotKept(Conflict):
    """A request that created a secret was repeated; the secret was given once, and is not stored."""

    code = "secret_not_kept"


class AttemptFenced(Conflict):
    """An attempt no longer owns its job: its lease was lost, and its reports are rejected."""

    code = "attempt_fenced"


class DatasetMissing(TrainyardError):
    """The files of a dataset are not on this machine."""

    code = "dataset_missing"


class TrainingFailed(TrainyardError):
    """Training ended without a model."""

    code = "training_failed"


class LossNotFinite(TrainingFailed):
    """The loss is no longer a finite number: training has diverged, or could not begin."""

    code = "loss_not_finite"


class ExportMismatch(TrainingFailed):
    """The exported network does not compute the same as the trained one."""

    code = "export_mismatch"


class NoTrainer(TrainyardError):
    """No worker could start a trainer for as long as queued runs wait for a repair."""

    code = "no_trainer"


class TrainerLost(TrainyardError):
    """A trainer process ended, or stopped responding, in the middle of a run."""

    code = "trainer_lost"


class PredictorLost(TrainyardError):
    """The process of a batch prediction ended, or stopped responding, before it was done."""

    code = "predictor_lost"


class ArtifactCorrupt(TrainyardError):
    """A stored file is missing or its sha256 is not the one recorded."""

    code = "artifact_corrupt"


class CheckpointUnusable(TrainyardError):
    """A checkpoint is damaged, or belongs to another training."""

    code = "checkpoint_unusable"


class CurveCorrupt(TrainyardError):
    """Stored points of a curve have been changed or cannot be read."""

    code = "curve_corrupt"


class Unavailable(TrainyardError):
    """A service that Trainyard needs does not answer; a later request may succeed."""

    code = "unavailable"


class DatabaseUnavailable(Unavailable):
    """The database cannot be reached or does not answer."""

    code = "database_unavailable"


class BrokerUnavailable(Unavailable):
    """The message broker cannot be reached."""

    code = "broker_unavailable"


class StorageUnavailable(Unavailable):
    """The store of artifacts and datasets does not answer."""

    code = "storage_unavailable"


class StorageRefused(StorageUnavailable):
    """The store answers that there is no such bucket, or that the credentials do not suffice."""

    code = "storage_refused"


class ServerBusy(Unavailable):
    """Too many requests wait for the same model; a later request may succeed."""

    code = "server_busy"


class DeadlineExceeded(TrainyardError):
    """A request was not answered within its own time limit."""

    code = "deadline_exceeded"


class InvalidSetup(TrainyardError):
    """The service cannot start with its settings; the message says what to change."""

    code = "invalid_setup"


class DatabaseOutdated(InvalidSetup):
    """The database must be upgraded before this version of Trainyard can use it."""

    code = "database_outdated"


class DatabaseNewer(InvalidSetup):
    """The database was upgraded by a newer version of Trainyard."""

    code = "database_newer"


def nearest(name: str, known: Sequence[str]) -> str:
    """Suggest the known name that was probably meant.

    Returns:
        ` Did you mean 'x'?`; the known names if none is similar; "" if there are none.
    """
    matches = get_close_matches(name, known, n=1, cutoff=0.6) if len(name) <= LONGEST_COMPARED else []
    if matches:
        return f" Did you mean '{matches[0]}'?"
    if not known:
        return ""
    return f" Known here: {', '.join(sorted(known))}."


def reject_spec(pointer: str, detail: str, code: str = "shape_mismatch") -> NoReturn:
    """Raise InvalidSpec for one mistake in a spec.

    Args:
        pointer: JSON Pointer to the mistake in the spec.
        detail: What came, what was expected, what to do.
        code: A stable word for programs.
    """
    raise InvalidSpec.at(pointer, detail, code)
