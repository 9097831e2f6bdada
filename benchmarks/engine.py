"""This project's engine, called as in a run."""

from dataclasses import replace
from pathlib import Path
from time import perf_counter, process_time

from benchmarks.measurement import Measurement
from core.experiment import ExperimentSpec
from models.assembly import assemble
from models.fit.arrays import Arrays
from models.fit.fitting import fit
from models.reporting import SilentReporter
from models.runtime import find_device_name
from models.training import make_planning


def fit_engine(spec: ExperimentSpec, datasets_dir: Path, cache_dir: Path) -> Measurement:
    """Train the network of a spec, including plan, trials and validation.

    Test samples are left out, since `Model.fit` does not evaluate any.
    """
    assembly = assemble(spec, datasets_dir)
    data = replace(assembly.data, test=_none_of(assembly.data.test))
    device = find_device_name()

    started, cpu_started = perf_counter(), process_time()
    planning = make_planning(spec, assembly, device, cache_dir)
    outcome = fit(assembly.network, data, spec.training, assembly.measures, spec.seed, SilentReporter(), planning)
    seconds, cpu_seconds = perf_counter() - started, process_time() - cpu_started

    return Measurement(
        seconds,
        outcome.num_steps,
        outcome.metrics["epoch/train/loss"],
        device,
        cpu_seconds,
        plan=outcome.engine.plan,
        reason=outcome.engine.reason or "",
    )


def _none_of(arrays: Arrays) -> Arrays:
    weights = None if arrays.weights is None else arrays.weights[:0]
    return Arrays(arrays.inputs[:0], arrays.targets[:0], weights)
