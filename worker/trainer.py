"""The trainer: the only process that imports Keras. It warms up once and trains one run after another.

`python -m worker.trainer PARENT_PID` reads commands from standard input and writes reports to standard output,
a JSON object a line. It has no access to database or broker. End of input ends it at once.
"""

import logging
import os
import queue
import resource
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from core.errors import TrainyardError
from core.experiment import parse_spec
from core.system.parent_watch import die_with_parent
from worker.messages import (
    HOLDS_VARIABLE,
    Failed,
    Finished,
    Message,
    PrepareCommand,
    Ready,
    StartFailed,
    StopCommand,
    Stopped,
    TrainCommand,
    read_command,
)
from worker.pipe_reporter import PipeReporter, log_warnings

logger = logging.getLogger("trainyard.trainer")

THREADS_VARIABLE = "TRAINYARD_TRAINER_THREADS"
STANDARD_OUTPUT, STANDARD_ERROR = 1, 2


def main() -> None:
    """Warm up, then train the supervisor's runs until its pipe ends."""
    started = time.monotonic()
    die_with_parent(int(sys.argv[1]))
    # The output of libraries goes to the log; only reports go to the supervisor.
    pipe = os.fdopen(os.dup(STANDARD_OUTPUT), "wb")
    os.dup2(STANDARD_ERROR, STANDARD_OUTPUT)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", stream=sys.stderr)

    commands: queue.Queue[TrainCommand] = queue.Queue()
    prepared: queue.Queue[PrepareCommand] = queue.Queue()
    reporter = PipeReporter(pipe)
    threading.Thread(target=_read_commands, args=(commands, prepared, reporter), name="commands", daemon=True).start()

    try:
        with _quiet_unless_it_fails():
            if os.environ.get(HOLDS_VARIABLE):
                _hold(prepared)
                started = time.monotonic()
            # Imported here, after `die_with_parent`: this takes seconds.
            from models.runtime import configure_threads  # noqa: PLC0415
            from models.warm_up import warm_up  # noqa: PLC0415

            configure_threads(int(os.environ.get(THREADS_VARIABLE, "1")))
            warm_up()
    except Exception as error:
        # The traceback comes first: the supervisor ends this process once it receives the report.
        logger.exception("The warm-up failed.")
        reporter.send(StartFailed(detail=_last_line(error)))
        sys.exit(1)
    reporter.send(Ready(start_seconds=time.monotonic() - started))
    while True:
        command = commands.get()
        with _logging_to(Path(command.log_path)):
            reporter.send(_train(command, reporter))


def _hold(prepared: "queue.Queue[PrepareCommand]") -> None:
    """Do the slow imports, without a look for devices, and wait for the rest of the environment variables."""
    import models.libraries  # noqa: F401, PLC0415 - imported to have been imported.

    os.environ.update(prepared.get().environment)


def _read_commands(
    commands: "queue.Queue[TrainCommand]", prepared: "queue.Queue[PrepareCommand]", reporter: PipeReporter
) -> None:
    for line in sys.stdin.buffer:
        match read_command(line):
            case TrainCommand() as command:
                commands.put(command)
            case StopCommand() as command:
                reporter.request_stop(command)
            case PrepareCommand() as command:
                prepared.put(command)
    # The worker is gone, and nothing else could use the model in training.
    os._exit(0)


def _train(command: TrainCommand, reporter: PipeReporter) -> Message:
    from models.reporting import TrainingStopped  # noqa: PLC0415
    from models.training import CheckpointOptions, train  # noqa: PLC0415

    reporter.begin(command)
    logger.info("run %s, attempt %d", command.run_id, command.attempt)
    if command.checkpoint is not None:
        logger.info("goes on from a checkpoint")
    log_warnings(command.warnings)
    try:
        outcome = train(
            parse_spec(command.spec),
            datasets_dir=Path(command.datasets_dir),
            output_dir=Path(command.output_dir),
            cache_dir=Path(command.cache_dir),
            reporter=reporter,
            weights_path=None if command.weights_path is None else Path(command.weights_path),
            checkpoints=CheckpointOptions(
                # In the file, so that no other attempt has a checkpoint of the same bytes.
                identity=f"{command.run_id}/{command.attempt}",
                folder=Path(command.output_dir),
                least_seconds=command.checkpoint_seconds,
                resume_from=None if command.checkpoint is None else Path(command.checkpoint),
            ),
        )
    except TrainingStopped:
        logger.info("stopped, as requested")
        return Stopped()
    except TrainyardError as error:
        logger.error("%s", error.detail)  # noqa: TRY400 - the message says what to do; a traceback would hide it.
        return Failed(code=error.code, detail=error.detail, problems=error.problems, is_expected=True)
    except Exception as error:
        logger.exception("The run failed with an unexpected error.")
        return _unexpected(error)
    logger.info("succeeded: %s", {key: round(value, 6) for key, value in outcome.final_metrics.items()})
    return Finished(
        files=tuple(str(path) for path in outcome.files),
        final_metrics=outcome.final_metrics,
        phases=outcome.phases,
        memory_bytes=resident_bytes(),
    )


def _unexpected(error: Exception) -> Failed:
    if isinstance(error, MemoryError) or type(error).__name__ == "ResourceExhaustedError":
        return Failed(
            code="out_of_memory",
            detail="The trainer ran out of memory. Use a smaller batch_size or a smaller network.",
        )
    return Failed(
        code="trainer_error", detail=f"Training stopped with {_last_line(error)} The run's log has the traceback."
    )


def _last_line(error: Exception) -> str:
    return traceback.format_exception_only(error)[-1].strip().splitlines()[0][:500]


def resident_bytes() -> int:
    """Return the peak memory of this process in bytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    # getrusage(2): kilobytes on Linux, bytes on macOS.
    return peak if sys.platform == "darwin" else peak * 1024


@contextmanager
def _quiet_unless_it_fails() -> Iterator[None]:
    """Hold back the output of TensorFlow's native code while it is imported; print it only if the import fails."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "output"
        try:
            with _logging_to(path):
                yield
        except BaseException:
            sys.stderr.write(path.read_text(encoding="utf-8", errors="replace"))
            raise


@contextmanager
def _logging_to(path: Path) -> Iterator[None]:
    """Send everything written to standard output and error, native libraries included, to a file."""
    saved = os.dup(STANDARD_ERROR)
    with path.open("ab") as file:
        os.dup2(file.fileno(), STANDARD_ERROR)
        os.dup2(file.fileno(), STANDARD_OUTPUT)
    try:
        yield
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os.dup2(saved, STANDARD_ERROR)
        os.dup2(saved, STANDARD_OUTPUT)
        os.close(saved)


if __name__ == "__main__":
    main()
