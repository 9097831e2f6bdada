"""Noisy samples of a function, in source. Functions are data in a spec: their numbers become literals."""

from core.code.datasets.base import Loaded, SourceContext
from core.code.datasets.splits import write_split
from core.code.draft import Draft
from core.code.preparation.scaling import write_powers, write_scaling
from core.code.seeds import define_random_generator
from core.code.source import items, literal
from core.code.source import write as write_code
from core.datasets.function import Function, FunctionDataset, Linear, Polynomial, Sine


def write(draft: Draft, dataset: FunctionDataset, context: SourceContext) -> Loaded:
    """Sample the function, and fit the scaling and powers of x."""
    define_function(draft, dataset.function)
    function, low, high = dataset.function, literal(dataset.low), literal(dataset.high)
    width = len(function.weights) if isinstance(function, Linear) else 1
    count = literal(dataset.num_samples)
    if dataset.sampling == "uniform":
        define_random_generator(draft)
        draft.data.add(
            'random = random_generator("function", "inputs")',
            f"inputs = random.uniform({low}, {high}, size=({count}, {width}))",
        )
    else:
        draft.data.add(f"inputs = np.linspace({low}, {high}, {count}, endpoint=False)[:, None]")
    draft.data.add(*noisy("targets", "function(inputs)", dataset.noise, draft), "targets = targets[:, None]")
    loaded = write_split(draft, dataset.split, context)
    if dataset.polynomial_features is not None:
        write_scaling(draft, dataset.scaling, loaded, dtype="float64")
        write_powers(draft, dataset.polynomial_features, loaded)
    else:
        write_scaling(draft, dataset.scaling, loaded)
    return loaded


def define_function(draft: Draft, function: Function) -> None:
    """Define `function`, from inputs (n, width) to values (n,)."""
    draft.need("import numpy as np")
    match function:
        case Polynomial():
            coefficients = write_code(items(map(literal, function.coefficients)), "coefficients = ", indent=4)
            body = [coefficients, "    return np.polynomial.polynomial.polyval(x[:, 0], coefficients)"]
        case Sine():
            angle = f"{literal(function.angular_frequency)} * x[:, 0] + {literal(function.phase)}"
            body = [f"    angle = {angle}"]
            body.append(f"    return {literal(function.amplitude)} * np.sin(angle) + {literal(function.offset)}")
        case Linear():
            weights = write_code(items(map(literal, function.weights)), "weights = ", indent=4)
            body = [weights, f"    return x @ np.array(weights) + {literal(function.offset)}"]
    draft.data.define("\n".join(["def function(x):", f'    """A {function.type} function."""', *body]))


def noisy(name: str, values: str, stddev: float, draft: Draft) -> list[str]:
    """Return the assignment of values (n,), with normal noise if there is any."""
    lines = [f"{name} = {values}"]
    if stddev:
        define_random_generator(draft)
        draw = f'random_generator("function", "noise").standard_normal(len({name}))'
        lines += [f"noise = {draw}", f"{name} = {name} + {literal(stddev)} * noise"]
    return lines
