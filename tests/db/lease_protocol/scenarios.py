"""Actions during which a process may die, each with what goes before it."""

from collections.abc import Callable
from dataclasses import dataclass

from db.chunks import CAPACITY
from db.records.jobs import AttemptOutcome
from tests.db.lease_protocol import snapshot
from tests.db.lease_protocol.world import LEASE_SECONDS, STALL_SECONDS, World

Action = Callable[[World], None]


@dataclass(frozen=True)
class Scenario:
    """An action of a process that may die.

    Attributes:
        prepare: What goes before it, without faults.
        act: The action. A process that does not know the outcome does it again.
    """

    prepare: Action
    act: Action


def find(world: World) -> snapshot.Run | None:
    """The first run, None once it is deleted."""
    return snapshot.take(world.database).runs.get(1)


def nothing(_: World) -> None:
    pass


def queue(world: World) -> None:
    world.submit(1, max_attempts=2)


def claim(world: World) -> None:
    queue(world)
    world.claim(world.workers[0])


def report(world: World) -> None:
    claim(world)
    world.report(world.workers[0], 5, saves=True)
    world.report(world.workers[0], 3, saves=True)
    world.report(world.workers[0], 2)


def wait(world: World) -> None:
    report(world)
    world.clock.advance(LEASE_SECONDS / 2)


def lose(world: World) -> None:
    """Let an attempt lose its trainer after a checkpoint with a chunk of points and more."""
    report(world)
    world.report(world.workers[0], CAPACITY, saves=True)
    world.report(world.workers[0], CAPACITY)
    world.release(world.workers[0], is_crash=True)


def resume(world: World) -> None:
    """Let an attempt go on from a checkpoint."""
    report(world)
    world.release(world.workers[0])
    world.claim(world.workers[0])


def pause(world: World) -> None:
    report(world)
    ask("pause")(world)
    world.release(world.workers[0], outcome=AttemptOutcome.PAUSED)


def finish(world: World) -> None:
    report(world)
    world.finish(world.workers[0])


def request_cancel(world: World) -> None:
    report(world)
    ask("cancel")(world)


def queue_urgent(world: World) -> None:
    report(world)
    world.submit(2, priority=1)
    world.clock.advance(10)


def ask(action: str) -> Action:
    """An action of a client, for which a run that is gone needs no second request."""
    return lambda world: None if (run := find(world)) is None else world.ask(action, run)


def work(action: Callable) -> Action:
    """An action of the worker that trains the run, as long as it does."""
    return lambda world: action(world, world.workers[0]) if world.workers[0].run is not None else None


def expire(world: World) -> None:
    world.clock.advance(LEASE_SECONDS + 1)
    world.reconcile()


def stall(world: World) -> None:
    report(world)
    world.clock.advance(STALL_SECONDS + 1)
    world.renew(world.workers[0])


SCENARIOS = {
    "submit": Scenario(nothing, lambda world: world.submit(1)),
    "continue": Scenario(finish, lambda world: world.submit(2, source=find(world))),
    "claim": Scenario(queue, lambda world: world.claim(world.workers[0])),
    "claim after a crash": Scenario(lose, lambda world: world.claim(world.workers[0])),
    "renew": Scenario(wait, work(World.renew)),
    "report": Scenario(report, work(lambda world, worker: world.report(worker, 4))),
    "save": Scenario(report, work(lambda world, worker: world.report(worker, 4, saves=True))),
    "finish": Scenario(report, work(World.finish)),
    "fail": Scenario(report, work(World.fail)),
    "drain": Scenario(report, work(World.release)),
    "crash": Scenario(report, work(lambda world, worker: world.release(worker, is_crash=True))),
    "discard": Scenario(resume, work(World.discard)),
    "stop": Scenario(request_cancel, work(World.stop)),
    "pause queued": Scenario(queue, ask("pause")),
    "pause running": Scenario(report, ask("pause")),
    "resume": Scenario(pause, ask("resume")),
    "cancel queued": Scenario(queue, ask("cancel")),
    "cancel running": Scenario(report, ask("cancel")),
    "cancel paused": Scenario(pause, ask("cancel")),
    "preempt": Scenario(queue_urgent, lambda world: world.make_room(world.workers[0])),
    "expire": Scenario(report, expire),
    "end stalled": Scenario(stall, World.reconcile),
    "delete": Scenario(finish, ask("delete")),
    "sweep": Scenario(finish, lambda world: world.sweep(-1)),
}
