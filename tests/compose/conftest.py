"""The stack of docker-compose.yml, built and started by Docker if installed, else by podman.

Nothing here is skipped. Where no containers can be run, the tests fail and say what to install.
"""

import time
from collections.abc import Callable, Iterator

import pytest

from benchmarks.container_engine import ContainerEngine, NoEngine, find_engine
from benchmarks.stack import Stack, stack_of_its_own

PATIENCE_SECONDS = 240

Wait = Callable[[Callable[[], object]], None]


@pytest.fixture(scope="session")
def engine() -> ContainerEngine:
    try:
        return find_engine()
    except NoEngine as error:
        pytest.fail(str(error), pytrace=False)


@pytest.fixture(scope="session")
def built(engine: ContainerEngine) -> ContainerEngine:
    """Container engine with the images of this checkout."""
    with stack_of_its_own(engine) as stack:
        stack.build()
    return engine


@pytest.fixture(scope="module")
def stack(built: ContainerEngine) -> Iterator[Stack]:
    """A stack that is up and ready, for the tests of one module."""
    with stack_of_its_own(built) as stack:
        stack.up()
        stack.wait_until_ready()
        yield stack


@pytest.fixture
def wait_until(request: pytest.FixtureRequest) -> Wait:
    """Waits until a condition holds; fails with the logs of the containers."""

    def wait_until(holds: Callable[[], object]) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not holds():
            if time.monotonic() > deadline:
                logs = request.getfixturevalue("stack").logs() if "stack" in request.fixturenames else ""
                pytest.fail(f"It does not hold after {PATIENCE_SECONDS} s.\n{logs}")
            time.sleep(0.1)

    return wait_until
