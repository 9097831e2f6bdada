"""Train and save the model of a spec."""

from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from core.checks.cost import count_step_flops
from core.checks.length import measure_length
from core.evaluation import SplitCounts
from core.experiment import ExperimentSpec
from core.progress import Phase
from core.run_report import Environment
from models.assembly import Assembly, as_served, assemble
from models.checkpoints.checkpointing import Checkpointing
from models.checkpoints.pace import CheckpointPace
from models.evaluation.report import write_report
from models.export.export import export_model
from models.export.summary import write_summary
from models.fit.fitting import fit
from models.fit.mirroring import mirrored
from models.fit.plans.cache import PlanCache
from models.fit.plans.plan import GENERATION, Planning
from models.reporting import PhaseClock, Reporter, stop_if_asked
from models.runtime import find_device_name, library_versions, num_threads


@dataclass(frozen=True, slots=True)
class TrainingOutcome:
    """Results of a finished training.

    Attributes:
        files: model.keras, model.onnx, signature.json, training_summary.json and evaluation.json.
        final_metrics: Last value of each curve, by its key.
        phases: Seconds by phase.
    """

    files: list[Path]
    final_metrics: dict[str, float]
    phases: dict[str, float]


@dataclass(frozen=True, slots=True)
class CheckpointOptions:
    """Checkpoints of a training.

    Attributes:
        identity: Text that no other training of the same spec has, such as the ids of run and attempt.
        folder: Existing directory for them; their receiver may remove them.
        least_seconds: Least time between two.
        resume_from: The one to go on from; None for the start.
    """

    identity: str
    folder: Path
    least_seconds: float
    resume_from: Path | None = None


def train(
    spec: ExperimentSpec,
    *,
    datasets_dir: Path,
    output_dir: Path,
    reporter: Reporter,
    cache_dir: Path | None = None,
    weights_path: Path | None = None,
    checkpoints: CheckpointOptions | None = None,
) -> TrainingOutcome:
    """Train the network of a spec and save it.

    Args:
        spec: Spec of the experiment.
        datasets_dir: Directory of datasets that are files, each in a directory of its name.
        output_dir: Existing directory for the saved files.
        cache_dir: Directory that keeps timings of plans and decoded pixels for later runs; None keeps nothing.
        weights_path: File with the weights of the run that the spec starts from; None if it starts from none.
        reporter: Receives phases, progress and metrics, and may ask to stop.
        checkpoints: Checkpoints to write and to go on from; None for none.

    Raises:
        ArtifactCorrupt: If that file has changed, or cannot be read.
        InvalidSpec: If network, data, loss and metrics do not fit together.
        DatasetMissing: If the dataset's files are not on this machine.
        InvalidInput: If the files are not valid.
        TrainingFailed: If the loss is no longer finite, or the saved models disagree.
        CheckpointUnusable: If the checkpoint to go on from is damaged or of another spec.
        TrainingStopped: If the reporter asked to stop.
    """
    clock = PhaseClock(reporter)
    clock.phase(Phase.START)
    environment: Environment = {**library_versions(), "seed": spec.seed, "threads": num_threads()}
    device = find_device_name(spec.training.devices)
    reporter.details(device=device, environment=environment)
    with mirrored(spec.training.devices):
        assembly = assemble(spec, datasets_dir, output_dir, cache_dir, weights_path)
        if assembly.warnings:
            reporter.warnings(assembly.warnings)
        stop_if_asked(reporter)
        planning = make_planning(spec, assembly, device, cache_dir)
        outcome = fit(
            assembly.network,
            assembly.data,
            spec.training,
            assembly.measures,
            spec.seed,
            clock,
            planning,
            assembly.make_tally,
            None if checkpoints is None else _make_checkpointing(checkpoints, spec),
        )
    clock.move(outcome.trial_seconds, Phase.COMPILE, Phase.TRIAL)
    clock.move(outcome.validate_seconds, Phase.TRAIN, Phase.VALIDATE)
    stop_if_asked(reporter)

    clock.phase(Phase.EXPORT)
    files = export_model(as_served(assembly, spec), spec, output_dir)
    files.append(write_summary(assembly.watched, output_dir))
    data = assembly.data
    num_samples = SplitCounts(train=len(data.train), validation=len(data.validation), test=len(data.test))
    files.append(write_report(assembly.shape, num_samples, outcome.validation, outcome.test, output_dir))
    return TrainingOutcome(files, outcome.metrics, clock.finish())


SAME_STATE = {"epochs", "steps", "plan", "curve_points"}
"""Fields of the training that may change between a checkpoint and the training that goes on from it."""


def _make_checkpointing(options: CheckpointOptions, spec: ExperimentSpec) -> Checkpointing:
    # Without defaults: a later version may have added fields.
    key = spec.model_dump_json(exclude={"name": True, "training": SAME_STATE}, exclude_defaults=True)
    return Checkpointing(
        options.identity,
        sha256(key.encode()).hexdigest(),
        options.folder,
        options.resume_from,
        CheckpointPace(options.least_seconds),
    )


def make_planning(spec: ExperimentSpec, assembly: Assembly, device: str, cache_dir: Path | None) -> Planning:
    """Gather the information for the choice of a plan.

    Args:
        spec: Spec of the experiment.
        assembly: Assembly of the spec.
        device: Name of the device.
        cache_dir: Directory that keeps timings of plans; None keeps nothing.
    """
    augmentation = spec.dataset.augmentation_asked()
    # The length of a training and its random numbers do not change its steps.
    training = spec.training.model_dump_json(exclude={"epochs", "steps", "early_stopping", "shuffle", "plan"})
    sizes = [f"{column.shape} {column.dtype}" for column in assembly.data.train.columns()]
    network = [
        spec.model.model_dump_json(),
        training,
        *([augmentation.model_dump_json()] if augmentation.is_any else []),
        *sizes,
        device,
        num_threads(),
        *library_versions().values(),
        GENERATION,
    ]
    folder = None if cache_dir is None else cache_dir / "plans"
    flops = count_step_flops(assembly.layers, measure_length(spec.training, len(assembly.data.train)).batch_size)
    return Planning("\n".join(map(str, network)), flops, PlanCache(folder))
