"""`python -m benchmarks.training`: stock Keras `Model.fit` against this project's engine, case by case.

Both sides train the same network on the same arrays, in fresh processes that take turns. The time includes optimizer,
compiling, tracing, trials of plans, training and validation, but not imports, loading the data, building the network
and an unrelated warm-up. Both sides skip the evaluation of test samples.
"""

from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.arguments import Arguments, read_arguments
from benchmarks.cases import Case
from benchmarks.datasets import provide_mnist
from benchmarks.extrapolation import draw_line
from benchmarks.measurement import Measurement
from benchmarks.processes import measure_engine, measure_stock
from benchmarks.results import CaseResult, Round, write_cases
from benchmarks.tables import print_cases


def main() -> None:
    """Measure, print the table, and write the file."""
    arguments = read_arguments("Stock Keras Model.fit against this project's engine, each in fresh processes.")
    with TemporaryDirectory() as folder:
        datasets_dir = Path(folder) / "datasets"
        device = ""
        results = []
        for case in provide_mnist(arguments.cases, arguments.data_dir, datasets_dir):
            result, device = _compare(case, arguments, datasets_dir)
            results.append(result)
            if arguments.output is not None:
                write_cases(arguments.output, results, device)
    print_cases(results, arguments.num_rounds)
    print(f"Device: {device}.")


def _compare(case: Case, arguments: Arguments, datasets_dir: Path) -> tuple[CaseResult, str]:
    lengths = case.lengths(is_quick=arguments.is_quick, is_full=arguments.is_full)
    rounds: list[Round] = []
    device = ""
    for number in range(arguments.num_rounds):
        if number % 2:
            cold, cached = _measure_engine(case, datasets_dir)
            stock_seconds, stock = _measure_stock(case, lengths, datasets_dir)
        else:
            stock_seconds, stock = _measure_stock(case, lengths, datasets_dir)
            cold, cached = _measure_engine(case, datasets_dir)
        if not cold.num_steps == cached.num_steps == (stock.num_steps if stock else cold.num_steps):
            raise RuntimeError(f"{case.name}: the sides did not take the same number of steps.")
        device = cold.device
        rounds.append(
            Round(
                stock_seconds,
                cold.seconds,
                cached.seconds,
                f"{cold.plan}: {cold.reason}",
                f"{cached.plan}: {cached.reason}",
                stock.loss if stock else None,
                cached.loss,
            )
        )
        print(
            f"{case.name} {number + 1}/{arguments.num_rounds}: stock {'~' if lengths else ''}{stock_seconds:.3f} s, "
            f"cold {cold.seconds:.3f} s, cached {cached.seconds:.3f} s "
            f"({stock_seconds / cold.seconds:.1f}x, {stock_seconds / cached.seconds:.1f}x)",
            flush=True,
        )
    result = CaseResult(
        case.name,
        case.bar,
        case.cached_bar or case.bar,
        lengths,
        case.spec.training.num_epochs_asked if lengths else None,
        case.note,
        tuple(rounds),
    )
    return result, device


def _measure_stock(case: Case, lengths: tuple[int, int] | None, datasets_dir: Path) -> tuple[float, Measurement | None]:
    """Return the seconds of the whole case, and the fit itself unless they are extrapolated."""
    if lengths is None:
        stock = measure_stock(case.document(), datasets_dir)
        return stock.seconds, stock
    shorter, longer = (measure_stock(case.document(length), datasets_dir).seconds for length in lengths)
    line = draw_line((lengths[0], shorter), (lengths[1], longer))
    return line.seconds(case.spec.training.num_epochs_asked or 1), None


def _measure_engine(case: Case, datasets_dir: Path) -> tuple[Measurement, Measurement]:
    """Measure with empty caches, then with the caches of that run."""
    with TemporaryDirectory() as folder:
        cold = measure_engine(case.document(), datasets_dir, Path(folder))
        return cold, measure_engine(case.document(), datasets_dir, Path(folder))


if __name__ == "__main__":
    main()
