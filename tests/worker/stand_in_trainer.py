"""A trainer without Keras, for tests of the supervisor; the spec's `name` selects its behaviour.

It dies in its warm-up while the file exists that the variable STAND_IN_FAULT names, for the reason in that file.
"""

import os
import signal
import sys
import time
from pathlib import Path

import numpy as np

from core.errors import Problem
from core.notices import Notice
from core.progress import MetricBatch, Phase, Progress
from core.run_report import EngineReport
from core.system.parent_watch import die_with_parent
from worker.messages import (
    HOLDS_VARIABLE,
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
    TrainCommand,
    read_command,
)

WARNING = Notice("class_not_trained", "/dataset/split", "The class 'c' has no training row.")
MISFIT = Problem(pointer="/dataset/target", detail="There is no column 'y'.", code="unknown_column")
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
    report_epoch(1)
    if behaviour in FAILURES:
        send(FAILURES[behaviour])
    elif behaviour == "crashes":
        os.kill(os.getpid(), signal.SIGKILL)
    elif behaviour == "crashes-once":
        marker = Path(command.datasets_dir) / command.run_id
        if not marker.exists():
            marker.parent.mkdir(parents=True, exist_ok=True)
            marker.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        report_epoch(2)
        finish(command)
    elif behaviour == "hangs":
        while True:
            time.sleep(0.05)
            signal.pause()
    elif behaviour == "trains-slowly":
        for epoch in range(2, 8):
            time.sleep(0.1)
            report_epoch(epoch)
        finish(command)
    elif behaviour == "reports-many-points":
        report_many_points(command)
        finish(command)
    else:
        report_epoch(2)
        finish(command)


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
    for line in sys.stdin.buffer:
        command = read_command(line)
        assert isinstance(command, TrainCommand)
        if command.spec["name"] == "goes-through-phases":
            go_through_phases(command)
        else:
            act(str(command.spec["name"]), command)


if __name__ == "__main__":
    main()
