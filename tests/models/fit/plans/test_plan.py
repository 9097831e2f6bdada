from typing import get_args

import pytest

from core.experiment import parse_spec
from core.specs.training import PlanName
from models.assembly import assemble
from models.fit.plans import plan as plans
from models.fit.plans.plan import Form, Plan, Planning, list_candidates, plan_of
from models.fit.plans.recurrences import list_recurrences

DENSE = {"kind": "mlp", "layers": [{"units": 2}, {"units": 1}]}
IMAGES = {"name": "digits", "split": {"validation": 10}}
SERIES = {"name": "time_series", "num_points": 100}


def network_of(model, dataset, tmp_path):
    training = {"loss": "mse" if dataset is not IMAGES else "sparse_categorical_crossentropy"}
    return assemble(
        parse_spec({"name": "test", "dataset": dataset, "model": model, "training": training}), tmp_path
    ).network


def candidates_of(network, *, fits_on_device=True):
    return list_candidates(network, list_recurrences(network), fits_on_device=fits_on_device)


def recurrent(window, tmp_path):
    layers = [{"type": "recurrent", "cell": "gru", "units": 2, "bidirectional": True}, {"type": "dense", "units": 1}]
    return network_of({"kind": "rnn", "layers": layers}, SERIES | {"window": window}, tmp_path)


@pytest.mark.parametrize("name", sorted({*get_args(PlanName)} - {"auto"}))
def test_a_plan_that_a_spec_may_name_is_found_by_its_name(name):
    assert plan_of(name).name == name


@pytest.mark.parametrize("name", plans.PLANS)
def test_a_spec_may_name_every_plan(name):
    assert name in get_args(PlanName)


@pytest.mark.parametrize("name", ["step-unrolled", "stream-unrolled", "xla-rolled", "graphs"])
def test_an_unknown_plan_is_an_error(name):
    with pytest.raises(KeyError):
        plan_of(name)


def test_xla_is_a_candidate_for_a_dense_network(tmp_path):
    network = network_of(DENSE, SERIES | {"window": 5}, tmp_path)

    assert candidates_of(network) == [Plan(Form.GRAPH), Plan(Form.XLA)]


@pytest.mark.parametrize(
    ("window", "names"),
    [
        (10, ["graph", "xla", "graph-unrolled", "xla-unrolled"]),
        (11, ["graph", "xla", "graph-unrolled"]),
        (32, ["graph", "xla", "graph-unrolled"]),
        (33, ["graph", "xla"]),
    ],
)
def test_short_sequences_may_be_unrolled(window, names, tmp_path):
    candidates = candidates_of(recurrent(window, tmp_path))

    assert [plan.name for plan in candidates] == names


def test_xla_is_not_a_candidate_for_convolutions_on_a_processor(tmp_path):
    layers = [{"type": "conv2d", "filters": 2, "kernel_size": 3}, {"type": "dense", "units": 10}]
    network = network_of({"kind": "cnn", "layers": layers}, IMAGES, tmp_path)

    assert candidates_of(network) == [Plan(Form.GRAPH)]


def test_a_gpu_keeps_its_recurrent_kernels_and_may_take_steps_one_by_one(monkeypatch, tmp_path):
    monkeypatch.setattr(plans, "has_gpu", lambda: True)

    names = [plan.name for plan in candidates_of(recurrent(8, tmp_path))]

    assert names == ["graph", "xla", "step"]


def test_data_that_does_not_fit_is_streamed(tmp_path):
    network = network_of(DENSE, SERIES | {"window": 5}, tmp_path)

    assert candidates_of(network, fits_on_device=False) == [Plan(Form.STREAM)]


@pytest.mark.parametrize(
    ("flops", "num_time_steps", "are_small"),
    [(19_999_999, 0, True), (20_000_000, 0, False), (20_000_000, 5, False), (100_000_000, 30, True)],
)
def test_a_recurrent_layer_divides_a_step_into_small_operations(flops, num_time_steps, are_small):
    # 4 million a time step, or 20 million in all.
    assert Planning(flops_per_step=flops).has_small_operations(num_time_steps) is are_small
