"""Workers that are killed, frozen, stopped and replaced."""

import signal
import threading
import time
from typing import ClassVar
from uuid import uuid4

import psutil

from core.run_state import RunState
from faults import records
from faults.fault import Fault, Trial
from faults.ledger import NUM_EPOCHS
from faults.service import POLL_SECONDS, is_alive, stop_all
from faults.site import QUICK

LEASE_SECONDS = float(QUICK["TRAINYARD_LEASE_SECONDS"])
GRACE_SECONDS = 15.0
OUTLIVED_SECONDS = 2.0
REFUSED = "ConnectError"
LOAD_EPOCHS = 100
MOST_WAITING = 3
WAITING_STATES = (RunState.QUEUED, RunState.RUNNING)


class KilledWorker(Fault):
    """SIGKILL: the kernel ends the trainer with it, and another worker takes the run when the lease ends."""

    name = "kill-worker"
    title = "`kill -9` of a worker mid-run, lease of 3 s"
    recovery = "from the kill to the next attempt"
    limit_seconds = LEASE_SECONDS + GRACE_SECONDS

    def disturb(self, trial: Trial) -> None:
        """Kill the worker of a run."""
        training = trial.start_training()
        killed = time.monotonic()
        training.worker.kill()
        training.worker.wait()
        trial.note("trainer outlived its worker, s", wait_for_death(training.trainer, killed))
        trial.complain_unless(not is_alive(training.trainer), "The trainer still runs, without a worker.")
        trial.recovery_seconds = trial.wait_for_next_attempt(training, killed)
        trial.note_resumption(training.run)


class KilledWorkerOfLongLease(KilledWorker):
    """The same with the settings that a service has unless others are given."""

    name = "kill-worker-default"
    title = "the same with the default lease of 60 s"
    limit_seconds = 60.0 + GRACE_SECONDS
    settings: ClassVar = {
        "TRAINYARD_LEASE_SECONDS": "60",
        "TRAINYARD_HEARTBEAT_SECONDS": "1",
        "TRAINYARD_RECONCILE_SECONDS": "10",
        "TRAINYARD_IDLE_LOOK_SECONDS": "2",
    }
    is_tried_once = True


class FrozenWorker(Fault):
    """SIGSTOP past the lease, then SIGCONT: its trainer went on meanwhile, and nothing of what it reports counts."""

    name = "freeze-worker"
    title = "`SIGSTOP` of a worker past its lease, then `SIGCONT`"
    recovery = "from the stop to the next attempt"
    limit_seconds = LEASE_SECONDS + GRACE_SECONDS

    def disturb(self, trial: Trial) -> None:
        """Freeze the worker of a run until another has taken it."""
        training = trial.start_training()
        stopped = time.monotonic()
        training.worker.send_signal(signal.SIGSTOP)
        try:
            trial.recovery_seconds = trial.wait_for_next_attempt(training, stopped)
            # The second attempt is under way, and the zombie has what it trained meanwhile to report.
            time.sleep(trial.chance.uniform(0, 1.5))
        finally:
            training.worker.send_signal(signal.SIGCONT)
        trial.site.wait_until(
            lambda: not is_alive(training.trainer) or trial.stage(training.run).state is not RunState.RUNNING,
            "the zombie ends its trainer",
        )


class RollingRestart(Fault):
    """SIGTERM of every worker and of the API, one after the other, while clients go on."""

    name = "rolling-restart"
    title = "rolling `SIGTERM` of workers and API under load"
    recovery = "longest time between two accepted POSTs"
    lengths = (NUM_EPOCHS, LOAD_EPOCHS)

    def disturb(self, trial: Trial) -> None:
        """Replace everything, while runs are submitted and trained."""
        load = Load(trial)
        load.start()
        try:
            trial.start_training()
            for worker in trial.site.service.workers:
                trial.site.service.start_worker()
                stop_all([worker])
                trial.site.keep_workers(self.num_workers)
            stop_all([trial.site.service.api])
            trial.site.service.start_api()
        finally:
            load.stop()
        trial.recovery_seconds = load.longest_gap
        failed = {answer.error or str(answer.status) for answer in trial.ledger.answers if not answer.is_accepted}
        trial.complain_unless(failed <= {REFUSED}, f"Requests failed otherwise than by a refused connection: {failed}.")


class Load:
    """A client that sends one request after the other, from a thread of its own.

    While fewer than MOST_WAITING runs wait, each request is a new run; else it repeats the last one with its key.

    Attributes:
        longest_gap: Longest time between two accepted requests, in seconds.
    """

    def __init__(self, trial: Trial, pause_seconds: float = 0.5, num_epochs: int = LOAD_EPOCHS) -> None:
        self._trial = trial
        self._pause = pause_seconds
        self._spec = trial.choose_spec(num_epochs)
        self._key = uuid4().hex
        self._stopping = threading.Event()
        self._error: Exception | None = None
        self._thread = threading.Thread(target=self._run, name="load")
        self.longest_gap = 0.0

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Stop, once the request in progress is answered.

        Raises:
            ServiceFailed: If a run was not accepted.
        """
        self._stopping.set()
        self._thread.join()
        if self._error is not None:
            raise self._error

    def _run(self) -> None:
        last = time.monotonic()
        try:
            while not self._stopping.wait(self._pause):
                if records.count_runs(self._trial.site.database, WAITING_STATES) < MOST_WAITING:
                    self._key = uuid4().hex
                self._trial.ledger.submit(self._spec, key=self._key)
                self.longest_gap = max(self.longest_gap, time.monotonic() - last)
                last = time.monotonic()
        except Exception as error:  # noqa: BLE001 - it is raised by `stop`.
            self._error = error


def wait_for_death(process: psutil.Process, since: float, seconds: float = 10.0) -> float:
    """Wait until a process has ended, at most so long; return the seconds since a moment of the monotonic clock."""
    while is_alive(process) and time.monotonic() - since < seconds:
        time.sleep(POLL_SECONDS / 10)
    return time.monotonic() - since
