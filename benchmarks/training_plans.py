"""`python -m benchmarks.training_plans`: the plan that `auto` chooses, against every other plan and stock Keras.

Every fit is measured as in `benchmarks.training`: in a fresh process, with empty caches, compiling and trials included.
The sides take turns within each round.
"""

import argparse
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from benchmarks.measurement import Measurement
from benchmarks.plan_cases import PlanCase, choose_plan_cases
from benchmarks.processes import measure_engine, measure_stock
from benchmarks.results import write_section
from core.specs.merging import apply_overrides

AUTO, STOCK = "auto", "stock"
HEADINGS = ("case", "steps", "stock s", "auto s", "plan", "best s", "best plan", "stock/auto", "auto/best", "cpu")


@dataclass(frozen=True, slots=True)
class PlanResult:
    """Seconds of one case by side, one number for each round.

    Attributes:
        name: Name of the case.
        num_steps: Training steps.
        seconds: By `stock`, `auto` and the forced plans.
        cpu_seconds: Processor seconds, likewise.
        chosen: Plans that `auto` chose, each once.
    """

    name: str
    num_steps: int
    seconds: dict[str, list[float]]
    cpu_seconds: dict[str, list[float]]
    chosen: tuple[str, ...]

    @property
    def best(self) -> str:
        """Forced plan with the lowest median."""
        forced = [side for side in self.seconds if side not in (AUTO, STOCK)]
        return min(forced, key=lambda side: median(self.seconds[side]))

    def ratio(self, side: str, other: str) -> float:
        """Return the median of the rounds' ratios: a machine that slows down slows both sides of a round."""
        return _ratio(self.seconds, side, other)

    def cpu_ratio(self, side: str, other: str) -> float:
        """Return the same of processor seconds."""
        return _ratio(self.cpu_seconds, side, other)


def _ratio(seconds: dict[str, list[float]], side: str, other: str) -> float:
    return median(one / two for one, two in zip(seconds[side], seconds[other], strict=True))


def main() -> None:
    """Measure, print the table, and write the file."""
    parser = argparse.ArgumentParser(description="The automatic plan against forced ones and stock Keras.")
    parser.add_argument("--cases", default="", help="names of cases, separated by commas; all by default")
    parser.add_argument("--rounds", type=int, default=3, help="rounds per case")
    parser.add_argument("--output", type=Path, help="file to write the results to, as JSON")
    given = parser.parse_args()
    try:
        cases = choose_plan_cases([name for name in given.cases.split(",") if name])
    except ValueError as error:
        parser.error(str(error))
    results = []
    with TemporaryDirectory() as folder:
        for case in cases:
            results.append(_compare(case, given.rounds, Path(folder)))
            if given.output:
                write_section(given.output, results[-1].name, asdict(results[-1]), is_first=len(results) == 1)
    print_plans(results)


def _compare(case: PlanCase, num_rounds: int, folder: Path) -> PlanResult:
    seconds: dict[str, list[float]] = {}
    cpu_seconds: dict[str, list[float]] = {}
    chosen: dict[str, None] = {}
    num_steps = 0
    for number in range(num_rounds):
        for side in (STOCK, AUTO, *case.plans):
            measured = _measure(case, side, folder / f"{case.name} {side} {number}")
            seconds.setdefault(side, []).append(measured.seconds)
            cpu_seconds.setdefault(side, []).append(measured.cpu_seconds)
            num_steps = measured.num_steps
            if side == AUTO:
                chosen[measured.plan] = None
            times = f"{measured.seconds:.2f} s, {measured.cpu_seconds:.2f} s of processors"
            print(f"{case.name} {side}: {times} {measured.plan} {measured.reason}", flush=True)
    return PlanResult(case.name, num_steps, seconds, cpu_seconds, tuple(chosen))


def _measure(case: PlanCase, side: str, cache_dir: Path) -> Measurement:
    if side == STOCK:
        return measure_stock(case.document, cache_dir)
    return measure_engine(apply_overrides(case.document, {"training": {"plan": side}}), cache_dir, cache_dir)


def print_plans(results: Sequence[PlanResult]) -> None:
    """Print the table of all cases."""
    rows = [
        (
            result.name,
            str(result.num_steps),
            f"{median(result.seconds[STOCK]):.2f}",
            f"{median(result.seconds[AUTO]):.2f}",
            ", ".join(result.chosen),
            f"{median(result.seconds[result.best]):.2f}",
            result.best,
            f"{result.ratio(STOCK, AUTO):.2f}",
            f"{result.ratio(AUTO, result.best):.2f}",
            f"{result.cpu_ratio(STOCK, AUTO):.2f}, {result.cpu_ratio(AUTO, result.best):.2f}",
        )
        for result in results
    ]
    print("\n| " + " | ".join(HEADINGS) + " |\n|" + "---|" * len(HEADINGS))
    for row in rows:
        print("| " + " | ".join(row) + " |")
    print("\nMedians; ratios are medians of each round's. cpu: the same two ratios of processor seconds.")


if __name__ == "__main__":
    main()
