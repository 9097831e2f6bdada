"""Dense layers, compared with published results."""

import numpy as np
import pytest

W1 = [[0.1, 0.4, 0.7, 0.1, 0.3], [0.2, 0.5, 0.8, 0.1, 0.4], [0.3, 0.6, 0.9, 0.2, 0.5]]
B1 = [0.1, 0.2, 0.3, 0.4, 0.5]
W2 = [[0.1, 0.6, 0.1, 0.6], [0.2, 0.7, 0.2, 0.7], [0.3, 0.8, 0.3, 0.8], [0.4, 0.9, 0.4, 0.9], [0.5, 0.1, 0.5, 0.1]]
B2 = [0.1, 0.2, 0.3, 0.4]


def perceptron(*layers):
    return {"kind": "mlp", "layers": list(layers)}


def answer(model, inputs):
    return np.asarray(model(np.array(inputs, np.float32), training=False))


@pytest.mark.parametrize(
    ("activation", "expected"),
    [
        ("softmax", [0.00443583, 0.44573018, 0.00541793, 0.54441607]),
        ("linear", [4.59, 9.2, 4.79, 9.4]),
    ],
)
def test_the_course_books_forward_pass_gives_its_published_result(build, activation, expected):
    model = build(perceptron({"units": 5, "activation": "relu"}, {"units": 4, "activation": activation}), (3,))
    model.set_weights([np.array(weights) for weights in (W1, B1, W2, B2)])

    assert answer(model, [[1, 2, 3]])[0] == pytest.approx(expected, rel=1e-5)


def test_a_sigmoid_layer_gives_its_published_result(build):
    model = build(perceptron({"units": 3, "activation": "sigmoid"}), (4,))
    model.set_weights([np.ones((4, 3)), np.array([0.1, 0.2, 0.3])])

    assert answer(model, [[1, 5, 2, -1]])[0] == pytest.approx([0.99917558, 0.99925397, 0.99932492], rel=1e-6)
