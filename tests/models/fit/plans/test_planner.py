"""The planner with programs whose times are made up: a clock that they move forward themselves."""

import numpy as np
import pytest

from core.checks.length import measure_length
from core.errors import TrainingFailed
from core.specs.training import Training
from models.fit.ordering import Ordering
from models.fit.plans import planner as planner_module
from models.fit.plans.cache import PlanCache, Timing
from models.fit.plans.forecast import MeasuredForecast
from models.fit.plans.plan import Form, Plan
from models.fit.plans.planner import Planner, Reason
from models.fit.programs.program import StepsTaken
from models.runtime import keras, tf

GRAPH, XLA = Plan(Form.GRAPH), Plan(Form.XLA)


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


class MadeUpProgram:
    """Program of a given duration, whose steps add one to its weight."""

    max_steps = 1000
    num_operations = 400

    def __init__(self, clock, weight, compile_seconds, step_seconds, error=None, call_seconds=0.0):
        self._clock = clock
        self._weight = weight
        self._compile_seconds = compile_seconds
        self._step_seconds = step_seconds
        self._error = error
        self._call_seconds = call_seconds

    def compile(self):
        self._clock.now += self._compile_seconds
        if self._error is not None:
            raise self._error

    def run(self, order, running):
        self._clock.now += self._call_seconds + self._step_seconds * len(order)
        self._weight.assign_add(len(order))
        return StepsTaken(np.zeros((len(order), 1)), np.zeros((len(order), 1)), running)


class Bench:
    """A planner for a fit of so many steps, and what it made."""

    def __init__(self, monkeypatch, folder, num_steps, key="a shape", *, forecast=None, **programs):
        self.clock = Clock()
        monkeypatch.setattr(planner_module, "perf_counter", self.clock)
        self.weight = keras.Variable(7.0)
        self.made = []
        length = measure_length(Training.model_validate({"loss": "mse", "steps": num_steps, "batch_size": 2}), 10)

        class Learner:
            variables = (self.weight,)
            network = keras.Sequential([keras.layers.Dense(1)])

            class meter:  # noqa: N801 - stands in for an attribute.
                @staticmethod
                def zero():
                    return []

        def make_program(plan):
            self.made.append(plan.name)
            return MadeUpProgram(self.clock, self.weight, *programs[plan.name])

        ordering = Ordering(length, 0, shuffle=True)
        forecast = forecast or MeasuredForecast(has_small_steps=True)
        self.planner = Planner(make_program, Learner(), length, ordering, PlanCache(folder), key, forecast)


def test_the_plan_with_the_shortest_training_time_is_chosen(monkeypatch, tmp_path):
    bench = Bench(monkeypatch, tmp_path, 10_000, graph=(0.1, 0.001), xla=(0.8, 0.0001))

    choice = bench.planner.choose([GRAPH, XLA])

    assert (choice.plan, choice.reason) == (XLA, Reason.TRIAL)
    assert choice.tried["graph"].step_seconds == pytest.approx(0.001)
    # The first step of a program counts as compiling: a graph is optimized then.
    assert choice.tried["xla"].compile_seconds == pytest.approx(0.8 + 0.0001)
    # The graph was compiled and timed, XLA timed; that XLA was compiled is no price of the trial.
    assert choice.trial_seconds == pytest.approx(bench.clock.now - 0.8001)


def test_the_time_of_a_call_does_not_count_as_that_of_its_steps(monkeypatch, tmp_path):
    # A call of a single step takes 5.1 ms, a call of 1,000 takes 105 ms.
    bench = Bench(monkeypatch, tmp_path, 10_000, graph=(0.1, 0.001), xla=(0.8, 0.0001, None, 0.005))

    choice = bench.planner.choose([GRAPH, XLA])

    assert choice.plan == XLA
    assert choice.tried["xla"].step_seconds == pytest.approx(0.0001, rel=0.2)


def test_a_slower_plan_is_not_chosen(monkeypatch, tmp_path):
    bench = Bench(monkeypatch, tmp_path, 10_000, graph=(0.1, 0.001), xla=(0.8, 0.002))

    assert bench.planner.choose([GRAPH, XLA]).plan == GRAPH


def test_a_short_fit_is_not_delayed_by_a_trial(monkeypatch, tmp_path):
    bench = Bench(monkeypatch, tmp_path, 100, graph=(0.1, 0.001), xla=(0.8, 0.0))

    choice = bench.planner.choose([GRAPH, XLA])

    assert (choice.plan, choice.reason) == (GRAPH, Reason.SHORT)
    assert bench.made == ["graph"]
    # Two steps are enough to see that; their rough timing is not kept.
    assert bench.clock.now == pytest.approx(0.1 + 2 * 0.001)
    assert not list(tmp_path.iterdir())


def test_xla_is_tried_for_large_steps_in_long_fits_only(monkeypatch, tmp_path):
    # Compiling is taken for 0.1 + 400 · 0.002 s, a graph takes 5 s and 10 s.
    programs = {"graph": (0.1, 0.01), "xla": (0.8, 0.001)}

    def reason(num_steps, *, has_small_steps):
        folder = tmp_path / f"{num_steps} {has_small_steps}"
        bench = Bench(monkeypatch, folder, num_steps, forecast=MeasuredForecast(has_small_steps), **programs)
        return bench.planner.choose([GRAPH, XLA]).reason

    assert reason(500, has_small_steps=False) == Reason.SHORT
    assert reason(1000, has_small_steps=False) == Reason.TRIAL
    assert reason(500, has_small_steps=True) == Reason.TRIAL


def test_a_trial_changes_no_variable(monkeypatch, tmp_path):
    bench = Bench(monkeypatch, tmp_path, 10_000, graph=(0.1, 0.001), xla=(0.8, 0.0001))

    bench.planner.choose([GRAPH, XLA])

    assert float(bench.weight) == 7.0


def test_a_second_fit_of_a_shape_is_planned_without_a_trial(monkeypatch, tmp_path):
    programs = {"graph": (0.1, 0.001), "xla": (0.8, 0.0001)}
    Bench(monkeypatch, tmp_path, 10_000, **programs).planner.choose([GRAPH, XLA])
    again = Bench(monkeypatch, tmp_path, 10_000, **programs)

    choice = again.planner.choose([GRAPH, XLA])

    assert (choice.plan, choice.reason, choice.trial_seconds) == (XLA, Reason.CACHE, 0.0)
    assert again.made == ["xla"]


def test_a_shorter_fit_of_a_known_shape_has_a_plan_for_its_length(monkeypatch, tmp_path):
    programs = {"graph": (0.1, 0.001), "xla": (0.8, 0.0001)}
    Bench(monkeypatch, tmp_path, 10_000, **programs).planner.choose([GRAPH, XLA])

    # 0.1 + 0.5 s against 0.8 + 0.05 s.
    assert Bench(monkeypatch, tmp_path, 500, **programs).planner.choose([GRAPH, XLA]).plan == GRAPH


def test_shorter_fits_use_the_time_to_load_a_compiled_program(monkeypatch, tmp_path):
    Bench(monkeypatch, tmp_path, 10_000, graph=(0.1, 0.001), xla=(0.8, 0.0001)).planner.choose([GRAPH, XLA])
    found = {"graph": (0.1, 0.001), "xla": (0.3, 0.0001)}
    Bench(monkeypatch, tmp_path, 10_000, **found).planner.choose([GRAPH, XLA])

    # 0.1 + 0.5 s against 0.3 + 0.05 s.
    assert Bench(monkeypatch, tmp_path, 500, **found).planner.choose([GRAPH, XLA]).plan == XLA


def test_another_shape_is_tried_anew(monkeypatch, tmp_path):
    programs = {"graph": (0.1, 0.001), "xla": (0.8, 0.0001)}
    Bench(monkeypatch, tmp_path, 10_000, **programs).planner.choose([GRAPH, XLA])
    other = Bench(monkeypatch, tmp_path, 10_000, key="another shape", **programs)

    assert other.planner.choose([GRAPH, XLA]).reason == Reason.TRIAL


def test_a_plan_that_cannot_be_compiled_is_reported_and_skipped(monkeypatch, tmp_path):
    error = tf.errors.UnimplementedError(None, None, "no such thing in XLA")
    bench = Bench(monkeypatch, tmp_path, 10_000, graph=(0.1, 0.001), xla=(0.8, 0.0, error))

    choice = bench.planner.choose([GRAPH, XLA])

    assert choice.plan == GRAPH
    assert "no such thing in XLA" in choice.failed["xla"]


class Foreseen:
    """A forecast of given times, whatever was measured."""

    def __init__(self, **times):
        self._times = {name: Timing(*pair) for name, pair in times.items()}

    def first(self, candidates, num_steps):
        return min(candidates, key=lambda plan: self._times[plan.name].seconds(num_steps))

    def expect(self, plan, tried):  # noqa: ARG002 - as in a forecast.
        return self._times[plan.name]


def test_a_plan_foreseen_as_the_fastest_is_all_that_is_compiled(monkeypatch, tmp_path):
    foreseen = Foreseen(graph=(0.3, 0.002), xla=(0.8, 0.0001))
    bench = Bench(monkeypatch, tmp_path, 1000, forecast=foreseen, graph=(0.3, 0.002), xla=(0.9, 0.0001))

    choice = bench.planner.choose([GRAPH, XLA])

    # Nothing beats the steps of XLA, 0.1 s, once it is compiled.
    assert (choice.plan, choice.reason, bench.made) == (XLA, Reason.EXPECTED, ["xla"])
    assert not list(tmp_path.iterdir())


def test_a_plan_slower_than_foreseen_gives_way_to_another(monkeypatch, tmp_path):
    foreseen = Foreseen(graph=(0.3, 0.002), xla=(0.8, 0.0001))
    bench = Bench(monkeypatch, tmp_path, 1000, forecast=foreseen, graph=(0.3, 0.002), xla=(0.8, 0.01))

    # XLA needs 10 s more, the graph is expected to need 0.3 + 2 s.
    assert bench.planner.choose([GRAPH, XLA]).plan == GRAPH


def test_a_plan_foreseen_as_the_fastest_that_cannot_be_compiled_gives_way(monkeypatch, tmp_path):
    error = tf.errors.UnimplementedError(None, None, "no such thing in XLA")
    foreseen = Foreseen(graph=(0.3, 0.002), xla=(0.8, 0.0001))
    bench = Bench(monkeypatch, tmp_path, 1000, forecast=foreseen, graph=(0.3, 0.002), xla=(0.8, 0.0, error))

    choice = bench.planner.choose([GRAPH, XLA])

    assert (choice.plan, bench.made) == (GRAPH, ["xla", "graph"])
    assert "no such thing in XLA" in choice.failed["xla"]


def test_an_error_of_a_graph_is_no_reason_to_try_another_plan(monkeypatch, tmp_path):
    error = tf.errors.InvalidArgumentError(None, None, "a shape of the data")
    bench = Bench(monkeypatch, tmp_path, 10_000, graph=(0.1, 0.0, error), xla=(0.8, 0.0))

    with pytest.raises(tf.errors.InvalidArgumentError, match="a shape of the data"):
        bench.planner.choose([GRAPH, XLA])


def test_a_plan_in_the_spec_is_used_without_a_trial(monkeypatch, tmp_path):
    bench = Bench(monkeypatch, tmp_path, 10, graph=(0.1, 0.001), xla=(0.8, 0.0))

    choice = bench.planner.take(XLA)

    assert (choice.plan, choice.reason, bench.made) == (XLA, Reason.SPEC, ["xla"])


def test_a_plan_in_the_spec_that_cannot_be_compiled_fails_the_run(monkeypatch, tmp_path):
    error = tf.errors.InvalidArgumentError(None, None, "not for XLA")
    bench = Bench(monkeypatch, tmp_path, 10, xla=(0.8, 0.0, error))

    with pytest.raises(TrainingFailed, match=r"'xla' cannot compute this network: not for XLA.*Leave training\.plan"):
        bench.planner.take(XLA)


def test_another_program_by_the_same_name_costs_only_its_place_on_disk(monkeypatch, tmp_path):
    bench = Bench(monkeypatch, tmp_path, 10, xla=(0.8, 0.0))
    compile_program = MadeUpProgram.compile

    def compile_once_taken(_):
        MadeUpProgram.compile = compile_program
        raise tf.errors.InvalidArgumentError(None, None, "Attempting to add a duplicate function with name: f")

    monkeypatch.setattr(MadeUpProgram, "compile", compile_once_taken)

    assert bench.planner.take(XLA).plan == XLA
    assert bench.made == ["xla", "xla"]
