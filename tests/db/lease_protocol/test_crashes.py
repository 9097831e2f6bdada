"""A process dies before and after each statement and commit of an action, once at each: nothing is lost or doubled.

What a death leaves is either what was there before, bit for bit, or what the action leaves. From every state that is
left the protocol goes on in both ways: the process does not know the outcome and does the same again, or it is gone.
"""

import os
from dataclasses import asdict

import pytest

from tests.db.lease_protocol import snapshot
from tests.db.lease_protocol.crashes import Died, Place
from tests.db.lease_protocol.scenarios import SCENARIOS
from tests.db.lease_protocol.watch import Watch

IS_LONG = "TRAINYARD_FAULT_EXAMPLES" in os.environ

GIVEN_BY_THE_DATABASE = {"id", "run_id", "series_id", "transaction", "changed_at", "answers"}
"""What differs each time that the same is done."""


class Trial:
    """One scenario, begun anew as often as needed."""

    def __init__(self, world, scenario):
        self.world = world
        self.scenario = scenario
        self.prepare()

    def prepare(self):
        self.world.reset()
        self.watch = Watch(self.world)
        self.scenario.prepare(self.world)
        self.watch.look()
        self.before = self.watch.now

    def list_places(self):
        """The places at which the action may die, all that a database tells apart or simply all."""
        with self.world.crashes.armed(None):
            self.scenario.act(self.world)
        self.watch.look()
        # Only the dead leave files that nothing refers to, for the workers' housekeeping.
        assert set(self.world.files) == self.watch.now.files
        self.prepare()
        return [
            place for place, kind in enumerate(self.world.crashes.passed) if IS_LONG or kind != Place.AFTER_STATEMENT
        ]

    def die(self, place):
        with pytest.raises(Died), self.world.crashes.armed(place):
            self.scenario.act(self.world)

    def is_undone(self):
        return snapshot.take(self.world.database) == self.before

    def describe(self):
        """What there is now, in words that are the same for the same."""
        kept = [(number, strip(asdict(run))) for number, run in self.watch.now.runs.items()]
        told = [
            list(map(strip, rows)) for rows in (*self.watch.now.changes.values(), *self.watch.now.deliveries.values())
        ]
        return repr((kept, told, sorted(self.world.files)))

    def go_on(self, *, lives):
        self.watch.look()
        if lives:
            self.scenario.act(self.world)
            self.watch.look()
            for worker in self.world.workers:
                if worker.run is not None and self.watch.now.runs[worker.run.spec["seed"]].is_held_by(
                    worker.run.attempt
                ):
                    self.world.report(worker, 2)
                    self.world.finish(worker)
                    self.watch.look()
        self.watch.settle()


def strip(value):
    match value:
        case dict():
            return {key: strip(item) for key, item in value.items() if key not in GIVEN_BY_THE_DATABASE}
        case list():
            return [strip(item) for item in value]
        case _:
            return value


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_death_at_any_place_loses_and_doubles_nothing(world, name):
    trial = Trial(world, SCENARIOS[name])
    known = set()
    for place in trial.list_places():
        trial.die(place)
        if trial.is_undone() and known:
            continue
        trial.watch.look()
        if (left := trial.describe()) not in known:
            known.add(left)
            trial.go_on(lives=True)
            trial.prepare()
            trial.die(place)
            trial.go_on(lives=False)
        trial.prepare()
    # Nothing, or all.
    assert len(known) >= 2
