import numpy as np
import pytest


@pytest.fixture
def check_agreement(reporter):
    """Hold curves, test values and weights of our fit against those of stock Keras."""

    def check(outcome, network, history, test, stock_network, *, rtol, atol):
        close = {"rtol": rtol, "atol": atol}
        assert len(history["loss"]) == len(reporter.curves["epoch/train/loss"])
        for name, values in history.items():
            prefix = "epoch/validation/" if name.startswith("val_") else "epoch/train/"
            curve = list(reporter.curves[prefix + name.removeprefix("val_")].values())
            np.testing.assert_allclose(curve, values, **close, err_msg=name)
        for name, value in test.items():
            np.testing.assert_allclose(outcome.metrics[f"test/{name}"], value, **close, err_msg=name)
        for weight, expected in zip(network.weights, stock_network.weights, strict=True):
            np.testing.assert_allclose(weight.numpy(), expected.numpy(), **close, err_msg=weight.path)

    return check
