"""Weights of a run that a spec starts from: the file, pinned by its hash, and its layers."""

from collections.abc import Sequence

from api.service import Service
from core.artifacts import Artifact
from core.checks.transfer import check_transfer
from core.errors import ArtifactCorrupt, InvalidSpec, UnknownRun
from core.experiment import ExperimentSpec
from core.networks.layer_table import LayerRow
from core.networks.saved_layers import read_saved_shapes
from core.run_state import TERMINAL_STATES
from core.specs.initial_weights import WeightsOfRun
from db import initial_weights

RUN = "/initial_weights/run"


def find_weights(spec: ExperimentSpec, service: Service) -> tuple[ExperimentSpec, Artifact | None]:
    """Fill in the hash of the weights that a spec starts from, and return their file; None if it starts from none.

    Raises:
        InvalidSpec: If there is no such run, it has not succeeded, or its hash differs from that in the spec.
    """
    source = spec.source_weights
    if source is None:
        return spec, None
    with service.database.reading() as session:
        learned = initial_weights.find(session, source.run, source.sha256)
    if learned.file is None:
        raise _unavailable(source, learned)
    if source.sha256 not in {None, learned.file.sha256}:
        detail = (
            f"The weights of run {source.run} have the sha256 {learned.file.sha256}, not the one given. Leave sha256 "
            "out, or name the run that has them."
        )
        raise InvalidSpec.at("/initial_weights/sha256", detail, "other_bytes")
    pinned = source.model_copy(update={"sha256": learned.file.sha256})
    return spec.model_copy(update={"initial_weights": pinned}), learned.file


def _unavailable(source: WeightsOfRun, learned: initial_weights.LearnedWeights) -> InvalidSpec:
    state = learned.state
    if state is None:
        detail = f"There is no run {source.run}; it may have been deleted. Name one that has succeeded: GET /v1/runs."
        return InvalidSpec.at(RUN, detail, UnknownRun.code)
    if state not in TERMINAL_STATES:
        detail = f"Run {source.run} is {state} and has no weights yet. Submit this one when it has succeeded."
        return InvalidSpec.at(RUN, detail, "run_not_succeeded")
    if state == "succeeded":
        detail = f"Run {source.run} has succeeded, but has left no model.keras. Train it again."
        return InvalidSpec.at(RUN, detail, "weights_missing")
    detail = f"Run {source.run} was {state}" if state == "cancelled" else f"Run {source.run} has failed"
    detail += " and has left no weights. Name a run that has succeeded."
    return InvalidSpec.at(RUN, detail, "run_not_succeeded")


def check_layers(spec: ExperimentSpec, weights: Artifact, layers: Sequence[LayerRow], service: Service) -> None:
    """Check the layers that start from the weights of a run against its network.

    Args:
        spec: A spec that has passed its other checks.
        weights: The file with the weights.
        layers: Layers of the network of the spec.
        service: The service.

    Raises:
        InvalidSpec: If a layer does not fit, or the file cannot be read.
    """
    source = spec.source_weights
    if source is None:
        return
    store = service.artifact_store
    try:
        # The hash is the trainer's to verify: here a large file would be read whole for its first layers.
        path = store.local_path(weights.sha256) or store.verified_path(weights.sha256)
        shapes = read_saved_shapes(path)
    except (ArtifactCorrupt, OSError, ValueError) as error:
        detail = f"The weights of run {source.run} cannot be read from the artifact store. Train it again."
        raise InvalidSpec.at(RUN, detail, "weights_missing") from error
    check_transfer(source, layers, shapes)
