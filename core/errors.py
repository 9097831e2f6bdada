"""The one family of errors, each saying what came, what was expected and what to do.

Nothing here knows HTTP: `api/http/errors.py` maps each class to a status.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import NoReturn, Self

LONGEST_COMPARED = 200
"""Names with more characters than this are not compared with others: that takes seconds, and nothing is near them."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with an input.

    Attributes:
        pointer: Where, as a JSON Pointer (RFC 6901) into what was sent; "" is the whole.
        detail: What came, what was expected, what to do.
        code: A stable word for programs, such as `unknown_field`.
    """

    pointer: str
    detail: str
    code: str


def json_pointer(*steps: object) -> str:
    """Return the JSON Pointer (RFC 6901) to a value: the names and numbers of the steps that lead to it."""
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in steps)


class TrainyardError(Exception):
    """The base of every error a user of Trainyard can meet."""

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
    """Something sent can not be read or does not have the expected form."""

    code = "invalid_input"


class InvalidSpec(InvalidInput):
    """An experiment spec that can not be trained as it stands."""

    code = "invalid_spec"


class OverLimit(InvalidSpec):
    """A spec that asks for more than this service is set to allow."""

    code = "over_limit"


class InvalidInstances(InvalidInput):
    """A prediction request whose rows, tensors or names do not fit the model's inputs."""

    code = "invalid_instances"


class BodyTooLarge(InvalidInput):
    """A request body over its route's limit."""

    code = "body_too_large"


class NotFound(TrainyardError):
    """Something named does not exist."""

    code = "not_found"


class UnknownRun(NotFound):
    """No run has this id."""

    code = "unknown_run"


class UnknownPreset(NotFound):
    """No preset has this name."""

    code = "unknown_preset"


class UnknownModel(NotFound):
    """No model version has this name, version or alias."""

    code = "unknown_model"


class UnknownExperiment(NotFound):
    """No experiment has this name."""

    code = "unknown_experiment"


class UnknownArtifact(NotFound):
    """The run left no artifact of this name."""

    code = "unknown_artifact"


class UnknownKey(NotFound):
    """No API key has this prefix."""

    code = "unknown_key"


class UnknownDataset(NotFound):
    """No dataset, version or file of a dataset has this name."""

    code = "unknown_dataset"


class UnknownDatasetVersion(UnknownDataset):
    """The dataset is there, but not this version of it."""

    code = "unknown_dataset_version"


class Conflict(TrainyardError):
    """What was asked is not possible in the present state."""

    code = "conflict"


class IllegalMove(Conflict):
    """A run can not go from its state to the one asked for."""

    code = "illegal_move"


class IdempotencyMismatch(InvalidInput):
    """An Idempotency-Key came again with a different body."""

    code = "idempotency_mismatch"


class IdempotencyInFlight(Conflict):
    """An Idempotency-Key came again while its first request is still being answered."""

    code = "idempotency_in_flight"


class AttemptFenced(Conflict):
    """An attempt no longer owns its run: its lease was lost and nothing it says counts."""

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
    """The exported network does not compute what the trained one does."""

    code = "export_mismatch"


class NoTrainer(TrainyardError):
    """No worker could start a trainer for as long as queued runs wait for a repair."""

    code = "no_trainer"


class TrainerLost(TrainyardError):
    """A trainer process ended, or fell silent, in the middle of a run."""

    code = "trainer_lost"


class ArtifactCorrupt(TrainyardError):
    """A stored file is missing or its sha256 is not the one recorded."""

    code = "artifact_corrupt"


class Unavailable(TrainyardError):
    """Something Trainyard needs does not answer; trying again later may work."""

    code = "unavailable"


class DatabaseUnavailable(Unavailable):
    """The database can not be reached or does not answer."""

    code = "database_unavailable"


class BrokerUnavailable(Unavailable):
    """The message broker can not be reached."""

    code = "broker_unavailable"


class InvalidSetup(TrainyardError):
    """The service can not start as it is set up; the message says what to change."""

    code = "invalid_setup"


class DatabaseOutdated(InvalidSetup):
    """The database has to be upgraded before this Trainyard can use it."""

    code = "database_outdated"


class DatabaseNewer(InvalidSetup):
    """The database was written by a newer Trainyard than this one."""

    code = "database_newer"


def nearest(name: str, known: Sequence[str]) -> str:
    """Say which known name was probably meant.

    Returns:
        ` Did you mean 'x'?`, or where none is close the known names, or "" where there are none.
    """
    matches = get_close_matches(name, known, n=1, cutoff=0.6) if len(name) <= LONGEST_COMPARED else []
    if matches:
        return f" Did you mean '{matches[0]}'?"
    if not known:
        return ""
    return f" Known here: {', '.join(sorted(known))}."


def reject_spec(pointer: str, detail: str, code: str = "shape_mismatch") -> NoReturn:
    """Raise InvalidSpec for one thing that is wrong with a spec.

    Args:
        pointer: Where, as a JSON Pointer into the spec.
        detail: What came, what was expected, what to do.
        code: A stable word for programs.
    """
    raise InvalidSpec.at(pointer, detail, code)
