"""The judgement after a trial: what has become of every run that was accepted.

Each exists once, has ended in time as it should, was told of once, has one model version whose files verify, and curves
and weights that are those of a run without faults, bit for bit.
"""

import time
from collections import Counter
from dataclasses import dataclass, field
from itertools import pairwise
from uuid import UUID

from core.findings import Finding
from core.run_state import TERMINAL_STATES, RunState
from faults import records
from faults.ledger import Accepted, Ledger
from faults.records import RunFacts
from faults.service import POLL_SECONDS
from faults.site import Point, Result, Site
from operations.doctor import examine

DEADLINE_SECONDS = 180.0
"""Longest time from the end of a fault to the end of every run."""


@dataclass(slots=True)
class Verdict:
    """Findings after a trial, as sentences.

    Attributes:
        lost: Of runs that are not there, or have not ended as they should.
        doubled: Of runs that nobody asked for, and ends that happened twice.
        damaged: Of curves, weights and files that are not as without faults, and all else that is wrong.
    """

    num_runs: int = 0
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    damaged: list[str] = field(default_factory=list)

    @property
    def complaints(self) -> list[str]:
        """Return all of them."""
        return [*self.lost, *self.doubled, *self.damaged]


class Findings:
    """Findings of the doctor, without notes and without a disk that is small because it is to be filled."""

    def __init__(self) -> None:
        self.found: list[Finding] = []
        self.counts: Counter[str] = Counter()

    def add(self, finding: Finding) -> None:
        """Keep a finding."""
        if not finding.is_note and finding.code != "disk_low":
            self.found.append(finding)

    def count(self, name: str, number: int = 1) -> None:
        """Count something that was checked."""
        self.counts[name] += number

    def end(self) -> int:
        """Return the exit code, which nobody reads."""
        return int(bool(self.found))


def judge(site: Site, ledger: Ledger, num_runs_before: int) -> Verdict:
    """Wait until the runs of a trial have ended, and judge them.

    Args:
        site: The service, with all its processes.
        ledger: The runs that it accepted.
        num_runs_before: Runs that were there before the trial.
    """
    verdict = Verdict(len(ledger.accepted))
    facts = _wait_for_ends(site, ledger)
    num_runs = site.count_runs() - num_runs_before
    if num_runs > len(ledger.accepted):
        verdict.doubled.append(f"{num_runs} runs are stored of {len(ledger.accepted)} that were accepted.")
    for accepted in ledger.accepted.values():
        _judge_run(site, accepted, facts[accepted.id], verdict)
    findings = Findings()
    examine(site.service.settings, findings)
    verdict.damaged += [f"doctor: [{one.code}] {one.subject}: {one.detail}" for one in findings.found]
    return verdict


def _wait_for_ends(site: Site, ledger: Ledger) -> dict[UUID, RunFacts]:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while True:
        facts = records.read_facts(site.database, list(ledger.accepted))
        states = [facts[run_id].state for run_id in ledger.accepted]
        if all(state is None or state in TERMINAL_STATES for state in states) or time.monotonic() > deadline:
            return facts
        time.sleep(POLL_SECONDS)


def _judge_run(site: Site, accepted: Accepted, facts: RunFacts, verdict: Verdict) -> None:
    name = f"run {accepted.id}"
    is_right = facts.state in TERMINAL_STATES if accepted.expected is None else facts.state is accepted.expected
    if not is_right:
        verdict.lost.append(
            f"{name} is {facts.state}, expected {accepted.expected or 'an end'}: attempts {facts.outcomes}."
        )
        return
    has_succeeded = facts.state is RunState.SUCCEEDED
    ends = {
        "events of its success": facts.num_success_events,
        "attempts that succeeded": facts.outcomes.count("succeeded"),
        "model versions": len(facts.networks),
    }
    for what, number in ends.items():
        if number > has_succeeded:
            verdict.doubled.append(f"{name} has {number} {what}, expected {int(has_succeeded)}.")
        elif number < has_succeeded:
            verdict.damaged.append(f"{name} has no {what}.")
    if None in facts.outcomes:
        verdict.damaged.append(f"{name} has an attempt without an end: {facts.outcomes}.")
    if has_succeeded:
        verdict.damaged += [
            f"{name}: {fault}" for fault in compare(site.read_result(accepted.id), site.reference(accepted.spec))
        ]


def compare(found: Result, expected: Result) -> list[str]:
    """Return in what a run's curves and files differ from those of a run without faults, as sentences."""
    faults = [f"{name} has other bytes." for name in expected.files if found.files.get(name) != expected.files[name]]
    faults += _find_disorder(found.points)
    if found.points != expected.points:
        missing, extra = set(expected.points) - set(found.points), set(found.points) - set(expected.points)
        some = [*sorted(missing)[:2], *sorted(extra)[:2]]
        faults.append(f"{len(missing)} points of its curves are missing, {len(extra)} are others, such as {some}.")
    return faults


def _find_disorder(points: tuple[Point, ...]) -> list[str]:
    """Return where the steps of a curve do not rise."""
    return [
        f"step {later[1]} of {later[0]} follows step {earlier[1]}."
        for earlier, later in pairwise(points)
        if earlier[0] == later[0] and int(earlier[1]) >= int(later[1])
    ]
