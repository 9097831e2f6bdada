"""Trials of faults on real services; each module has a service of its own, with servers of its own."""

import random
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from faults.fault import Fault, try_once
from faults.site import open_site

SEED = 0


@pytest.fixture(scope="module")
def try_fault(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[Fault], None]]:
    """Try a fault once on the module's BACKEND, and fail if a run is lost, doubled or damaged."""
    with ExitStack() as stack:
        folder = tmp_path_factory.mktemp("site")
        site = stack.enter_context(open_site(request.module.BACKEND, folder))
        chance = random.Random(SEED)  # noqa: S311 - moments of faults are no secrets.

        def try_fault(fault: Fault) -> None:
            _, verdict = try_once(fault, site, chance, seeds=(SEED,))
            assert verdict.num_runs
            assert verdict.complaints == []

        yield try_fault
