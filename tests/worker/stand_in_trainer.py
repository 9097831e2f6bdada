"""A trainer without Keras, for tests of the supervisor; the spec's `name` selects its behaviour.

It dies in its warm-up while the file exists that the variable STAND_IN_FAULT names, for the reason in that file.
"""

import ctypes
import os
import queue
import signal
import sys
import threading
import time
from pathlib import Path

import numpy as np

from core.checkpoints import SavedState
from core.errors import Problem
from core.notices import Notice
from core.progress import MetricBatch, Phase, Progress
from core.run_report import EngineReport
from core.system.parent_watch import die_with_parent
from worker.messages import (
    HOLDS_VARIABLE,
    CheckpointReport,
    DetailsReport,
    Failed,
    Finished,
    Message,
    MetricsReport,
    PhaseReport,
    PrepareCommand,
    ProgressReport,
    Ready,
    StartFailed,
    Stopped,
    TrainCommand,
    read_command,
)

WARNING = Notice("class_not_trained", "/dataset/split", "The class 'c' has no training row.")
MISFIT = Problem(pointer="/dataset/target", detail="There is no column 'y'.", code="unknown_column")
STOP = threading.Event()
FAILURES = {
    "fails": Failed(code="training_failed", detail="The loss became NaN at step 7. Lower the learning rate."),
    "has-no-memory": Failed(code="out_of_memory", detail="The trainer ran out of memory."),
    "does-not-fit": Failed(code="invalid_spec", detail=MISFIT.detail, problems=(MISFIT,)),
}


def send(message: Message) -> None:
    sys.stdout.buffer.write(message.to_line())
    sys.stdout.buffer.flush()


def report_epoch(epoch: int) -> None:
    send(ProgressReport(progress=Progress(Phase.TRAIN, epoch, 10, epoch * 5, 50)))
    step = epoch * 5
    send(MetricsReport(batches=(MetricBatch("train/loss", (step,), (1.0 / step,), (time.time(),)),)))


def report_many_points(command: TrainCommand) -> None:
    """Report 60,000 points of each of two curves, as fast as the pipe takes them; then make a file named `sent`."""
    for first in range(1, 60_001, 1_000):
        steps = np.arange(first, first + 1_000)
        batches = [MetricBatch(key, steps, np.sqrt(steps), steps / 1_000) for key in ("train/loss", "train/accuracy")]
        send(MetricsReport(batches=tuple(batches)))
    sent = Path(command.datasets_dir) / "sent"
    sent.parent.mkdir(parents=True, exist_ok=True)
    sent.touch()
    finish(command)


def finish(command: TrainCommand) -> None:
    path = Path(command.output_dir) / "model.onnx"
    path.write_bytes(b"model of " + command.run_id.encode())
    send(Finished(files=(str(path),), final_metrics={"test/loss": 0.25}, phases={"train": 0.1}, memory_bytes=1_000_000))


def go_through_phases(command: TrainCommand) -> None:
    """Begin each phase, and the next once the file of its name exists."""
    for phase in (Phase.START, Phase.COMPILE, Phase.TRAIN, Phase.VALIDATE, Phase.EXPORT):
        send(PhaseReport(phase=phase))
        if phase is Phase.TRAIN:
            report_epoch(2)
        while not (Path(command.datasets_dir) / phase).exists():
            time.sleep(0.01)
    finish(command)


def train_and_save(command: TrainCommand) -> None:
    """Go on from the checkpoint, an epoch each time a file of its number appears; then stop or, after 5, finish.

    A checkpoint has the number of the epoch. A damaged one is refused.
    """
    epoch = 1
    if command.checkpoint is not None:
        found = Path(command.checkpoint).read_text().partition(" ")[0]
        if not found.isdecimal():
            send(Failed(code="checkpoint_unusable", detail="It is not a number.", is_expected=True))
            return
        epoch = int(found)
    while epoch < 5:
        while not (Path(command.datasets_dir) / f"{epoch + 1}").exists():
            if STOP.wait(0.01):
                save(command, epoch)
                send(Stopped())
                return
        epoch += 1
        report_epoch(epoch)
        save(command, epoch)
    finish(command)


def save(command: TrainCommand, epoch: int) -> None:
    path = Path(command.output_dir) / f"{epoch}-checkpoint.npz"
    path.write_text(f"{epoch} of {command.run_id}/{command.attempt}")
    send(CheckpointReport(saved=SavedState(path, epoch * 5, epoch, "loss", 1 / epoch, is_best=True)))


def read_commands(commands: "queue.Queue[TrainCommand]") -> None:
    for line in sys.stdin.buffer:
        command = read_command(line)
        if isinstance(command, TrainCommand):
            commands.put(command)
        else:
            STOP.set()
    os._exit(0)


def crash(_: TrainCommand) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def crash_once(command: TrainCommand) -> None:
    marker = Path(command.datasets_dir) / command.run_id
    if not marker.exists():
        marker.parent.mkdir(parents=True, exist_ok=True)
        marker.touch()
        crash(command)
    report_epoch(2)
    finish(command)


def hang(_: TrainCommand) -> None:
    STOP.wait()
    send(Stopped())


def compute(_: TrainCommand) -> None:
    """Stay in a native call that keeps the interpreter's lock, so that no other thread of this process runs."""
    ctypes.PyDLL(None).sleep(60)


def take_memory(command: TrainCommand) -> None:
    taken = [np.ones(2**17) for _ in range(300)]
    hang_and_be_deaf(command)
    del taken


def hang_and_be_deaf(_: TrainCommand) -> None:
    while True:
        time.sleep(0.05)
        signal.pause()


def train_slowly(command: TrainCommand) -> None:
    for epoch in range(2, 8):
        time.sleep(0.1)
        report_epoch(epoch)
    finish(command)


def train(command: TrainCommand) -> None:
    report_epoch(2)
    finish(command)


BEHAVIOURS = {
    "computes": compute,
    "crashes": crash,
    "crashes-once": crash_once,
    "hangs": hang,
    "is-deaf": hang_and_be_deaf,
    "saves": train_and_save,
    "takes-memory": take_memory,
    "trains-slowly": train_slowly,
    "reports-many-points": report_many_points,
}


def act(behaviour: str, command: TrainCommand) -> None:
    Path(command.log_path).write_text("stand-in\n")
    send(
        DetailsReport(
            device=os.environ.get("CUDA_VISIBLE_DEVICES", "cpu"),
            environment={"python": "3"},
            engine=EngineReport(plan="none"),
        )
    )
    send(DetailsReport(warnings=(*command.warnings, WARNING)))
    if command.checkpoint is None:
        report_epoch(1)
    if behaviour in FAILURES:
        send(FAILURES[behaviour])
    else:
        BEHAVIOURS.get(behaviour, train)(command)


def main() -> None:
    die_with_parent(int(sys.argv[1]))
    if os.environ.get(HOLDS_VARIABLE):
        command = read_command(sys.stdin.buffer.readline())
        assert isinstance(command, PrepareCommand)
        os.environ.update(command.environment)
    fault = os.environ.get("STAND_IN_FAULT")
    if fault and Path(fault).exists():
        send(StartFailed(detail=Path(fault).read_text()))
        sys.exit(1)
    send(Ready(start_seconds=0.01))
    commands: queue.Queue[TrainCommand] = queue.Queue()
    threading.Thread(target=read_commands, args=(commands,), daemon=True).start()
    while True:
        command = commands.get()
        STOP.clear()
        if command.spec["name"] == "goes-through-phases":
            go_through_phases(command)
        else:
            act(str(command.spec["name"]), command)


if __name__ == "__main__":
    main()
