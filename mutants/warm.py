"""Runs of tests against code with a fault, in processes forked from one that has imported the libraries.

Python takes the module with the fault from memory: no file is changed, so a run that is interrupted leaves nothing
behind, and the repository can be worked in meanwhile. Our own modules are imported by each process, because a fault may
lie in what a class body or a decorator does at import.
"""

import gc
import importlib
import importlib.util
import multiprocessing
import os
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from importlib.machinery import ModuleSpec, SourceFileLoader
from multiprocessing import connection
from tempfile import TemporaryFile
from types import CodeType
from typing import Any

import pytest

from mutants.faults import Fault

LIBRARIES = (
    "alembic.command",
    "duckdb",
    "httpx",
    "hypothesis",
    "keras",
    "onnx",
    "onnxruntime",
    "PIL.Image",
    "psycopg",
    "pydantic_settings",
    "sklearn",
    "sqlalchemy.dialects.postgresql.psycopg",
    "sqlalchemy.dialects.sqlite",
    "sqlalchemy.orm",
    "tensorflow",
    "xdist",
)
"""Imported once. None may have begun to compute by then: a fork leaves the threads out that it computes with."""

LONGEST_RUN_SECONDS = 600

_FORK = multiprocessing.get_context("fork")


class Outcome(Enum):
    """Outcome of the tests of a fault."""

    LEFT = "left"
    CAUGHT = "caught"
    CAUGHT_AT_IMPORT = "caught at import"
    CAUGHT_BY_END = "the process did not end by itself"


_OUTCOMES = {
    pytest.ExitCode.OK: Outcome.LEFT,
    pytest.ExitCode.TESTS_FAILED: Outcome.CAUGHT,
    # A module that cannot be imported ends the collection of tests, or that of their fixtures.
    pytest.ExitCode.INTERRUPTED: Outcome.CAUGHT_AT_IMPORT,
    pytest.ExitCode.USAGE_ERROR: Outcome.CAUGHT_AT_IMPORT,
}


@dataclass(frozen=True, slots=True)
class Job:
    """A fault, or None for the code as it is, with the tests to run."""

    fault: Fault | None
    tests: Sequence[str]


def import_libraries() -> None:
    """Import what takes seconds, before the first fork."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    for name in LIBRARIES:
        importlib.import_module(name)
    # Or each process would search all that these have made for garbage, and copy it by that.
    gc.freeze()


def run_jobs(jobs: Iterable[Job], num_processes: int) -> Iterator[tuple[Job, Outcome]]:
    """Run the tests of each job in a process of its own, and yield what came of it, as it ends.

    Raises:
        RuntimeError: If tests fail without any fault, or pytest finds none.
    """
    waiting = iter(jobs)
    running: dict[int, _Run] = {}
    try:
        while True:
            while len(running) < num_processes and (job := next(waiting, None)) is not None:
                run = _Run(job)
                running[run.process.sentinel] = run
            if not running:
                return
            ended = set(connection.wait(list(running), timeout=1.0))
            for sentinel, run in list(running.items()):
                if sentinel in ended or run.seconds > LONGEST_RUN_SECONDS:
                    del running[sentinel]
                    yield run.job, run.end()
    finally:
        for run in running.values():
            run.process.kill()


class _Run:
    """A process that runs the tests of a job, with its output."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self._output = TemporaryFile()  # noqa: SIM115 - `end` closes it.
        self.process = _FORK.Process(target=_run_tests, args=(job, self._output.fileno()))
        self.process.start()
        self._began = time.monotonic()

    @property
    def seconds(self) -> float:
        """Time since the start."""
        return time.monotonic() - self._began

    def end(self) -> Outcome:
        """End the process, and return what came of it."""
        if self.process.is_alive():
            self.process.kill()
        self.process.join()
        with self._output:
            code = self.process.exitcode
            outcome = Outcome.CAUGHT_BY_END if code is None or code < 0 else _OUTCOMES.get(pytest.ExitCode(code))
            if outcome is None or (self.job.fault is None and outcome is not Outcome.LEFT):
                self._output.seek(0)
                raise RuntimeError(
                    f"pytest ended with {code}, with {self.job.fault or 'no fault'}:\n{self._output.read().decode()}"
                )
            return outcome


def _run_tests(job: Job, output: int) -> None:
    """Run the tests up to the first that fails, in a process that ends with pytest's exit code."""
    for stream in (1, 2):
        os.dup2(output, stream)
    if job.fault is not None:
        sys.meta_path.insert(0, _FaultFinder(job.fault))
    # The same draws for each fault, or whether it is caught would be left to luck. Assertions need no rewriting, which
    # only explains them, and which fails for what is imported already.
    options = ["-x", "-q", "--assert=plain", "-p", "no:cacheprovider", "--hypothesis-seed=0", "--timeout=0"]
    # One after the other, because pytest collects all that it is given before it runs the first.
    exit_codes = (pytest.main([*options, tests]) for tests in job.tests)
    exit_code = next((code for code in exit_codes if code != pytest.ExitCode.OK), pytest.ExitCode.OK)
    sys.stdout.flush()
    os._exit(exit_code)


class _FaultFinder:
    """Finds the one module that has the fault."""

    def __init__(self, fault: Fault) -> None:
        self.name = ".".join(fault.path.with_suffix("").parts)
        self.loader = _FaultLoader(self.name, str(fault.path.resolve()), fault.code)

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        """Find the module by its name; None for all others."""
        del path, target
        if name != self.name:
            return None
        return importlib.util.spec_from_file_location(name, self.loader.path, loader=self.loader)


class _FaultLoader(SourceFileLoader):
    """Loads the code with the fault instead of that in the file."""

    def __init__(self, name: str, path: str, code: str) -> None:
        super().__init__(name, path)
        self._code = code

    def get_code(self, fullname: str) -> CodeType:
        """Compile the code with the fault, never a cached one."""
        del fullname
        return self.source_to_code(self._code.encode(), self.path)
