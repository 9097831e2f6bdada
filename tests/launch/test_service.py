import os
import signal
import subprocess
import time

import pytest

HUNG_WORKER = """
import os, signal, time
from pathlib import Path

for number in (signal.SIGTERM, signal.SIGINT):
    signal.signal(number, signal.SIG_IGN)
Path(__file__).with_suffix(".pid").write_text(str(os.getpid()))
print("worker waits", flush=True)
while True:
    time.sleep(1)
"""

FAILING_WORKER = """
import sys, time
from pathlib import Path

while not Path("go").exists():
    time.sleep(0.01)
print("no space left", file=sys.stderr)
sys.exit(3)
"""


@pytest.fixture
def service(launch):
    launched = launch()
    launched.wait_for("Trainyard is ready")
    launched.wait_for("worker waits")
    return launched


def assert_stopped_cleanly(launched) -> None:
    assert launched.exit_code() == 0
    assert launched.errors == ""
    assert "Traceback" not in launched.output
    assert "worker | worker drained\n" in launched.output
    assert not launched.is_running("api")
    assert not launched.is_running("worker")


def test_ctrl_c_in_a_terminal_stops_both_processes_cleanly(service):
    service.press_ctrl_c()
    assert_stopped_cleanly(service)


@pytest.mark.parametrize("signal_number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_signal_to_the_launcher_alone_stops_both_processes_cleanly(service, signal_number):
    service.process.send_signal(signal_number)
    assert_stopped_cleanly(service)


def test_under_nohup_the_end_of_the_terminal_stops_nothing(launch):
    service = launch(UNDER_NOHUP="1")
    service.wait_for("Trainyard is ready")
    service.wait_for("worker waits")

    service.process.send_signal(signal.SIGHUP)
    with pytest.raises(subprocess.TimeoutExpired):
        service.process.wait(1)

    service.process.send_signal(signal.SIGTERM)
    assert_stopped_cleanly(service)


def test_the_same_request_to_stop_heard_twice_still_lets_the_worker_drain(service):
    service.press_ctrl_c()
    service.process.send_signal(signal.SIGINT)
    service.process.send_signal(signal.SIGTERM)
    assert_stopped_cleanly(service)


def test_request_to_stop_that_does_not_interrupt_the_wait_is_heard(launch, tmp_path):
    # The kernel may hand a signal to any thread; then the main thread, where Python handles it, goes on waiting.
    (tmp_path / "launcher_signalled_separately.py").write_text(
        """
import signal, threading, time
from pathlib import Path

def tell():
    while not Path("go").exists():
        time.sleep(0.01)
    signal.pthread_kill(threading.get_ident(), signal.SIGTERM)

threading.Thread(target=tell, daemon=True).start()
import launcher
"""
    )
    launched = launch(command=("launcher_signalled_separately.py",))
    launched.wait_for("Trainyard is ready")
    launched.wait_for("worker waits")
    (tmp_path / "go").touch()
    assert_stopped_cleanly(launched)


def test_ctrl_c_once_more_kills_a_worker_that_does_not_stop(launch):
    launched = launch(worker=HUNG_WORKER)
    launched.wait_for("worker waits")
    launched.press_ctrl_c()
    while launched.process.poll() is None:
        time.sleep(0.2)
        if launched.process.poll() is None:
            launched.press_ctrl_c()
    assert launched.exit_code() == 1
    assert "The worker process had not stopped yet and is killed.\n" in launched.output
    assert not launched.is_running("worker")


def test_process_that_ends_by_itself_ends_the_other_with_a_line_that_names_it(launch, tmp_path):
    launched = launch(worker=FAILING_WORKER)
    launched.wait_for("Trainyard is ready")
    (tmp_path / "go").touch()
    assert launched.exit_code() == 1
    assert "worker | no space left\nThe worker process ended by itself (exit code 3). Stopping the rest.\n" in (
        launched.output
    )
    assert not launched.is_running("api")


def test_killed_process_is_reported_with_its_signal(service):
    os.kill(service.pid("api"), signal.SIGKILL)
    assert service.exit_code() == 1
    assert "The api process ended by itself (killed by SIGKILL). Stopping the rest.\n" in service.output
    assert not service.is_running("worker")


def test_lines_of_both_processes_come_whole_with_the_name_of_their_process(launch):
    many = "from pathlib import Path\nimport time\nfor number in range(2000): print('line', number, flush=True)\n"
    launched = launch(
        api=many + "Path('api-done').touch()\ntime.sleep(60)",
        worker=many + "while not Path('api-done').exists(): time.sleep(0.01)",
    )
    assert launched.exit_code() == 1
    for name in ("api", "worker"):
        lines = [line for line in launched.output.splitlines() if line.startswith(name)]
        assert lines == [f"{name:<6} | line {number}" for number in range(2000)]


def test_output_that_is_not_text_does_not_stop_the_service(launch):
    noise = "import sys\nsys.stdout.buffer.write(b'\\xff\\xfe broken\\n')\nsys.stdout.flush()\n"
    launched = launch(api=noise + "import time\ntime.sleep(60)")
    launched.wait_for("broken")
    launched.press_ctrl_c()
    assert launched.exit_code() == 0
