"""Runs of a small project of its own, in a process of its own, as forks need."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
# A number that is tested, one that is not, one that is needed at import, and one that ends the process if it is wrong.
CODE = """
TESTED = 1
UNTESTED = 10
NEEDED = ("",)[0]
VITAL = 3
"""
TESTS = """
import os

from numbers_of_ours import TESTED, VITAL


def test_numbers():
    if VITAL != 3:
        os.kill(os.getpid(), 9)
    assert TESTED == 1
"""
PROGRAM = """
from pathlib import Path
from mutants import warm
from mutants.faults import list_faults

# Of the two faults of each number the first, which is one more.
faults = [fault for fault in list_faults(Path("numbers_of_ours.py")) if fault.operator == "NumberReplacer"][::2]
jobs = [warm.Job(fault, ["test_numbers.py"]) for fault in faults]
for job, outcome in warm.run_jobs([warm.Job(None, ["test_numbers.py"]), *jobs], 2):
    print(job.fault and job.fault.line, outcome.name)
"""


def test_a_fault_is_caught_by_a_test_or_at_import_or_by_the_end_of_the_process_or_left(tmp_path):
    (tmp_path / "numbers_of_ours.py").write_text(CODE)
    (tmp_path / "test_numbers.py").write_text(TESTS)
    (tmp_path / "pytest.ini").write_text("[pytest]\npythonpath = .\n")
    environment = {"PYTHONPATH": f"{ROOT}:{tmp_path}", "PATH": ""}

    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr
    assert sorted(done.stdout.splitlines()) == [
        "2 CAUGHT",
        "3 LEFT",
        "4 CAUGHT_AT_IMPORT",
        "5 CAUGHT_BY_END",
        "None LEFT",
    ]
    assert (tmp_path / "numbers_of_ours.py").read_text() == CODE


def test_tests_that_fail_without_any_fault_are_an_error_that_shows_them(tmp_path):
    (tmp_path / "test_numbers.py").write_text("def test_numbers():\n    assert 1 == 2\n")
    program = "from mutants.warm import Job, run_jobs\nlist(run_jobs([Job(None, ['test_numbers.py'])], 1))\n"

    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT), "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )

    assert "RuntimeError: pytest ended with 1, with no fault:" in done.stderr
    assert "assert 1 == 2" in done.stderr
