import resource
import signal
import subprocess
import sys

LIMITED = """
from core.system.process_limits import limit_process
limit_process(cpu_seconds=1, file_bytes=1_000_000, data_bytes=2**31)
"""


def run(code):
    return subprocess.run(
        [sys.executable, "-c", LIMITED + code], capture_output=True, text=True, timeout=60, check=False
    )


def test_a_process_that_computes_for_too_long_is_ended_by_the_signal_that_says_so():
    assert run("while True: pass").returncode == -signal.SIGXCPU


def test_a_process_that_ignores_the_signal_is_ended_all_the_same():
    ignoring = "import signal; signal.signal(signal.SIGXCPU, signal.SIG_IGN)\nwhile True: pass"
    assert run(ignoring).returncode == -signal.SIGKILL


def test_limits_are_never_raised():
    lowered = "import resource; resource.setrlimit(resource.RLIMIT_CPU, (1, 1))\n"
    shown = (
        "limit_process(cpu_seconds=9, file_bytes=1, data_bytes=2**31)\nprint(resource.getrlimit(resource.RLIMIT_CPU))"
    )
    assert run(lowered + shown).stdout == f"{(1, 1)}\n"
    assert resource.getrlimit(resource.RLIMIT_CPU) != (1, 1)
