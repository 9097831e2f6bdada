"""`python -m benchmarks.serving.soak`: soak a service, print what came of it, and exit with 1 if anything was wrong."""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from benchmarks.serving.servers import end_servers_on_sigterm
from benchmarks.serving.soak.clients import Tally
from benchmarks.serving.soak.memory import MEBIBYTE
from benchmarks.serving.soak.requests import SOAK_FORMS
from benchmarks.serving.soak.running import NUM_SAMPLES, Outcome, Plan, soak

EVERY_SAMPLES = NUM_SAMPLES // 20


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the soak of the command line; return the exit code."""
    parser = argparse.ArgumentParser(description="Mixed requests to more models than fit into memory.")
    parser.add_argument("--minutes", type=float, default=10.0, help="10 by default")
    parser.add_argument("--models", type=int, default=20, help="20 by default")
    parser.add_argument("--loaded", type=int, default=5, help="versions that the budget has room for; 5 by default")
    parser.add_argument("--clients", type=int, default=8, help="8 by default")
    parser.add_argument("--forms", default=",".join(SOAK_FORMS), help="names, separated by commas; all by default")
    parser.add_argument("--output", type=Path, help="file to write the result to, as JSON")
    given = parser.parse_args(arguments)
    forms = tuple(given.forms.split(","))
    if unknown := sorted(set(forms) - set(SOAK_FORMS)):
        parser.error(f"--forms has {', '.join(unknown)}. Choose from {', '.join(SOAK_FORMS)}.")
    plan = Plan(60 * given.minutes, given.models, num_loaded=given.loaded, num_clients=given.clients, forms=forms)
    outcome = soak(plan, _Progress().report)
    if given.output:
        given.output.write_text(json.dumps(asdict(outcome), indent=1) + "\n", encoding="utf-8")
    print(write_outcome(outcome, plan))
    return 1 if outcome.errors or not outcome.curve.is_flat else 0


class _Progress:
    """Prints a line now and then."""

    def __init__(self) -> None:
        self._num_samples = 0

    def report(self, seconds: float, tally: Tally, resident: int) -> None:
        self._num_samples += 1
        if self._num_samples % EVERY_SAMPLES == 0:
            print(
                f"{seconds:6.0f} s  {tally.answers.total():9,} answers  {tally.errors.total():3} errors"
                f"  {tally.num_moves:4} moves  {resident / MEBIBYTE:6.1f} MiB",
                flush=True,
            )


def write_outcome(outcome: Outcome, plan: Plan) -> str:
    """Return the outcome in lines."""
    answers = ", ".join(f"{number:,} {form}" for form, number in sorted(outcome.answers.items()))
    num_errors = sum(outcome.errors.values())
    curve = outcome.curve
    traffic = f"{plan.num_clients} clients, {plan.seconds:g} s: {answers}; {outcome.num_moves:,} moves of aliases."
    return "\n".join(
        [
            "",
            f"{plan.num_models} models of {plan.num_versions} versions, room for {plan.num_loaded}; {traffic}",
            f"Errors: {num_errors:,}, {'met' if not num_errors else 'NOT MET'}",
            *(f"  {number:,} × {kind}" for kind, number in sorted(outcome.errors.items())),
            f"Memory: {curve.draw()}",
            f"  {curve.growth:+.1%} from the second quarter to the last, {'met' if curve.is_flat else 'NOT MET'}",
        ]
    )


if __name__ == "__main__":
    end_servers_on_sigterm()
    sys.exit(main())
