from typing import get_args

import pytest

from core.experiment import parse_spec
from core.specs.training import PlanName
from models.assembly import assemble
from models.fit.plans import plan as plans
from models.fit.plans.plan import Form, Plan, list_candidates, plan_of

DENSE = {"kind": "mlp", "layers": [{"units": 2}, {"units": 1}]}
IMAGES = {"name": "digits", "split": {"validation": 10}}
SERIES = {"name": "time_series", "num_points": 100}


def network_of(model, dataset, tmp_path):
    training = {"loss": "mse" if dataset is not IMAGES else "sparse_categorical_crossentropy"}
    return assemble(
        parse_spec({"name": "test", "dataset": dataset, "model": model, "training": training}), tmp_path
    ).network


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
def test_no_plan_is_guessed_from_a_name(name):
    with pytest.raises(KeyError):
        plan_of(name)


def test_a_dense_network_is_worth_trying_in_xla(tmp_path):
    network = network_of(DENSE, SERIES | {"window": 5}, tmp_path)

    assert list_candidates(network, fits_on_device=True) == [Plan(Form.GRAPH), Plan(Form.XLA)]


@pytest.mark.parametrize(
    ("window", "names"),
    [
        (10, ["graph-unrolled", "xla-unrolled"]),
        (11, ["graph-unrolled", "xla"]),
        (32, ["graph-unrolled", "xla"]),
        (33, ["graph", "xla"]),
    ],
)
def test_sequences_are_unrolled_as_far_as_that_is_soon_compiled(window, names, tmp_path):
    candidates = list_candidates(recurrent(window, tmp_path), fits_on_device=True)

    assert [plan.name for plan in candidates] == names


def test_convolutions_on_a_processor_are_not_given_to_xla(tmp_path):
    layers = [{"type": "conv2d", "filters": 2, "kernel_size": 3}, {"type": "dense", "units": 10}]
    network = network_of({"kind": "cnn", "layers": layers}, IMAGES, tmp_path)

    assert list_candidates(network, fits_on_device=True) == [Plan(Form.GRAPH)]


def test_a_gpu_keeps_its_recurrent_kernels_and_may_take_steps_one_by_one(monkeypatch, tmp_path):
    monkeypatch.setattr(plans, "has_gpu", lambda: True)

    names = [plan.name for plan in list_candidates(recurrent(8, tmp_path), fits_on_device=True)]

    assert names == ["graph", "xla", "step"]


def test_what_does_not_fit_is_streamed(tmp_path):
    network = network_of(DENSE, SERIES | {"window": 5}, tmp_path)

    assert list_candidates(network, fits_on_device=False) == [Plan(Form.STREAM)]
