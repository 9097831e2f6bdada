"""Measuring process: reads an order from standard input, writes a measurement as its last line of output."""

import sys
from pathlib import Path

from benchmarks.engine import fit_engine
from benchmarks.measurement import NUM_THREADS, read_order
from benchmarks.stock import fit_stock
from core.catalogue.presets import get_preset
from core.experiment import parse_spec
from core.specs.merging import apply_overrides
from models.runtime import configure_threads
from models.warm_up import warm_up


def main() -> None:
    """Warm up, then measure one fit."""
    order = read_order(sys.stdin.readline())
    configure_threads(NUM_THREADS)
    datasets_dir = Path(order.datasets_dir)
    warm_up()
    if order.side == "stock":
        # Warms up Keras's fit as our warm-up does our engine, so that one-time work is done before the measurement.
        tiny = apply_overrides(get_preset("linear-regression").spec_json(), {"training": {"epochs": 1}})
        fit_stock(parse_spec(tiny), datasets_dir)
        measurement = fit_stock(parse_spec(order.spec), datasets_dir)
    elif order.cache_dir is not None:
        measurement = fit_engine(parse_spec(order.spec), datasets_dir, Path(order.cache_dir))
    else:
        raise ValueError("The engine needs a cache directory.")
    print(f"\n{measurement.to_json()}")


if __name__ == "__main__":
    main()
