"""A predictor without a network, for tests of the supervisor; the name of the result selects its behaviour."""

import os
import signal
import sys
import time
from pathlib import Path

from core.batch_predictions import BatchProgress
from core.system.parent_watch import die_with_parent
from worker.predictor_messages import PredictFailed, PredictFinished, PredictProgress, read_predict_command


def send(message):
    sys.stdout.buffer.write(message.to_line())
    sys.stdout.buffer.flush()


def main():
    die_with_parent(int(sys.argv[1]))
    command = read_predict_command(sys.stdin.buffer.readline())
    behaviour = command.name.split("-")[0]
    Path(command.parts).mkdir(parents=True, exist_ok=True)
    (Path(command.parts) / "process").write_text(str(os.getpid()))
    send(PredictProgress(progress=BatchProgress(num_done=1, rows_per_second=2.0)))
    if behaviour == "crashes":
        os.kill(os.getpid(), signal.SIGKILL)
    elif behaviour == "fails":
        send(PredictFailed(code="invalid_input", detail="Row 1 cannot be answered."))
    elif behaviour == "talks":
        sys.stdout.write("hello\n")
        sys.stdout.flush()
        time.sleep(60)
    elif behaviour == "waits":
        time.sleep(60)
    else:
        result = Path(command.scratch) / f"{command.name}.csv"
        result.write_text("row,prediction\n0,1\n")
        send(PredictFinished(result=str(result), num_refused=0, refused_rows=(), memory_bytes=1))
        sys.stdin.buffer.read()


if __name__ == "__main__":
    main()
