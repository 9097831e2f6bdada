"""`python -m reproduction`: train the whole catalogue through a service, and write docs/catalogue.md.

Results are stored in docs/catalogue/results.json. A reproduction that was stopped continues where it was, and one after
a change of the catalogue trains what has changed.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from core.catalogue.presets import Preset, get_preset, list_presets
from core.errors import UnknownPreset
from launch.throwaway import throwaway_service
from reproduction.charts import lines_of, write_chart
from reproduction.outcomes import Outcome, Outcomes, read_outcomes
from reproduction.page import Row, chart_address, describe_rows, write_page
from reproduction.running import report, send_data, train_variants
from reproduction.variants import VariantRun, in_order, list_variant_runs
from reproduction.verdicts import Verdict, evaluate
from trainyard import Client

ROOT = Path(__file__).parents[1]
DEFAULT_DATA = Path("..", "shared", "data")
DEFAULT_OUTPUT = Path("docs", "catalogue.md")


@dataclass(frozen=True, slots=True)
class Arguments:
    """Parsed command line.

    Attributes:
        data_dir: Folder with MNIST's four files and cifar10-images.tar.xz.
        presets: Presets to train.
        variants: True to train also variants without a published figure.
        again: True to train also what has been trained before.
        draw_only: True to write the page from stored results, and train nothing.
        url: URL of a running service; None starts one.
        output: Path of the page.
    """

    data_dir: Path
    presets: tuple[Preset, ...]
    variants: bool
    again: bool
    draw_only: bool
    url: str | None
    output: Path

    @property
    def results(self) -> Path:
        """File of the outcomes, in a folder named after the page."""
        return self.output.with_suffix("") / "results.json"

    @property
    def images(self) -> Path:
        """Folder of the charts."""
        return self.output.parent / "images" / self.output.stem


def main() -> None:
    """Train, evaluate, and write the page; exit with 1 if a requested row is not reproduced."""
    arguments = read_arguments()
    outcomes = read_outcomes(arguments.results)
    if not arguments.draw_only:
        _train(arguments, outcomes)
    _forget_what_is_gone(outcomes)
    outcomes.write(arguments.results)
    verdicts = describe_rows(write_catalogue(arguments, outcomes))
    asked = {preset.name: verdicts[preset.name] for preset in arguments.presets}
    for name, verdict in asked.items():
        report(f"{name:22} {verdict}")
    sys.exit(0 if set(asked.values()) <= {Verdict.REPRODUCED} else 1)


def read_arguments(words: Sequence[str] | None = None) -> Arguments:
    """Parse a command line; exit with a message if it is invalid."""
    parser = argparse.ArgumentParser(prog="python -m reproduction", description="Train the whole catalogue.")
    parser.add_argument(
        "--data", type=Path, default=ROOT / DEFAULT_DATA, help=f"folder with the data; by default {DEFAULT_DATA}"
    )
    parser.add_argument("--only", default="", help="names of presets, separated by commas; all by default")
    parser.add_argument(
        "--variants",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="train also variants without a published figure",
    )
    parser.add_argument("--again", action="store_true", help="train also what has been trained before")
    parser.add_argument("--draw-only", action="store_true", help="train nothing; write the page from stored results")
    parser.add_argument("--url", help="URL of a running service; by default a temporary one is started")
    parser.add_argument("--output", type=Path, default=ROOT / DEFAULT_OUTPUT, help=f"by default {DEFAULT_OUTPUT}")
    given = parser.parse_args(words)
    try:
        presets = [get_preset(name) for name in given.only.split(",") if name] or list_presets()
    except UnknownPreset as error:
        parser.error(error.detail)
    return Arguments(
        data_dir=given.data.resolve(),
        presets=tuple(in_order(presets)),
        variants=given.variants,
        again=given.again,
        draw_only=given.draw_only,
        url=given.url,
        output=given.output.resolve(),
    )


def write_catalogue(arguments: Arguments, outcomes: Outcomes) -> list[Row]:
    """Write the page of all presets, and their charts."""
    rows = []
    for preset in in_order(list_presets()):
        lines = lines_of(preset, outcomes)
        chart = arguments.images / f"{preset.name}.svg"
        is_curve = any(len(line.x) > 1 for line in lines)
        if is_curve:
            write_chart(chart, preset, lines)
        address = chart_address(arguments.output, chart) if is_curve else None
        rows.append(Row(preset, evaluate(preset, outcomes), address))
    arguments.output.write_text(write_page(rows, outcomes), encoding="utf-8")
    return rows


def _train(arguments: Arguments, outcomes: Outcomes) -> None:
    wanted = {preset.name: _missing(arguments, preset, outcomes) for preset in arguments.presets}
    if not any(wanted.values()):
        return
    with _service(arguments) as client:
        for preset in arguments.presets:
            if not wanted[preset.name]:
                continue
            if not send_data(client, preset.spec.dataset, arguments.data_dir):
                report(f"{preset.name} is skipped: its data is not in {arguments.data_dir}.")
                continue
            train_variants(client, preset, wanted[preset.name], lambda outcome: _keep(outcome, outcomes, arguments))


def _missing(arguments: Arguments, preset: Preset, outcomes: Outcomes) -> list[VariantRun]:
    """Return variants that have not been run with their current spec."""
    runs = list_variant_runs(preset, variants=arguments.variants)
    if arguments.again:
        return runs
    known = {(each.variant, each.seed): outcomes.find(each.preset, each.variant, each.seed) for each in runs}
    return [
        each
        for each in runs
        if (found := known[each.variant, each.seed]) is None
        or found.digest != each.digest
        or found.state == "cancelled"
    ]


def _keep(outcome: Outcome, outcomes: Outcomes, arguments: Arguments) -> None:
    outcomes.add(outcome)
    outcomes.write(arguments.results)
    name = f"{outcome.preset} {outcome.variant or ''}".strip()
    report(f"{name}, seed {outcome.seed}: {outcome.state} in {outcome.seconds:.1f} s {outcome.error}".rstrip())


def _forget_what_is_gone(outcomes: Outcomes) -> None:
    outcomes.keep_only(
        (each.preset, each.variant, each.seed) for preset in list_presets() for each in list_variant_runs(preset)
    )


@contextmanager
def _service(arguments: Arguments) -> Iterator[Client]:
    if arguments.url is not None:
        with Client(arguments.url) as client:
            yield client
        return
    with throwaway_service() as settings, Client(settings.default_base_url) as client:
        yield client


if __name__ == "__main__":
    main()
