"""`python -m benchmarks.training_ideas`: measure the effect of each optimization on a training step, in one process.

Every variant trains a network of its own from the same initial weights. Variants take turns, each for some tenths of a
second; compiling is not measured. So this is the time between the first step and the last, and not that of a whole fit:
`benchmarks.training` measures that.
"""

import argparse
import os
from collections.abc import Callable
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

from benchmarks.arguments import DATA_VARIABLE, DEFAULT_DATA
from benchmarks.cases import Case, choose_cases
from benchmarks.datasets import provide_mnist
from benchmarks.measurement import NUM_THREADS
from benchmarks.processes import ROOT
from benchmarks.stock import keras_own
from core.checks.length import measure_length
from models.assembly import Assembly, assemble
from models.fit.meter import Meter
from models.fit.ordering import Ordering
from models.fit.plans.plan import plan_of
from models.fit.programs.executors import Executor
from models.fit.programs.learning import Learner
from models.fit.programs.making import ProgramMaker
from models.fit.programs.tracing import unrolled
from models.objectives.losses import make_loss
from models.objectives.optimizers import make_optimizer
from models.runtime import configure_threads, keras

CASES = ("iris-keras", "cubic-regression", "binary-adder", "binary-adder-lstm", "batch-norm", "mnist-mlp", "mnist-cnn")
TURN_SECONDS = 0.4
MOST_STEPS = 2_000
"""Most steps in one turn."""

TakeSteps = Callable[[int], int]
"""Takes about this many steps, and returns how many."""


@dataclass(frozen=True, slots=True)
class Way:
    """One way to compute steps.

    Attributes:
        name: Name in the table.
        plan: Plan of the engine; empty for stock `Model.fit`.
        is_fused: True if one kernel updates each weight, instead of Keras's own rules.
        executor: Executor of a graph.
    """

    name: str
    plan: str = ""
    is_fused: bool = True
    executor: Executor = Executor.PARALLEL


WAYS = (
    Way("Model.fit"),
    Way("graph loop", "graph", is_fused=False),
    Way("+ one kernel a weight", "graph"),
    Way("+ one thread", "graph", executor=Executor.SERIAL),
    Way("+ unrolled", "graph-unrolled", executor=Executor.SERIAL),
    Way("XLA", "xla"),
    Way("XLA, unrolled", "xla-unrolled"),
)


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description="Measure the effect of each optimization on a training step.")
    parser.add_argument("--cases", default=",".join(CASES), help="names of cases, separated by commas")
    parser.add_argument("--rounds", type=int, default=5, help="turns per variant")
    parser.add_argument("--data", type=Path, default=Path(os.environ.get(DATA_VARIABLE) or ROOT / DEFAULT_DATA))
    arguments = parser.parse_args()
    configure_threads(NUM_THREADS)
    print(f"Microseconds per step; medians of {arguments.rounds} rounds, variants taking turns.\n")
    print(" " * 20 + "".join(way.name.rjust(_width(way)) for way in WAYS))
    with TemporaryDirectory() as folder:
        for case in provide_mnist(choose_cases(arguments.cases.split(",")), arguments.data, Path(folder)):
            micros = _measure(case, Path(folder), arguments.rounds)
            cells = (f"{micros[way.name]:.1f}" if way.name in micros else "-" for way in WAYS)
            row = "".join(cell.rjust(_width(way)) for cell, way in zip(cells, WAYS, strict=True))
            print(case.name.ljust(20) + row, flush=True)


def _width(way: Way) -> int:
    return max(len(way.name), 8) + 3


def _measure(case: Case, datasets_dir: Path, num_rounds: int) -> dict[str, float]:
    """Return the median microseconds per step, by variant."""
    ways = {way.name: _prepare(way, case, datasets_dir) for way in WAYS if _suits(way, case)}
    amounts = {name: _find_amount(take) for name, take in ways.items()}
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(num_rounds):
        for name, take in ways.items():
            started = perf_counter()
            num_steps = take(amounts[name])
            seconds[name].append((perf_counter() - started) / num_steps)
    return {name: median(times) * 1e6 for name, times in seconds.items()}


def _suits(way: Way, case: Case) -> bool:
    """True if the way applies: unrolling needs recurrent layers, one thread no nested loop, XLA no convolution."""
    kind = case.spec.model.kind
    is_recurrent = kind in {"rnn", "binary_adder"}
    if way.plan.endswith("-unrolled"):
        return is_recurrent
    if way.executor is Executor.SERIAL:
        return not is_recurrent
    return kind not in {"cnn", "cnn_family"} or way.plan != "xla"


def _find_amount(take: TakeSteps) -> int:
    """Return the number of steps that take about one turn; the first call is not counted."""
    take(1)
    amount, seconds = 1, 0.0
    while seconds < TURN_SECONDS and amount < MOST_STEPS:
        amount = min(MOST_STEPS, amount * 4)
        started = perf_counter()
        take(amount)
        seconds = perf_counter() - started
    return amount


def _prepare(way: Way, case: Case, datasets_dir: Path) -> TakeSteps:
    assembly = assemble(case.spec, datasets_dir)
    optimizer = make_optimizer(case.spec.training.optimizer)
    if not way.plan:
        return _prepare_stock(assembly, keras_own(optimizer), case)
    return _prepare_engine(way, assembly, optimizer if way.is_fused else keras_own(optimizer), case)


def _prepare_stock(assembly: Assembly, optimizer: Any, case: Case) -> TakeSteps:
    training = case.spec.training
    network, samples = assembly.network, assembly.data.prepared().train
    batch_size = measure_length(training, len(samples)).batch_size
    network.compile(optimizer=optimizer, loss=make_loss(training.loss), metrics=list(training.metrics))

    def take(num_steps: int) -> int:
        """Fit for one epoch if there are enough samples, otherwise for several."""
        num_rows = min(len(samples), num_steps * batch_size)
        steps_per_epoch = ceil(num_rows / batch_size)
        num_epochs = ceil(num_steps / steps_per_epoch)
        network.fit(
            samples.inputs[:num_rows],
            samples.targets[:num_rows],
            batch_size=batch_size,
            epochs=num_epochs,
            shuffle=training.shuffle,
            verbose=0,
        )
        return num_epochs * steps_per_epoch

    return take


def _prepare_engine(way: Way, assembly: Assembly, optimizer: Any, case: Case) -> TakeSteps:
    training = case.spec.training
    samples, plan = assembly.data.train, plan_of(way.plan)
    # Long enough to contain every turn.
    endless = training.model_copy(update={"steps": 1 << 20, "epochs": None})
    length = measure_length(endless, len(samples))
    meter = Meter(assembly.measures)
    meter.prepare(samples, tuple(assembly.network.output_shape[1:]))
    learner = Learner(assembly.network, optimizer, make_loss(training.loss), meter, assembly.data.step_preparation)
    ordering = Ordering(length, case.spec.seed, shuffle=training.shuffle)
    program = ProgramMaker(learner, samples, length, ordering, way.executor)(plan)
    with unrolled(assembly.network, is_unrolled=plan.is_unrolled):
        program.compile()
    running = meter.zero()

    def take(num_steps: int) -> int:
        program.run(ordering.steps(0, num_steps), running)
        return num_steps

    return take


if __name__ == "__main__":
    keras.config.disable_interactive_logging()
    main()
