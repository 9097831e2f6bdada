"""Clients, workers and a reconciler that do anything in any order and die anywhere: what must hold, always holds.

Hypothesis chooses the actions, and shows the shortest sequence of them that breaks something.
"""

import os

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from core.errors import AttemptFenced, Conflict, IllegalMove, UnknownRun
from core.run_state import TERMINAL_STATES, RunState
from db.records.jobs import AttemptOutcome, Interruption
from tests.db.lease_protocol import snapshot
from tests.db.lease_protocol.crashes import Died
from tests.db.lease_protocol.watch import Watch
from tests.db.lease_protocol.world import LEASE_SECONDS, STALL_SECONDS, World

IS_LONG = "TRAINYARD_FAULT_EXAMPLES" in os.environ
NUM_EXAMPLES = int(os.environ.get("TRAINYARD_FAULT_EXAMPLES", "12"))
NUM_STEPS = 40

ALIVE = set(RunState) - TERMINAL_STATES

INTERRUPTED = {Interruption.PAUSE: AttemptOutcome.PAUSED, Interruption.PREEMPTION: AttemptOutcome.PREEMPTED}

ENDS = {
    "finish": World.finish,
    "fail": World.fail,
    "drain": World.release,
    "lose the trainer": lambda world, worker: world.release(worker, is_crash=True),
}
"""Ways in which an attempt ends by itself."""

PLACES = st.one_of(st.none(), st.none(), st.integers(0, 30))
"""Place at which the process dies in an action, mostly nowhere."""


class LeaseProtocol(RuleBasedStateMachine):
    """Chooses among the actions that make sense at the moment, often those by which runs go on."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self.world = world
        world.reset()
        self.watch = Watch(world)
        self.is_broken = False
        self.num_sent = 0

    @rule(data=st.data())
    def step(self, data):
        weights = {
            self.submit: 6 if len(self.among(*ALIVE)) < 2 else 1,
            self.ask: 2 * bool(self.watch.runs),
            self.claim: 6 * bool(self.idle and self.startable),
            self.claim_nothing: bool(self.idle and not self.startable),
            self.report: 8 * bool(self.busy),
            self.renew: bool(self.busy),
            self.end: 3 * bool(self.busy),
            self.wait: 2,
            self.make_room: bool(self.busy and self.startable),
            self.sweep: bool(self.among(*TERMINAL_STATES)),
        }
        actions = [action for action, weight in weights.items() for _ in range(weight)]
        # Drawn by the name, which is what a failure shows.
        names = [action.__name__ for action in actions]
        getattr(self, data.draw(st.sampled_from(names), "action"))(data.draw)

    @invariant()
    def holds(self):
        self.look()

    def teardown(self):
        if not self.is_broken:
            self.watch.settle()

    # Clients.

    def submit(self, draw):
        options = {
            "with_key": draw(st.booleans(), "with key"),
            "priority": draw(st.integers(0, 1), "priority"),
            "submitter": draw(st.sampled_from([None, "ann", "bob"]), "submitter"),
            "max_attempts": draw(st.integers(1, 3), "max attempts"),
        }
        sources = [run.number for run in self.watch.runs if run.checkpoints]
        source = draw(st.sampled_from([None, None, *sources]), "source")
        if source is not None:
            options["source"] = self.watch.now.runs[source]
        self.num_sent += 1
        if not self.survives(draw, lambda: self.world.submit(self.num_sent, **options)) and options["with_key"]:
            # A client without an answer sends the same again.
            self.world.submit(self.num_sent, **options)

    def ask(self, draw):
        """Send a request about a run, and again if there is no answer."""
        run = self.watch.now.runs[draw(st.sampled_from(sorted(self.watch.now.runs)), "run")]
        likely = ["delete"] if run.state in TERMINAL_STATES else ["pause", "resume", "cancel"]
        action = draw(st.sampled_from([*likely, *likely, "pause", "resume", "cancel", "delete"]), "request")
        try:
            if not self.survives(draw, lambda: self.world.ask(action, run)):
                self.world.ask(action, run)
        except (Conflict, IllegalMove, UnknownRun):
            if action == "delete" and run.state not in TERMINAL_STATES:
                self.world.client.deleted.discard(run.number)

    def sweep(self, draw):
        self.survives(draw, lambda: self.world.sweep(LEASE_SECONDS))

    # Workers.

    def claim(self, draw):
        worker = self.idle[0]
        if not self.survives(draw, lambda: self.world.claim(worker)):
            worker.forget()
            # The doorbell rings again for whatever is still queued.
            self.world.claim(worker)
        elif worker.run is None:
            pytest.fail("Nothing was claimed, though a run was queued.")

    def claim_nothing(self, _draw):
        before = self.watch.now
        self.world.claim(self.idle[0])
        assert self.idle[0].run is None
        assert snapshot.take(self.world.database) == before

    def report(self, draw):
        num_steps = draw(st.sampled_from([0, 1, 1, 3, 3, 700]), "steps")
        saves = draw(st.booleans(), "saves")
        self.work(draw, lambda worker: self.world.report(worker, num_steps, saves=saves))

    def renew(self, draw):
        self.work(draw, self.world.renew)

    def end(self, draw):
        """End an attempt: as its run asks for, by itself, or without a word."""
        name = draw(st.sampled_from([*ENDS, "obey", "obey", "discard", "die"]), "end")
        self.work(draw, lambda worker: ENDS[name](self.world, worker) if name in ENDS else getattr(self, name)(worker))

    def obey(self, worker):
        found = self.watch.now.runs.get(worker.run.spec["seed"])
        if found is not None and found.cancel_requested_at is not None:
            self.world.stop(worker)
        elif found is not None and found.interruption is not None:
            self.world.release(worker, outcome=INTERRUPTED[found.interruption])

    def discard(self, worker):
        if worker.run.checkpoint is not None:
            self.world.discard(worker)

    def die(self, worker):
        worker.forget()

    # Reconcilers.

    def wait(self, draw):
        """Let time pass; workers that renew no lease meanwhile lose it."""
        self.world.clock.advance(draw(st.sampled_from([0.0, 30.0, LEASE_SECONDS + 1, STALL_SECONDS + 1]), "seconds"))
        self.survives(draw, self.world.reconcile)

    def make_room(self, draw):
        self.world.clock.advance(2)
        self.survives(draw, lambda: self.world.make_room(self.busy[0]))

    def among(self, *states):
        return [run for run in self.watch.runs if run.state in states]

    @property
    def startable(self):
        return [run for run in self.watch.runs if run.may_start]

    @property
    def idle(self):
        return [worker for worker in self.world.workers if worker.run is None]

    @property
    def busy(self):
        return [worker for worker in self.world.workers if worker.run is not None]

    def look(self):
        self.is_broken = True
        self.watch.look()
        self.is_broken = False

    def survives(self, draw, action):
        """Act until the end, or until the process dies."""
        try:
            with self.world.crashes.armed(draw(PLACES, "dies at")):
                action()
        except Died:
            self.look()
            return False
        return True

    def work(self, draw, action):
        """Let a worker write, and write the same again if it does not know the outcome."""
        worker = draw(st.sampled_from(self.busy), "worker")
        before = self.watch.now
        found = before.runs.get(worker.run.spec["seed"])
        owns = found is not None and found.is_held_by(worker.run.attempt)
        try:
            if not self.survives(draw, lambda: action(worker)):
                action(worker)
        except AttemptFenced:
            assert not owns or self.watch.now != before, "The owner of a run was fenced."
            worker.forget()
        if not owns:
            assert snapshot.take(self.world.database) == before, "An attempt without a lease has written."


@pytest.mark.timeout(3600)
def test_whatever_happens_no_run_is_lost_or_doubled(world):
    run_state_machine_as_test(
        lambda: LeaseProtocol(world),
        settings=settings(
            max_examples=NUM_EXAMPLES,
            stateful_step_count=NUM_STEPS,
            # To find a shorter sequence, hundreds are tried: minutes.
            phases=[Phase.generate, *([Phase.shrink] if IS_LONG else [])],
            derandomize=True,
            deadline=None,
            print_blob=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
