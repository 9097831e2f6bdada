"""Forecasts for fits of any length. Nothing is timed: the times are sums of the constants, worked out by hand."""

import numpy as np
import pytest

from core.checks.length import measure_length
from core.specs.training import Training
from models.fit.arrays import Arrays, Resident
from models.fit.meter import Meter
from models.fit.plans import forecast as forecasts
from models.fit.plans.cache import Timing
from models.fit.plans.forecast import CELLS, MeasuredForecast, RecurrentForecast, make_forecast
from models.fit.plans.plan import Planning, plan_of
from models.fit.plans.recurrences import Recurrence
from models.fit.programs.executors import Executor
from models.fit.programs.graph import GraphEpochs
from models.fit.programs.making import make_learner
from models.fit.programs.tracing import unrolled
from models.networks.recurrent import CELLS as LAYERS
from models.preparation.augmentation import AS_STORED
from models.runtime import keras


def foresee(*recurrences, flops=0, has_smaller_batch=False):
    return RecurrentForecast(recurrences, flops, has_smaller_batch=has_smaller_batch)


def first_plan(forecast, num_steps, names=("graph", "xla", "graph-unrolled")):
    return forecast.first([plan_of(name) for name in names], num_steps).name


# 32 units over windows of 30 in batches of 32: 24 million operations, 0.4 ms of arithmetic.
LSTM = foresee(Recurrence("LSTM", 30), flops=24_000_000)
# 16 units in each direction in batches of 16.
BIDIRECTIONAL_GRU = foresee(Recurrence("GRU", 30, num_directions=2), flops=4_800_000)


def test_a_loop_in_a_graph_costs_its_operations_once_and_its_overhead_at_each_time_step():
    # (195 + 420) operations of 0.5 ms; 0.4 ms of arithmetic and 30 times 75 µs.
    assert LSTM.estimate(plan_of("graph")) == Timing(pytest.approx(0.3075), pytest.approx(0.00265))


def test_an_unrolled_graph_costs_its_operations_for_each_time_step():
    # 195 operations of 0.5 ms and 115 + 30 · 70 of 0.35 ms; 0.4 ms and 30 times 20 µs.
    assert LSTM.estimate(plan_of("graph-unrolled")) == Timing(pytest.approx(0.87275), pytest.approx(0.001))


def test_an_xla_program_of_a_loop_costs_the_loop_alone_whatever_the_unrolled_graph_would_cost():
    # 0.25 + 0.6 s; 0.4 ms and 30 times 10 µs.
    assert LSTM.estimate(plan_of("xla")) == Timing(pytest.approx(0.85), pytest.approx(0.0007))
    longer = foresee(Recurrence("LSTM", 3000), flops=2_400_000_000)
    assert longer.estimate(plan_of("xla")).compile_seconds == pytest.approx(0.85)


def test_an_unrolled_xla_program_costs_minutes_for_long_sequences():
    # 0.25 s, and 30 · 70 operations of 2 ms.
    assert LSTM.estimate(plan_of("xla-unrolled")).compile_seconds == pytest.approx(4.45)


def test_a_smaller_last_batch_is_a_second_branch_of_an_xla_program():
    branched = foresee(Recurrence("LSTM", 30), flops=24_000_000, has_smaller_batch=True)

    assert branched.estimate(plan_of("xla")).compile_seconds == pytest.approx(1.5 * 0.85)
    assert branched.estimate(plan_of("graph")) == LSTM.estimate(plan_of("graph"))


def test_two_directions_cost_twice_but_their_loops_in_a_graph_run_together():
    # (195 + 2 · 550) · 0.5 ms; 0.08 ms and 60 · 85 µs, of which three quarters.
    assert BIDIRECTIONAL_GRU.estimate(plan_of("graph")) == Timing(pytest.approx(0.6475), pytest.approx(0.003905))
    # 0.25 + 2 · 0.65 s; 0.08 ms and 60 · 13 µs.
    assert BIDIRECTIONAL_GRU.estimate(plan_of("xla")) == Timing(pytest.approx(1.55), pytest.approx(0.00086))


def test_layers_that_the_spec_unrolls_cost_as_much_in_every_plan_of_a_form():
    forecast = foresee(Recurrence("LSTM", 30, is_unrolled=True))

    for form in ("graph", "xla"):
        assert forecast.estimate(plan_of(form)) == forecast.estimate(plan_of(f"{form}-unrolled"))


# XLA takes 0.5425 s longer to compile than the graph and 1.95 ms less for a step: it pays off from step 279 on. The
# unrolled graph takes as long to compile as XLA.
@pytest.mark.parametrize(("num_steps", "name"), [(1, "graph"), (278, "graph"), (279, "xla"), (100_000, "xla")])
def test_a_longer_fit_of_an_lstm_is_worth_compiling_with_xla(num_steps, name):
    assert first_plan(LSTM, num_steps) == name


# 0.9025 s and 3.045 ms: 296.4 steps.
@pytest.mark.parametrize(("num_steps", "name"), [(296, "graph"), (297, "xla"), (100_000, "xla")])
def test_a_longer_fit_of_a_bidirectional_gru_is_never_unrolled(num_steps, name):
    assert first_plan(BIDIRECTIONAL_GRU, num_steps) == name


@pytest.mark.parametrize(
    ("num_steps", "name"), [(100, "graph-unrolled"), (7_235, "graph-unrolled"), (7_236, "xla-unrolled")]
)
def test_short_sequences_of_a_simple_cell_are_unrolled(num_steps, name):
    # Unrolled graph 0.19375 s and 72 µs, unrolled XLA 0.57 s and 20 µs; XLA, 0.45 s and 40 µs, is never the best.
    adder = foresee(Recurrence("SimpleRNN", 8))

    assert first_plan(adder, num_steps, ("graph", "xla", "graph-unrolled", "xla-unrolled")) == name


def test_stacked_layers_add_up():
    two = foresee(Recurrence("LSTM", 20), Recurrence("GRU", 20)).estimate(plan_of("xla"))

    assert two == Timing(pytest.approx(0.25 + 0.6 + 0.65), pytest.approx(20 * (10e-6 + 13e-6)))


@pytest.mark.parametrize(
    ("compiling", "stepping", "expected"),
    [
        (1.5, 1.2, (1.5, 1.2)),
        (0.5, 0.8, (0.5, 0.8)),
        # Five times as slow in all: the machine.
        (5.0, 5.0, (5.0, 5.0)),
        # The steps are slow, but the machine is not: at most a factor of two concerns other plans.
        (1.0, 5.0, (1.0, 2.0)),
        (0.1, 5.0, (0.5, 2.0)),
        # The machine takes three times as long, and these steps more than that.
        (3.0, 12.0, (3.0, 6.0)),
    ],
)
def test_what_one_plan_takes_more_than_expected_is_expected_of_the_others(compiling, stepping, expected):
    graph = LSTM.estimate(plan_of("graph"))
    measured = {"graph": Timing(compiling * graph.compile_seconds, stepping * graph.step_seconds)}

    timing = LSTM.expect(plan_of("xla"), measured)

    assert timing == Timing(pytest.approx(expected[0] * 0.85), pytest.approx(expected[1] * 0.0007))


def test_without_recurrent_layers_the_first_plan_is_measured_and_the_others_compared_with_it():
    small, large = MeasuredForecast(has_small_steps=True), MeasuredForecast(has_small_steps=False)
    measured = {"graph": Timing(0.2, 0.001, 400)}

    assert small.first([plan_of("graph"), plan_of("xla")], 10**9).name == "graph"
    # 0.1 s and 2 ms an operation; half a step and nine tenths.
    assert small.expect(plan_of("xla"), measured) == Timing(pytest.approx(0.9), pytest.approx(0.0005))
    assert large.expect(plan_of("xla"), measured) == Timing(pytest.approx(0.9), pytest.approx(0.0009))


def test_a_gpu_has_kernels_for_whole_sequences_so_nothing_is_foreseen(monkeypatch):
    length = measure_length(Training.model_validate({"loss": "mse", "batch_size": 16}), 100)
    recurrences = (Recurrence("LSTM", 30),)

    assert make_forecast(Planning(), recurrences, length) == foresee(*recurrences, has_smaller_batch=True)
    monkeypatch.setattr(forecasts, "has_gpu", lambda: True)
    assert make_forecast(Planning(), recurrences, length) == MeasuredForecast(has_small_steps=True)


def test_every_cell_has_costs():
    assert {layer.__name__ for layer in LAYERS.values()} == set(CELLS)


@pytest.mark.parametrize("cell", CELLS)
def test_the_graph_of_a_cell_has_about_as_many_operations_as_foreseen(cell):
    def count(num_time_steps, *, is_unrolled):
        network = keras.Sequential([keras.Input((num_time_steps, 1)), getattr(keras.layers, cell)(2)])
        arrays = Arrays(np.zeros((4, num_time_steps, 1), np.float32), np.zeros((4, 2), np.float32))
        meter = Meter(())
        learner = make_learner(network, Training.model_validate({"loss": "mse"}), meter, AS_STORED)
        resident = Resident(arrays, None, is_gathered=True)
        program = GraphEpochs(learner, resident, Executor.PARALLEL)
        with unrolled(network, is_unrolled=is_unrolled):
            program.compile()
        return program.num_operations

    assert count(4, is_unrolled=False) == pytest.approx(195 + CELLS[cell].loop_operations, rel=0.15)
    per_time_step = (count(4, is_unrolled=True) - count(2, is_unrolled=True)) / 2
    assert per_time_step == pytest.approx(CELLS[cell].unrolled_operations, rel=0.15)
