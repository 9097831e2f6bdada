import asyncio
import threading

import numpy as np
import pytest
from onnx import helper

from core.errors import DeadlineExceeded, InvalidInstances, ServerBusy, Unavailable
from serving.sessions.execution import Execution
from serving.sessions.lanes import Lane
from serving.sessions.threads import BatchThreads
from serving.sessions.warm_up import Measurement


class Broken(Exception):
    pass


def rows(*numbers):
    return {"input": np.float32([[number] for number in numbers])}


def answer(*numbers):
    """Outputs of y = 2x + 1."""
    return [[2 * number + 1] for number in numbers]


async def ask(lane, *numbers, deadline=None):
    outputs = await lane.run(rows(*numbers), len(numbers), deadline=deadline)
    return outputs["output"].tolist()


async def start(coroutine):
    """Start a request, and let it get as far as the queue."""
    task = asyncio.create_task(coroutine)
    await asyncio.sleep(0)
    return task


async def start_busy(lane, model):
    """Start a request that keeps the network busy."""
    task = await start(ask(lane, -1))
    assert await asyncio.to_thread(model.has_begun.acquire, timeout=10)
    return task


@pytest.fixture
def lane(line, threads):
    return Lane(line, threads)


@pytest.fixture
def held(line, hold):
    return hold(line, is_held=True)


def test_a_request_is_answered_in_another_thread(line, hold, threads):
    model = hold(line)
    seen = []
    model.fault = lambda _: seen.append(threading.current_thread().name)
    assert asyncio.run(ask(Lane(model, threads), 3, 4)) == answer(3, 4)
    assert seen[0].startswith("batch")


def test_requests_that_come_together_share_a_call(line, hold, threads):
    model = hold(line)

    async def main():
        lane = Lane(model, threads)
        return await asyncio.gather(*(ask(lane, number, number + 0.5) for number in range(20)))

    assert asyncio.run(main()) == [answer(number, number + 0.5) for number in range(20)]
    assert len(model.calls) == 1


def test_requests_that_come_while_the_network_is_busy_share_the_next_call(held, threads):
    async def main():
        lane = Lane(held, threads)
        busy = await start_busy(lane, held)
        waiting = [await start(ask(lane, number)) for number in range(5)]
        assert lane.num_queued == 5
        held.is_held = False
        held.may_go.release()
        return await asyncio.gather(busy, *waiting)

    assert asyncio.run(main()) == [answer(-1), *(answer(number) for number in range(5))]
    assert held.calls == [[-1], [0, 1, 2, 3, 4]]


def test_a_large_request_is_computed_in_parts_between_which_others_are_answered(held, threads):
    async def main():
        lane = Lane(held, threads)
        busy = await start_busy(lane, held)
        large = await start(ask(lane, *range(600)))
        small = await start(ask(lane, 1000))
        held.is_held = False
        held.may_go.release()
        return await asyncio.gather(busy, large, small)

    assert asyncio.run(main()) == [answer(-1), answer(*range(600)), answer(1000)]
    assert [(call[0], len(call)) for call in held.calls] == [(-1, 1), (0, 256), (1000, 1), (256, 256), (512, 88)]


def test_a_network_whose_rows_take_long_gets_fewer_at_once(line, hold, threads, monkeypatch):
    slow = Measurement(call_seconds=0.01, row_seconds=0.1, row_size=1, is_rowwise=True)
    monkeypatch.setattr("serving.sessions.lanes.measure", lambda _: slow)
    model = hold(line)
    assert asyncio.run(ask(Lane(model, threads), 1, 2, 3, 4, 5)) == answer(1, 2, 3, 4, 5)
    assert model.calls == [[1, 2], [3, 4], [5]]


def test_sequences_of_several_lengths_are_not_mixed(series, hold, threads):
    model = hold(series)

    async def main():
        lane = Lane(model, threads)

        async def sum_of(length):
            inputs = {"series": np.full((2, length, 2), length, np.float32)}
            return (await lane.run(inputs, 2))["output"].tolist()

        return await asyncio.gather(*(sum_of(length) for length in (1, 2, 3, 2, 1)))

    assert asyncio.run(main()) == [[2.0 * n * n] * 2 for n in (1, 2, 3, 2, 1)]
    assert sorted(len(call) for call in model.calls) == [2, 4, 4]


def test_a_request_whose_deadline_passes_in_the_queue_is_answered_then_and_never_computed(held, threads):
    async def main():
        lane = Lane(held, threads)
        busy = await start_busy(lane, held)
        loop = asyncio.get_running_loop()
        late = await start(ask(lane, 1, deadline=loop.time() + 0.01))
        in_time = await start(ask(lane, 2, deadline=loop.time() + 60))
        # The network is still busy: the deadline alone ends this.
        with pytest.raises(DeadlineExceeded, match="time limit: 2 requests wait"):
            await late
        held.is_held = False
        held.may_go.release()
        return lane, await asyncio.gather(busy, in_time)

    lane, answers = asyncio.run(main())
    assert answers == [answer(-1), answer(2)]
    assert held.calls == [[-1], [2]]
    assert lane.statistics.expired_count == 1


def test_a_request_whose_deadline_passes_in_the_network_is_answered_then(held, threads):
    async def main():
        lane = Lane(held, threads)
        late = await start(ask(lane, 1, deadline=asyncio.get_running_loop().time() + 0.05))
        with pytest.raises(DeadlineExceeded):
            await late
        held.is_held = False
        held.may_go.release()
        return await ask(lane, 2)

    assert asyncio.run(main()) == answer(2)


def test_a_request_that_comes_after_its_deadline_is_not_queued(lane):
    async def main():
        with pytest.raises(DeadlineExceeded):
            await ask(lane, 1, deadline=asyncio.get_running_loop().time())
        return lane.num_queued

    assert asyncio.run(main()) == 0
    assert lane.statistics.fail_count == 1


def test_a_request_whose_client_has_gone_is_not_computed(held, threads):
    async def main():
        lane = Lane(held, threads)
        busy = await start_busy(lane, held)
        gone, stays = await start(ask(lane, 1)), await start(ask(lane, 2))
        gone.cancel()
        held.is_held = False
        held.may_go.release()
        return lane, await asyncio.gather(busy, gone, stays, return_exceptions=True)

    lane, (_, gone, stays) = asyncio.run(main())
    assert isinstance(gone, asyncio.CancelledError)
    assert stays == answer(2)
    assert held.calls == [[-1], [2]]
    assert lane.statistics.cancelled_count == 1


def test_a_full_queue_rejects_requests_and_recovers(held, threads):
    async def main():
        lane = Lane(held, threads, max_queued=2)
        busy = await start_busy(lane, held)
        waiting = [await start(ask(lane, number)) for number in (1, 2)]
        for _ in range(2):
            with pytest.raises(ServerBusy, match="2 requests wait for this model, as many as TRAINYARD_MAX_QUEUED"):
                await ask(lane, 3)
        # One who has gone makes room.
        waiting[0].cancel()
        await asyncio.sleep(0)
        waiting[0] = await start(ask(lane, 4))
        held.is_held = False
        held.may_go.release()
        assert await asyncio.gather(busy, *waiting) == [answer(-1), answer(4), answer(2)]
        return lane, await ask(lane, 5)

    lane, last = asyncio.run(main())
    assert last == answer(5)
    assert lane.statistics.rejected_count == 2


def test_the_memory_of_waiting_requests_is_limited(held, threads, monkeypatch):
    monkeypatch.setattr("serving.sessions.request_queue.MAX_QUEUED_BYTES", 100)

    async def main():
        lane = Lane(held, threads)
        busy = await start_busy(lane, held)
        # 80 bytes wait; 4 more do not matter, 40 more are too many.
        waiting = [await start(ask(lane, *range(20))), await start(ask(lane, 1))]
        with pytest.raises(ServerBusy, match="or their memory allow"):
            await ask(lane, *range(10))
        held.is_held = False
        held.may_go.release()
        await asyncio.gather(busy, *waiting)
        return await ask(lane, *range(100))

    assert asyncio.run(main()) == answer(*range(100))


def test_long_sequences_have_smaller_batches(series, hold, threads, monkeypatch):
    usual = Measurement(call_seconds=0.0, row_seconds=0.0, row_size=64, is_rowwise=True)
    monkeypatch.setattr("serving.sessions.lanes.measure", lambda _: usual)
    model = hold(series)
    lane = Lane(model, threads)

    async def main(length):
        return (await lane.run({"series": np.ones((300, length, 2), np.float32)}, 300))["output"].tolist()

    assert asyncio.run(main(64)) == 300 * [128.0]
    assert [len(call) for call in model.calls] == [128, 128, 44]
    assert asyncio.run(main(2)) == 300 * [4.0]
    assert [len(call) for call in model.calls[3:]] == [256, 44]


def test_a_bad_request_fails_alone(line, hold, threads):
    model = hold(line)

    def reject_negative(inputs):
        if (inputs["input"] < 0).any():
            raise Broken("negative")

    model.fault = reject_negative

    async def main():
        lane = Lane(model, threads)
        requests = (ask(lane, number) for number in (1, -2, 3, -4))
        return lane, await asyncio.gather(*requests, return_exceptions=True)

    lane, (first, second, third, fourth) = asyncio.run(main())
    assert (first, third) == (answer(1), answer(3))
    assert isinstance(second, Broken)
    assert isinstance(fourth, Broken)
    assert second is not fourth
    assert model.calls == [[1, -2, 3, -4], [1], [-2], [3], [-4]]
    assert (lane.statistics.success_count, lane.statistics.fail_count) == (2, 2)
    assert (lane.statistics.inference_count, lane.statistics.execution_count) == (2, 2)


def test_a_large_request_with_a_bad_part_fails_once_and_whole(line, hold, threads):
    model = hold(line)

    def reject_300(inputs):
        if (inputs["input"] == 300).any():
            raise Broken("300")

    model.fault = reject_300

    async def main():
        lane = Lane(model, threads)
        with pytest.raises(Broken, match="300"):
            await ask(lane, *range(1000))
        return await ask(lane, 7)

    assert asyncio.run(main()) == answer(7)


def test_a_network_that_always_fails_leaves_the_lane_usable(line, hold, threads):
    model = hold(line)

    def fail(inputs):
        raise MemoryError(f"{len(inputs['input'])} rows")

    model.fault = fail

    async def main():
        lane = Lane(model, threads)
        errors = await asyncio.gather(*(ask(lane, number) for number in range(5)), return_exceptions=True)
        model.fault = lambda _: None
        return errors, await ask(lane, 1)

    errors, last = asyncio.run(main())
    assert [str(error) for error in errors] == 5 * ["1 rows"]
    assert last == answer(1)


def test_inputs_that_do_not_fit_are_rejected_before_the_queue(lane):
    async def main():
        bad = lane.run({"input": np.zeros((1, 3), np.float32)}, 1)
        return await asyncio.gather(bad, ask(lane, 1), return_exceptions=True)

    error, good = asyncio.run(main())
    assert isinstance(error, InvalidInstances)
    assert good == answer(1)


def test_requests_of_a_network_that_mixes_rows_are_computed_apart_and_whole(centred, hold, threads):
    model = hold(centred)
    large = np.random.default_rng(0).random((700, 2), np.float32)

    async def main():
        lane = Lane(model, threads)
        inputs = [np.float32([[1, 2], [3, 6]]), large, np.float32([[5, 5]])]
        return await asyncio.gather(*(lane.run({"X": tensor}, len(tensor)) for tensor in inputs))

    first, second, third = (outputs["Y"] for outputs in asyncio.run(main()))
    assert first.tolist() == [[-1, -2], [1, 2]]
    np.testing.assert_allclose(second, large - large.mean(axis=0), atol=1e-5)
    assert third.tolist() == [[0, 0]]
    assert [len(call) for call in model.calls] == [2, 700, 1]


def test_a_network_that_loses_rows_in_larger_batches_is_asked_for_each_request_alone(line, hold, threads):
    model = hold(line)
    compute = model.compute

    def lose_rows(inputs):
        outputs = compute(inputs)
        return {name: output[:2] for name, output in outputs.items()}

    model.compute = lose_rows

    async def main():
        lane = Lane(model, threads)
        return await asyncio.gather(ask(lane, 1, 2), ask(lane, 3), ask(lane, 4))

    assert asyncio.run(main()) == [answer(1, 2), answer(3), answer(4)]


def test_an_answer_depends_on_the_company_only_by_rounding(make_model, threads):
    random = np.random.default_rng(0)
    nodes = [
        helper.make_node("MatMul", ["x", "first"], ["sums"]),
        helper.make_node("Tanh", ["sums"], ["hidden"]),
        helper.make_node("MatMul", ["hidden", "second"], ["scores"]),
        helper.make_node("Softmax", ["scores"], ["y"]),
    ]
    weights = {
        "first": random.standard_normal((784, 100)).astype(np.float32),
        "second": random.standard_normal((100, 10)).astype(np.float32),
    }
    model = make_model(nodes, {"x": ("float32", (784,))}, {"y": ("float32", (10,))}, weights)
    batches = [random.random((num_rows, 784), np.float32) for num_rows in (1, 1, 2, 3, 5, 17, 64, 100)]

    async def main():
        lane = Lane(model, threads)
        outputs = await asyncio.gather(*(lane.run({"X": batch}, len(batch)) for batch in batches))
        return lane, [output["Y"] for output in outputs]

    lane, answers = asyncio.run(main())
    assert lane.statistics.execution_count == 1
    for batch, together in zip(batches, answers, strict=True):
        for row, output in zip(batch, together, strict=True):
            np.testing.assert_allclose(output, model.run({"X": row[None]})["Y"][0], rtol=1e-4, atol=1e-6)


def test_two_busy_models_take_turns(line, hold):
    order = []
    first, second = hold(line), hold(line)
    first.fault = lambda _: order.append("first")
    second.fault = lambda _: order.append("second")
    threads = BatchThreads(1, longest_inline_seconds=0)

    async def main():
        lanes = Lane(first, threads), Lane(second, threads)
        await asyncio.gather(*(ask(lane, *range(1000)) for lane in lanes))

    asyncio.run(main())
    threads.close()
    assert order == 4 * ["first", "second"]


def test_requests_are_refused_once_the_threads_are_closed(line):
    threads = BatchThreads(1, longest_inline_seconds=0)
    lane = Lane(line, threads)
    threads.close()

    async def main():
        return await asyncio.gather(*(ask(lane, number) for number in range(3)), return_exceptions=True)

    errors = asyncio.run(main())
    assert [type(error) for error in errors] == 3 * [Unavailable]
    assert lane.num_queued == 0


def test_an_event_loop_that_ends_leaves_the_lane_usable_by_another(held, threads):
    lane = Lane(held, threads)

    async def leave():
        await start_busy(lane, held)
        await start(ask(lane, 1))

    asyncio.run(leave())
    held.is_held = False
    held.may_go.release()
    assert asyncio.run(ask(lane, 2)) == answer(2)
    assert held.calls == [[-1], [2]]


def test_batches_for_other_hardware_have_rows_of_powers_of_two(line, hold, threads):
    model = hold(line)
    model.execution = Execution(("CUDAExecutionProvider", "CPUExecutionProvider"))

    async def main():
        lane = Lane(model, threads)
        together = await asyncio.gather(ask(lane, 1, 2, 3), ask(lane, 4, 5))
        return [*together, await ask(lane, 6, 7, 8), await ask(lane, *range(300))]

    answers = asyncio.run(main())
    assert answers == [answer(1, 2, 3), answer(4, 5), answer(6, 7, 8), answer(*range(300))]
    assert [len(call) for call in model.calls] == [8, 4, 256, 64]


def test_figures_of_calls_in_threads_add_up(lane):
    async def main():
        await asyncio.gather(ask(lane, 1, 2, 3), ask(lane, 4, 5))
        await ask(lane, 6)

    asyncio.run(main())
    figures = lane.statistics
    assert (figures.success_count, figures.queue_count, figures.fail_count) == (3, 3, 0)
    assert (figures.inference_count, figures.execution_count) == (6, 2)
    assert {size: batch.count for size, batch in figures.batches.items()} == {5: 1, 1: 1}
    parts = ("compute_input_ns", "compute_infer_ns", "compute_output_ns")
    for name in parts:
        assert getattr(figures, name) == sum(getattr(batch, name) for batch in figures.batches.values())
    computing = sum(getattr(figures, name) for name in parts)
    assert computing > 0
    assert 0 < figures.queue_ns < figures.success_ns


def test_figures_of_calls_at_once_add_up(line, hold):
    model = hold(line)
    lane = Lane(model, BatchThreads(1))
    assert lane.run_inline(rows(1, 2))["output"].tolist() == answer(1, 2)
    with pytest.raises(InvalidInstances):
        lane.run_inline({"output": np.zeros((1, 1), np.float32)})

    def fail(_):
        raise Broken

    model.fault = fail
    with pytest.raises(Broken):
        lane.run_inline(rows(3))
    figures = lane.statistics
    assert (figures.success_count, figures.fail_count, figures.queue_count) == (1, 1, 0)
    assert (figures.inference_count, figures.execution_count) == (2, 1)
    assert figures.success_ns == figures.compute_infer_ns == figures.batches[2].compute_infer_ns > 0


@pytest.mark.parametrize(("longest_seconds", "place"), [(60, "MainThread"), (0, "batch")])
def test_short_calls_are_made_at_once_and_long_ones_in_threads(line, hold, longest_seconds, place):
    model = hold(line)
    seen = []
    model.fault = lambda _: seen.append(threading.current_thread().name.split("_")[0])
    lane = Lane(model, BatchThreads(1, longest_inline_seconds=longest_seconds))

    async def main():
        return (await lane.answer(rows(1), 1))["output"].tolist()

    assert asyncio.run(main()) == answer(1)
    assert seen == [place]


def test_calls_of_a_network_that_could_not_be_measured_are_never_made_at_once(line, hold):
    threads = BatchThreads(1, longest_inline_seconds=60)
    model = hold(line)

    def fail(_):
        raise InvalidInstances("Nothing fits.")

    model.run = fail
    lane = Lane(model, threads)
    assert lane.measurement is None
    assert not lane.is_inline(1)
    assert asyncio.run(ask(lane, 1, 2)) == answer(1, 2)


def test_long_rows_count_for_more_than_those_that_were_measured(series):
    lane = Lane(series, BatchThreads(1))
    lane.measurement = Measurement(call_seconds=1e-5, row_seconds=1e-6, row_size=64, is_rowwise=True)
    assert lane.is_inline(1, {"series": np.zeros((1, 32, 2), np.float32)})
    assert not lane.is_inline(1, {"series": np.zeros((1, 64_000, 2), np.float32)})
    assert not lane.is_inline(1)
