"""The process of one batch prediction: reads a command from standard input, writes reports to standard output.

`python -m worker.predictor PARENT_PID`. Like a trainer it has no access to database or broker, and the kernel ends it
with its worker; unlike a trainer it imports no TensorFlow, and so starts in less than a second.
"""

import logging
import os
import resource
import sys
import threading
from pathlib import Path
from typing import BinaryIO

from core.batch_predictions import BatchProgress
from core.errors import TrainyardError
from core.system.parent_watch import die_with_parent
from worker.messages import Message
from worker.predictor_messages import (
    PredictCommand,
    PredictFailed,
    PredictFinished,
    PredictProgress,
    read_predict_command,
)

logger = logging.getLogger("trainyard.predictor")

STANDARD_OUTPUT, STANDARD_ERROR = 1, 2


def main() -> None:
    """Answer one command."""
    die_with_parent(int(sys.argv[1]))
    # The output of libraries goes to the worker's log; only reports go to the worker.
    pipe = os.fdopen(os.dup(STANDARD_OUTPUT), "wb")
    os.dup2(STANDARD_ERROR, STANDARD_OUTPUT)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", stream=sys.stderr)
    command = read_predict_command(sys.stdin.buffer.readline())
    threading.Thread(target=_end_with_input, name="input", daemon=True).start()
    _send(pipe, predict(command, pipe))


def predict(command: PredictCommand, pipe: BinaryIO) -> Message:
    """Predict a dataset, reporting to a pipe; return the last report."""
    # Imported here, after `die_with_parent`.
    from serving.batch_prediction.job import BatchOrder, predict_dataset  # noqa: PLC0415

    order = BatchOrder(
        network=Path(command.network),
        signature=Path(command.signature),
        dataset=Path(command.dataset),
        plan=command.plan,
        parts=Path(command.parts),
        scratch=Path(command.scratch),
        attempt=command.attempt,
        name=command.name,
    )

    def report(progress: BatchProgress) -> None:
        _send(pipe, PredictProgress(progress=progress))

    try:
        outcome = predict_dataset(order, report)
    except TrainyardError as error:
        return PredictFailed(code=error.code, detail=error.detail)
    except MemoryError:
        return PredictFailed(
            code="out_of_memory", detail="The batch prediction ran out of memory. Give the worker more."
        )
    except OSError as error:
        logger.exception("The batch prediction failed.")
        reason = error.strerror or str(error)
        return PredictFailed(code="storage_failed", detail=f"The result could not be written: {reason}.")
    except Exception as error:
        logger.exception("The batch prediction failed with an unexpected error.")
        detail = f"The batch prediction stopped with {type(error).__name__}. The worker's log has the traceback."
        return PredictFailed(code="predictor_error", detail=detail)
    return PredictFinished(
        result=str(outcome.result),
        num_refused=outcome.num_refused,
        refused_rows=outcome.refused_rows,
        memory_bytes=peak_bytes(),
    )


def peak_bytes() -> int:
    """Return the peak memory of this process in bytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    # getrusage(2): kilobytes on Linux, bytes on macOS.
    return peak if sys.platform == "darwin" else peak * 1024


def _send(pipe: BinaryIO, message: Message) -> None:
    pipe.write(message.to_line())
    pipe.flush()


def _end_with_input() -> None:
    sys.stdin.buffer.read()
    # The worker is gone, and nothing else could use the result.
    os._exit(0)


if __name__ == "__main__":
    main()
