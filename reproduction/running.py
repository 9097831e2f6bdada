"""Training of variants through a service, and collection of their outcomes."""

import sys
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from core.catalogue.figures import MetricFigure
from core.catalogue.presets import Preset
from core.catalogue.uploads import PUBLISHED_UPLOADS
from core.datasets.base import UploadedDataset
from core.datasets.dataset import Dataset
from reproduction.outcomes import Answer, MetricValues, Outcome
from reproduction.variants import VariantRun, name_of, own_seed, questions
from trainyard import Client, Run
from trainyard.errors import NotFound
from trainyard.mnist import MNIST, MNIST_FILES, find_mnist_files

MAX_FETCHED = 2000
MAX_KEPT = 60
"""Points of a curve in a chart."""

LIBRARIES = ("tensorflow", "keras", "numpy")
MEASURES = ("loss", "accuracy", "mean_absolute_error")
"""Metrics stored for every run; recorded gradients and activations are stored only for figures."""
TRAINING_PHASES = ("compile", "trial", "train")

Points = tuple[tuple[float, ...], tuple[float, ...]]
"""Steps and values."""


def send_data(client: Client, dataset: Dataset, folder: Path) -> bool:
    """Upload a preset's data to a service that does not have it.

    Args:
        client: Client of the service.
        dataset: Dataset of the preset.
        folder: Contains MNIST's four files, and uploads under their names, such as `cifar10-images.tar.xz`.

    Returns:
        True if the service has the data now.
    """
    if not isinstance(dataset, UploadedDataset):
        return True
    name = dataset.dataset
    if name not in {found.name for found in client.list_datasets()}:
        source = _find_source(name, folder)
        if source is None:
            return False
        client.upload_dataset(name, source)
    sha256 = client.get_dataset(name).sha256
    if sha256 != PUBLISHED_UPLOADS.get(name, sha256):
        report(f"The dataset '{name}' has the sha256 {sha256}, not that of the upload behind docs/catalogue.md.")
    return True


def _find_source(name: str, folder: Path) -> Path | None:
    """Return what to upload under a name: for MNIST the folder of its files, else the file whose name begins so."""
    if not folder.is_dir():
        return None
    if name == MNIST:
        return folder if len(find_mnist_files(folder)) == len(MNIST_FILES) else None
    return next((path for path in sorted(folder.iterdir()) if path.name.startswith(name)), None)


def train_variants(
    client: Client, preset: Preset, wanted: Sequence[VariantRun], on_outcome: Callable[[Outcome], None]
) -> None:
    """Submit variants of one preset, all at once, and wait for them one by one.

    Args:
        client: Client of the service that trains.
        preset: Preset of the variants.
        wanted: Variants and seeds to run.
        on_outcome: Called with each outcome as soon as it is known.
    """
    submitted = [(each, _submit(client, each)) for each in wanted]
    for each, run in submitted:
        run.wait(check=False, unreachable_timeout=300.0)
        on_outcome(_gather(preset, each, run))


def _submit(client: Client, each: VariantRun) -> Run:
    return client.submit(
        each.preset,
        variant=each.variant,
        overrides={"seed": each.seed},
        experiment="reproduction",
        tags={"preset": each.preset, "variant": each.variant or ""},
    )


def _gather(preset: Preset, each: VariantRun, run: Run) -> Outcome:
    ended = run.snapshot
    environment: Mapping[str, Any] = ended.document.get("environment") or {}
    wanted = {
        key for figure in preset.figures if isinstance(figure, MetricFigure) for key in (figure.metric, figure.less)
    }
    seconds = (ended.ended_at - ended.started_at).total_seconds() if ended.ended_at and ended.started_at else 0.0
    return Outcome(
        preset=each.preset,
        variant=each.variant,
        seed=each.seed,
        digest=each.digest,
        state=run.state,
        error="" if run.error is None else run.error.detail,
        error_code="" if run.error is None else run.error.code,
        seconds=seconds,
        train_seconds=sum(ended.phases.get(phase, 0.0) for phase in TRAINING_PHASES),
        num_epochs=run.progress.num_epochs if run.progress else 0,
        num_attempts=ended.attempt,
        device=ended.device or "",
        versions={name: str(environment[name]) for name in LIBRARIES if name in environment},
        metrics={
            metric.key: MetricValues(metric.first, metric.last, metric.min, metric.max)
            for metric in run.metrics()
            if metric.key in wanted or metric.key.rpartition("/")[2] in MEASURES
        },
        answers=tuple(_ask(run, instances) for instances in questions(preset, each.variant))
        if run.has_succeeded
        else (),
        chart=_chart(preset, run) if each.seed == own_seed(preset, each.variant) else ((), ()),
    )


def _ask(run: Run, instances: Sequence[Any]) -> Answer:
    return Answer(name_of(instances), [_numbers(row) for row in run.predict(instances)])


def _numbers(row: Any) -> list[float]:
    """Flatten the numbers of one prediction."""
    if isinstance(row, list):
        return [number for part in row for number in _numbers(part)]
    return [float(row)]


def _chart(preset: Preset, run: Run) -> Points:
    try:
        (curve,) = run.history([preset.chart], max_points=MAX_FETCHED)
    except NotFound:
        # A row that trains for no step has no curve by steps.
        return (), ()
    return thin(curve.x, curve.y)


def thin(x: Sequence[float], y: Sequence[float]) -> Points:
    """Thin a curve to at most `MAX_KEPT` points: means of equal sections, which smooth noise."""
    if len(x) <= MAX_KEPT:
        return tuple(x), tuple(y)
    edges = [number * len(x) // MAX_KEPT for number in range(MAX_KEPT + 1)]
    stretches = list(pairwise(edges))
    return (
        tuple(sum(x[start:end]) / (end - start) for start, end in stretches),
        tuple(sum(y[start:end]) / (end - start) for start, end in stretches),
    )


def report(text: str) -> None:
    """Print one line of progress."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
