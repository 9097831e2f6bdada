from models.fit.programs.tracing import stable_names
from models.runtime import tf


def names_of_program(key):
    with stable_names(key):
        function = tf.function(lambda x: tf.while_loop(lambda y: y < 10.0, lambda y: (y + 1.0,), (x,)), autograph=False)
        graph = function.get_concrete_function(tf.TensorSpec([], tf.float32)).graph
    return [graph.name, *sorted(str(inner.name) for inner in graph._functions.values())]


def test_a_program_has_the_same_names_after_any_other_programs():
    first = names_of_program("a shape")
    tf.function(lambda x: x + 1)(tf.constant(1.0))

    assert names_of_program("a shape") == first


def test_programs_of_different_keys_have_different_names():
    assert not set(names_of_program("a shape")[1:]) & set(names_of_program("another shape")[1:])


def test_a_custom_gradient_may_be_built_again():
    @tf.custom_gradient
    def double(x):
        return 2 * x, lambda upstream: 2 * upstream

    for _ in range(2):
        with stable_names("a shape"):
            function = tf.function(lambda x: tf.gradients(double(x), x)[0], autograph=False)
            assert float(function(tf.constant(3.0))) == 2.0
