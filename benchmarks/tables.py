"""Results as a text table."""

from collections.abc import Sequence

from benchmarks.results import CaseResult

HEADINGS = ("case", "stock s", "cold s", "cached s", "cold", "cached", "bar", "", "plan")


def print_cases(results: Sequence[CaseResult], num_rounds: int) -> None:
    """Print the table of all cases, with notes."""
    rows = [_row(result) for result in results]
    widths = [max(map(len, column)) for column in zip(HEADINGS, *rows, strict=True)]
    print()
    for row in (HEADINGS, *rows):
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    print(f"\nMedians of {num_rounds} rounds; ratios are medians of each round's.")
    print("cold: plan and XLA caches empty; cached: a new process with the caches of that run.")
    for result in results:
        if result.extrapolated_from is not None:
            shorter, longer = result.extrapolated_from
            print(
                f"~ {result.name}: stock Keras was EXTRAPOLATED to {result.num_epochs} epochs, along the line through "
                f"measured fits of {shorter} and {longer} epochs (--full trains it in full)."
            )
        if result.note:
            print(f"* {result.name}: {result.note}.")
    num_met = sum(result.is_met for result in results)
    print(f"{num_met} of {len(results)} cases meet their bar.")


def _row(result: CaseResult) -> tuple[str, ...]:
    bar = f"{result.bar:g}x"
    if result.cached_bar != result.bar:
        bar += f" / {result.cached_bar:g}x"
    return (
        result.name + ("*" if result.note else ""),
        ("~" if result.extrapolated_from else "") + f"{result.stock_seconds:.3f}",
        f"{result.cold_seconds:.3f}",
        f"{result.cached_seconds:.3f}",
        f"{result.cold_ratio:.2f}x",
        f"{result.cached_ratio:.2f}x",
        bar,
        met(is_met=result.is_met),
        result.plans,
    )


def met(*, is_met: bool) -> str:
    """Return "met" or "NOT MET"."""
    return "met" if is_met else "NOT MET"
