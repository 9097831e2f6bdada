import http.client
import time

import psutil


def test_real_service_answers_then_stops_on_ctrl_c_and_leaves_no_process_behind(launch, free_port):
    launched = launch(command=("-m", "launch"))
    launched.wait_for("Trainyard is ready.")
    connection = http.client.HTTPConnection("127.0.0.1", free_port, timeout=30)
    connection.request("GET", "/docs")
    assert connection.getresponse().status == 200
    connection.close()
    processes = []
    deadline = time.monotonic() + 60
    # API, worker and, when the worker has started, a trainer in a session of its own.
    while len(processes) < 3:
        assert time.monotonic() < deadline, launched.output
        processes = psutil.Process(launched.process.pid).children(recursive=True)
        time.sleep(0.05)
    launched.press_ctrl_c()
    assert launched.exit_code() == 0
    assert launched.errors == ""
    assert "Traceback" not in launched.output
    gone, alive = psutil.wait_procs(processes, timeout=30)
    assert alive == []
    assert len(gone) == len(processes)
