"""Training tries through a service, and gathering what came of them."""

import sys
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from client.mnist_files import find_mnist_files
from client.run_answers import Run
from client.trainyard_client import TrainyardClient
from core.catalogue.figures import MetricFigure
from core.catalogue.presets import Preset
from core.datasets.base import UploadedDataset
from core.datasets.dataset import Dataset
from reproduction.outcomes import Answer, MetricValues, Outcome
from reproduction.tries import Try, name_of, own_seed, questions

MAX_FETCHED = 2000
MAX_KEPT = 60
"""Points of a curve: as many as a picture shows."""

LIBRARIES = ("tensorflow", "keras", "numpy")
MEASURES = ("loss", "accuracy", "mean_absolute_error")
"""Kept whatever figures speak of; recorded gradients and activations are not."""
TRAINING_PHASES = ("compile", "trial", "train")

Points = tuple[tuple[float, ...], tuple[float, ...]]
"""Steps and values."""


def send_data(client: TrainyardClient, dataset: Dataset, folder: Path) -> bool:
    """Send a preset's data to a service that has not got them.

    Args:
        client: Of the service.
        dataset: Of the preset.
        folder: Holds MNIST's four files, and uploads under their names, such as `cifar10-images.tar.xz`.

    Returns:
        Whether the service has them now.
    """
    name = dataset.dataset if isinstance(dataset, UploadedDataset) else dataset.name
    known = {found.name: found.document.get("state") for found in client.datasets()}
    if name in known and known[name] in {None, "ready"}:
        return True
    if not folder.is_dir():
        return False
    if name == "mnist":
        return _send_mnist(client, folder)
    sources = sorted(path for path in folder.iterdir() if path.name.startswith(name))
    if sources:
        client.add_dataset(name, sources[0])
    return bool(sources)


def _send_mnist(client: TrainyardClient, folder: Path) -> bool:
    found, missing = find_mnist_files(folder)
    for filename, source in found.items():
        client.add_dataset_file("mnist", filename, source)
    return not missing


def run_tries(
    client: TrainyardClient, preset: Preset, wanted: Sequence[Try], on_outcome: Callable[[Outcome], None]
) -> None:
    """Submit tries of one preset, all at once, and wait for them one by one.

    Args:
        client: Of the service that trains.
        preset: Whose tries they are.
        wanted: Which.
        on_outcome: Called with each outcome as soon as it is known.
    """
    submitted = [(each, _submit(client, each)) for each in wanted]
    for each, run in submitted:
        ended = client.wait_for_run(run.id, unreachable_seconds=300.0)
        on_outcome(_gather(client, preset, each, ended))


def _submit(client: TrainyardClient, each: Try) -> Run:
    return client.submit_run(
        preset=each.preset,
        variant=each.variant,
        overrides={"seed": each.seed},
        experiment="reproduction",
        tags={"preset": each.preset, "variant": each.variant or ""},
    )


def _gather(client: TrainyardClient, preset: Preset, each: Try, run: Run) -> Outcome:
    environment: Mapping[str, Any] = run.document.get("environment") or {}
    wanted = {
        key for figure in preset.figures if isinstance(figure, MetricFigure) for key in (figure.metric, figure.less)
    }
    seconds = (run.ended_at - run.started_at).total_seconds() if run.ended_at and run.started_at else 0.0
    return Outcome(
        preset=each.preset,
        variant=each.variant,
        seed=each.seed,
        digest=each.digest,
        state=run.state,
        error="" if run.error is None else run.error.detail,
        seconds=seconds,
        train_seconds=sum(run.phases.get(phase, 0.0) for phase in TRAINING_PHASES),
        num_epochs=run.progress.num_epochs if run.progress else 0,
        num_attempts=run.attempt,
        device=run.device or "",
        versions={name: str(environment[name]) for name in LIBRARIES if name in environment},
        metrics={
            metric.key: MetricValues(metric.first, metric.last, metric.min, metric.max)
            for metric in client.metrics(run.id)
            if metric.key in wanted or metric.key.rpartition("/")[2] in MEASURES
        },
        answers=tuple(_ask(client, run, instances) for instances in questions(preset, each.variant))
        if run.has_succeeded
        else (),
        chart=_chart(client, preset, run) if each.seed == own_seed(preset, each.variant) else ((), ()),
    )


def _ask(client: TrainyardClient, run: Run, instances: Sequence[Any]) -> Answer:
    if run.model_version is None:
        raise RuntimeError(f"Run {run.id} has succeeded but tells no model version.")
    rows = client.predict(run.model_version.name, instances, version=int(run.model_version.version)).rows
    return Answer(name_of(instances), [_numbers(row) for row in rows])


def _numbers(row: Any) -> list[float]:
    """The numbers of one answer, however it nests them."""
    if isinstance(row, list):
        return [number for part in row for number in _numbers(part)]
    return [float(row)]


def _chart(client: TrainyardClient, preset: Preset, run: Run) -> Points:
    curves = client.history(run.id, [preset.chart], max_points=MAX_FETCHED)
    return thin(curves[0].x, curves[0].y) if curves else ((), ())


def thin(x: Sequence[float], y: Sequence[float]) -> Points:
    """At most `MAX_KEPT` points: where there are more, means of equal stretches, which even out noise."""
    if len(x) <= MAX_KEPT:
        return tuple(x), tuple(y)
    edges = [number * len(x) // MAX_KEPT for number in range(MAX_KEPT + 1)]
    stretches = list(pairwise(edges))
    return (
        tuple(sum(x[start:end]) / (end - start) for start, end in stretches),
        tuple(sum(y[start:end]) / (end - start) for start, end in stretches),
    )


def tell(text: str) -> None:
    """One line for whoever waits."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
