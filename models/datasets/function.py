"""Noisy samples of a function."""

import numpy as np
import numpy.typing as npt

from core.datasets.function import Function, FunctionDataset, Linear, Polynomial, Sine
from core.datasets.shape import DatasetShape
from models.arrays.distances import shorten
from models.arrays.samples import Samples
from models.datasets.base import LoadContext, LoadedData
from models.datasets.splits import split_samples
from models.preparation.preparation import fit_scaling_of_columns
from models.seeds import random_generator

Numbers = npt.NDArray[np.float64]


def load(dataset: FunctionDataset, context: LoadContext[DatasetShape]) -> LoadedData:
    """Sample the function, and fit the scaling and powers of x."""
    parts = split_samples(sample_function(dataset, context.seed), dataset.split, context.seed)
    preparation = fit_scaling_of_columns(dataset.scaling, parts.train.inputs, dataset.polynomial_features)
    return LoadedData(context.shape, parts, preparation)


def sample_function(dataset: FunctionDataset, seed: int) -> Samples:
    """Sample the function: inputs (num_samples, width), targets (num_samples, 1)."""
    function = dataset.function
    width = len(function.weights) if isinstance(function, Linear) else 1
    random = random_generator(seed, "function", "inputs")
    if dataset.sampling == "uniform":
        inputs = random.uniform(dataset.low, dataset.high, size=(dataset.num_samples, width))
    else:
        inputs = np.linspace(dataset.low, dataset.high, dataset.num_samples, endpoint=False)[:, None]
    targets = evaluate(function, inputs) + noise(dataset.noise, dataset.num_samples, seed)
    return Samples(shorten(inputs), targets[:, None])


def noise(stddev: float, count: int, seed: int) -> Numbers:
    """Draw normal noise with this standard deviation, of shape (count,)."""
    return stddev * random_generator(seed, "function", "noise").standard_normal(count)


def evaluate(function: Function, inputs: Numbers) -> Numbers:
    """Return the function's values, of shape (n,), for inputs of shape (n, width)."""
    match function:
        case Polynomial():
            return np.asarray(np.polynomial.polynomial.polyval(inputs[:, 0], np.asarray(function.coefficients)))
        case Sine():
            angle = function.angular_frequency * inputs[:, 0] + function.phase
            return np.asarray(function.amplitude * np.sin(angle) + function.offset)
        case Linear():
            return np.asarray(inputs @ np.asarray(function.weights) + function.offset)
