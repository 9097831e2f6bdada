"""Many requests for several networks at once: each gets its own answer or its own error, whoever comes beside it."""

import asyncio
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import DeadlineExceeded, InvalidInstances, ServerBusy, TrainyardError
from serving.sessions.lanes import Lane
from serving.sessions.threads import BatchThreads
from serving.sessions.warm_up import measure


@dataclass(frozen=True)
class Request:
    """A request of a client.

    Attributes:
        length: Steps of a row, for `series`.
        fate: What is wrong with it, or happens to it.
        pause: Turns of the event loop before it is sent.
    """

    model: str
    num_rows: int
    seed: int
    length: int
    fate: str
    pause: int


REQUESTS = st.builds(
    Request,
    model=st.sampled_from(["line", "iris", "series", "pair", "centred", "faulty"]),
    num_rows=st.sampled_from([1, 1, 1, 2, 3, 7, 60, 255, 256, 257, 600]),
    seed=st.integers(0, 10**6),
    length=st.sampled_from([1, 2, 5]),
    fate=st.sampled_from(["", "", "", "", "late", "soon", "cancelled", "fault", "wrong"]),
    pause=st.integers(0, 3),
)


def make_inputs(request):
    random = np.random.default_rng(request.seed)
    size = request.num_rows
    # Whole numbers, so that sums are exact whatever their order.
    if request.model == "iris":
        return {"features": random.integers(0, 100, (size, 4)).astype(np.float32)}
    if request.model == "series":
        return {"series": random.integers(0, 100, (size, request.length, 2)).astype(np.float32)}
    if request.model == "centred":
        return {"X": random.integers(0, 100, (size, 2)).astype(np.float32)}
    if request.model == "pair":
        words = np.array([f"{request.seed}-{number}" for number in range(size)], object)
        numbers = random.integers(0, 100, (size, 2))
        return {"A": numbers.astype(np.float32), "B": numbers[::-1].copy(), "WORD": words}
    numbers = random.integers(0, 100, (size, 1)).astype(np.float32)
    if request.model == "faulty" and request.fate == "fault":
        numbers[request.seed % size] = -7  # `faulty` cannot compute this.
    return {"input": numbers}


@pytest.fixture(scope="module")
def models(line, iris, series, pair, centred, faulty):
    all_models = {"line": line, "iris": iris, "series": series, "pair": pair, "centred": centred, "faulty": faulty}
    measured = {model: measure(model) for model in all_models.values()}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("serving.sessions.lanes.measure", measured.__getitem__)
        yield all_models


async def send(lanes, request, ask):
    """Send a request as a client does, and return its outputs or its error."""
    for _ in range(request.pause):
        await asyncio.sleep(0)
    inputs = make_inputs(request)
    if request.fate == "wrong":
        inputs = {name: tensor[:0] for name, tensor in inputs.items()}
    now = asyncio.get_running_loop().time()
    deadline = {"late": now - 1, "soon": now + 0.002, "": now + 60}.get(request.fate)
    task = asyncio.create_task(ask(lanes[request.model], inputs, request.num_rows, deadline=deadline))
    if request.fate == "cancelled":
        for _ in range(request.seed % 4):
            await asyncio.sleep(0)
        task.cancel()
    try:
        return await task
    except (asyncio.CancelledError, TrainyardError, ZeroDivisionError) as error:
        return error


def check(request, result, models):
    inputs = make_inputs(request)
    if isinstance(result, dict):
        assert request.fate != "wrong"
        assert (request.model, request.fate) != ("faulty", "fault")
        expected = models["line" if request.model == "faulty" else request.model].run(inputs)
        assert list(result) == list(expected)
        for name, output in expected.items():
            np.testing.assert_array_equal(result[name], output)
        return
    expected_errors = {
        "late": (DeadlineExceeded,),
        "soon": (DeadlineExceeded,),
        "cancelled": (asyncio.CancelledError,),
        "fault": (ZeroDivisionError,) if request.model == "faulty" else (),
        "wrong": (InvalidInstances,),
    }
    # A queue of 20 requests overflows now and then.
    assert isinstance(result, (*expected_errors.get(request.fate, ()), ServerBusy)), (request, result)


@pytest.mark.parametrize(
    ("ask", "longest_seconds", "hop_seconds"),
    [
        pytest.param(Lane.run, 0.0, 20e-6, id="in-threads"),
        pytest.param(Lane.answer, 60.0, 60.0, id="at-once"),
        pytest.param(Lane.run, 60.0, 60.0, id="together-on-the-loop"),
        pytest.param(Lane.answer, 5e-4, 10e-6, id="anywhere"),
    ],
)
@settings(max_examples=50)
@given(requests=st.lists(REQUESTS, min_size=15, max_size=40))
def test_every_request_gets_its_own_answer(models, ask, longest_seconds, hop_seconds, requests):
    threads = BatchThreads(2, longest_inline_seconds=longest_seconds)
    threads._is_measured = True
    threads.hop_seconds = hop_seconds
    threads._is_crowded = True
    lanes = {name: Lane(model, threads, max_queued=20) for name, model in models.items()}

    async def main():
        async with asyncio.timeout(60):
            results = await asyncio.gather(*(send(lanes, request, ask) for request in requests))
            # Requests that nobody waits for are dropped when their turn comes.
            while any(lane.num_queued for lane in lanes.values()):  # noqa: ASYNC110 - nothing tells.
                await asyncio.sleep(0.001)
        return results

    results = asyncio.run(main())
    threads.close()
    for request, result in zip(requests, results, strict=True):
        check(request, result, models)
    for lane in lanes.values():
        answered = sum(isinstance(r, dict) and lanes[q.model] is lane for q, r in zip(requests, results, strict=True))
        assert lane.statistics.success_count >= answered
