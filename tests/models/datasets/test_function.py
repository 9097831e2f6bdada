import numpy as np
import pytest
from pydantic import TypeAdapter

from core.datasets.dataset import Dataset
from models.datasets.function import sample_function
from models.datasets.time_series import cut_windows

DATASETS = TypeAdapter(Dataset)


def function_dataset(**arguments):
    return DATASETS.validate_python({"name": "function", **arguments})


def test_a_grid_runs_from_low_to_just_below_high():
    dataset = function_dataset(
        function={"type": "polynomial", "coefficients": [1, 0, 2]}, num_samples=4, low=0, high=2, sampling="grid"
    )

    samples = sample_function(dataset, seed=0)

    assert samples.inputs[:, 0].tolist() == [0, 0.5, 1, 1.5]
    # 1 + 2x²
    assert samples.targets[:, 0].tolist() == [1, 1.5, 3, 5.5]


def test_a_sine_has_its_amplitude_frequency_phase_and_offset():
    sine = {"type": "sine", "amplitude": 3, "angular_frequency": np.pi, "phase": np.pi / 2, "offset": 1}
    dataset = function_dataset(function=sine, num_samples=4, low=0, high=2, sampling="grid")

    # 3 sin(πx + π/2) + 1 at 0, ½, 1, 1½.
    assert sample_function(dataset, seed=0).targets[:, 0].tolist() == pytest.approx([4, 1, -2, 1], abs=1e-6)


def test_a_linear_function_weighs_each_component():
    dataset = function_dataset(
        function={"type": "linear", "weights": [3, 2], "offset": 5}, num_samples=100, low=-5, high=5
    )

    samples = sample_function(dataset, seed=3)

    np.testing.assert_allclose(samples.targets[:, 0], samples.inputs @ [3, 2] + 5, atol=1e-5)
    assert np.abs(samples.inputs).max() <= 5
    assert samples.inputs.std() > 2  # 2.89 for even draws from −5 to 5.


def test_noise_has_the_standard_deviation_asked_for():
    quiet = function_dataset(function={"type": "sine"}, num_samples=10_000)
    noisy = function_dataset(function={"type": "sine"}, num_samples=10_000, noise=0.3)

    noise = sample_function(noisy, seed=1).targets - sample_function(quiet, seed=1).targets

    assert noise.std() == pytest.approx(0.3, rel=0.05)
    assert noise.mean() == pytest.approx(0, abs=0.02)


def test_windows_are_followed_by_what_comes_horizon_steps_later():
    line = {"type": "polynomial", "coefficients": [0, 10]}
    definition = {"name": "time_series", "function": line, "num_points": 7, "time_step": 0.1, "window": 3, "horizon": 2}
    last = cut_windows(DATASETS.validate_python(definition), seed=0)
    every = cut_windows(DATASETS.validate_python(definition | {"targets": "every_step"}), seed=0)

    # The series is 0, 1, 2, 3, 4, 5, 6.
    assert last.inputs[:, :, 0].round(4).tolist() == [[0, 1, 2], [1, 2, 3], [2, 3, 4]]
    assert last.targets.round(4).tolist() == [[4], [5], [6]]
    assert every.targets[:, :, 0].round(4).tolist() == [[2, 3, 4], [3, 4, 5], [4, 5, 6]]
