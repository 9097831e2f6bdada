"""`make bench-stack`: measure image sizes, and the time of a stack from `up` to its first responses."""

import argparse
import time
from dataclasses import dataclass
from statistics import median

from benchmarks.container_engine import ContainerEngine, find_engine
from benchmarks.stack import OWN_IMAGES, Stack, stack_of_its_own

BASE_IMAGE = "docker.io/library/python:3.11-slim"
PRESET = "perceptron-or"
PREDICTION = {"instances": [[0, 1], [1, 1]]}
MEGABYTE = 1e6
PATIENCE_SECONDS = 300.0
POLL_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class ColdStart:
    """Seconds since `up` was called, with the images built and empty volumes.

    Attributes:
        ready: Until /readyz answers through the proxy.
        prediction: Until the model of a run submitted then has answered. Includes initializing PostgreSQL, importing
            TensorFlow, and training and exporting a network.
    """

    ready: float
    prediction: float


def measure_image_megabytes(engine: ContainerEngine, image: str) -> float:
    """Return the unpacked size of an image in MB."""
    return int(engine.run("image", "inspect", "--format", "{{.Size}}", image)) / MEGABYTE


def time_cold_start(stack: Stack) -> ColdStart:
    """Start a stack and send a prediction request as soon as possible."""
    began = time.monotonic()
    stack.up()
    stack.wait_until_ready()
    ready = time.monotonic() - began
    stack.submit(PRESET)
    while not stack.http.post(f"/v1/models/{PRESET}:predict", json=PREDICTION).is_success:
        if time.monotonic() - began > PATIENCE_SECONDS:
            raise TimeoutError(f"No prediction after {PATIENCE_SECONDS:g} s.\n{stack.logs()}")
        time.sleep(POLL_SECONDS)
    return ColdStart(ready=ready, prediction=time.monotonic() - began)


def main() -> None:
    """Build the images, measure, and print the results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="stacks to start, one after the other; 3")
    num_rounds = parser.parse_args().rounds
    engine = find_engine()
    starts = []
    for number in range(1, num_rounds + 1):
        with stack_of_its_own(engine) as stack:
            stack.build()
            starts.append(time_cold_start(stack))
        print(f"round {number}: ready {starts[-1].ready:.1f} s, first prediction {starts[-1].prediction:.1f} s")
    print(f"median: ready {median(start.ready for start in starts):.1f} s, ", end="")
    print(f"first prediction {median(start.prediction for start in starts):.1f} s")
    base = measure_image_megabytes(engine, BASE_IMAGE)
    print(f"\n{BASE_IMAGE}: {base:.0f} MB")
    for image in OWN_IMAGES:
        size = measure_image_megabytes(engine, image)
        print(f"{image}: {size:.0f} MB, {size - base:.0f} over the base image")


if __name__ == "__main__":
    main()
