"""A soak from beginning to end."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.serving.ours import Service, serving
from benchmarks.serving.process_tree import resident_bytes
from benchmarks.serving.soak.aliases import AliasHistory
from benchmarks.serving.soak.clients import Soak, Tally, keep_asking, keep_moving, move_alias
from benchmarks.serving.soak.memory import Curve
from benchmarks.serving.soak.requests import SOAK_FORMS
from benchmarks.serving.soak.versions import name_model, write_version
from core.artifacts import ONNX_MODEL
from serving.sessions.graph_size import estimate_bytes

NUM_SAMPLES = 120


@dataclass(frozen=True, slots=True)
class Plan:
    """Size, traffic and length of a soak.

    Attributes:
        seconds: Time of the soak.
        num_models: Number of models.
        num_versions: Versions of each.
        num_loaded: Number of versions that the memory budget has room for.
        num_clients: Number of clients.
        forms: Names of the forms of requests.
        seed: Of the traffic.
    """

    seconds: float
    num_models: int = 20
    num_versions: int = 3
    num_loaded: int = 5
    num_clients: int = 8
    forms: tuple[str, ...] = tuple(SOAK_FORMS)
    seed: int = 13


@dataclass(frozen=True, slots=True)
class Outcome:
    """Result of a soak.

    Attributes:
        answers: Right answers by form.
        errors: Number of errors by kind.
        num_moves: Moves of aliases.
        curve: Memory of the service.
    """

    answers: dict[str, int]
    errors: dict[str, int]
    num_moves: int
    curve: Curve


def soak(plan: Plan, report: Callable[[float, Tally, int], None]) -> Outcome:
    """Run a soak.

    Args:
        plan: Size, traffic and length.
        report: Is told, at even intervals, the seconds since the start, what the clients have counted and the memory
            of the service in bytes.
    """
    with TemporaryDirectory(prefix="trainyard-soak-") as name:
        folder = Path(name)
        versions = _write_versions(folder / "models", plan)
        budget = plan.num_loaded * estimate_bytes(folder / "models" / "0-1" / ONNX_MODEL)
        with serving(folder, versions, {"TRAINYARD_MAX_LOADED_BYTES": str(budget)}) as service:
            soaked = _describe(plan, service)
            for number in range(plan.num_models):
                move_alias(soaked, number, 1)
            resident = []
            with _clients(soaked, plan):
                began = time.monotonic()
                for sample in range(1, NUM_SAMPLES + 1):
                    time.sleep(max(0.0, began + sample * plan.seconds / NUM_SAMPLES - time.monotonic()))
                    resident.append(resident_bytes(service.server.pid))
                    report(time.monotonic() - began, soaked.tally, resident[-1])
            tally = soaked.tally
            return Outcome(dict(tally.answers), dict(tally.errors), tally.num_moves, Curve(tuple(resident)))


def _write_versions(folder: Path, plan: Plan) -> list[tuple[str, list[Path]]]:
    return [
        (name_model(number), write_version(folder / f"{number}-{version}", number, version))
        for number in range(plan.num_models)
        for version in range(1, plan.num_versions + 1)
    ]


def _describe(plan: Plan, service: Service) -> Soak:
    return Soak(
        port=service.server.port,
        predict_headers=dict(service.server.headers),
        admin_headers=dict(service.admin_headers),
        num_models=plan.num_models,
        num_versions=plan.num_versions,
        forms={name: SOAK_FORMS[name] for name in plan.forms},
        tally=Tally(),
        histories=[AliasHistory(1) for _ in range(plan.num_models)],
        stopped=threading.Event(),
    )


@contextmanager
def _clients(soaked: Soak, plan: Plan) -> Iterator[None]:
    """Run the clients within the block; an exception of one of them is raised at its end."""
    failures: list[Exception] = []

    def run(work: Callable[[Soak, int], None], seed: int) -> None:
        try:
            work(soaked, seed)
        except Exception as failure:  # noqa: BLE001 - raised again below, in the main thread.
            failures.append(failure)

    works = [keep_moving, *[keep_asking] * plan.num_clients]
    threads = [
        threading.Thread(target=run, args=(work, plan.seed + number), name=f"client-{number}")
        for number, work in enumerate(works)
    ]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        soaked.stopped.set()
        for thread in threads:
            thread.join()
    if failures:
        raise failures[0]
