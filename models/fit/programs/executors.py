"""TensorFlow executors, and the choice of the executor of a graph."""

from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Any

from models.runtime import tf


class Executor(StrEnum):
    """Executors by their TensorFlow names; they differ only in the order of independent operations."""

    PARALLEL = ""
    """Runs operations in parallel."""
    SERIAL = "SINGLE_THREADED_EXECUTOR"
    """Runs operations in one thread, without handing them over, which takes longer than a small operation itself."""


class LoopFunction:
    """A TensorFlow function that is one loop.

    The serial executor waits in its own thread for a function that the graph calls: a loop or a branch within the loop
    would deadlock. With such a call, the parallel executor is used.

    Args:
        function: Function to trace.
        signature: Its input signature.
        executor: Preferred executor.

    Attributes:
        executor: Executor in use.
        num_operations: Number of operations in the traced graph and in the functions that it calls.
    """

    def __init__(self, function: Callable[..., Any], signature: Sequence[Any], executor: Executor) -> None:
        self._function = function
        self._signature = signature
        self.executor = executor
        self.num_operations = 0
        self._traced: Any = None

    def trace(self) -> None:
        """Build the graph, unless it is built."""
        if self._traced is not None:
            return
        traced = self._trace()
        graph = traced.get_concrete_function().graph.as_graph_def()
        if self.executor is Executor.SERIAL and _calls_within_functions(graph):
            self.executor = Executor.PARALLEL
            traced = self._trace()
        self._traced = traced
        self.num_operations = len(graph.node) + sum(len(function.node_def) for function in graph.library.function)

    def __call__(self, *arguments: Any) -> Any:
        """Run the function."""
        self.trace()
        with tf.experimental.function_executor_type(self.executor):
            return self._traced(*arguments)

    def _trace(self) -> Any:
        function = tf.function(self._function, input_signature=self._signature, autograph=False)
        with tf.experimental.function_executor_type(self.executor):
            function.get_concrete_function()
        return function


def _calls_within_functions(graph: Any) -> bool:
    return any(
        attribute.WhichOneof("value") == "func"
        for called in graph.library.function
        for node in called.node_def
        for attribute in node.attr.values()
    )
