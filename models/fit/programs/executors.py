"""TensorFlow's executors, and the choice of the one that runs a graph."""

from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Any

from models.runtime import tf


class Executor(StrEnum):
    """By TensorFlow's names. The numbers are the same: only the order of independent operations differs."""

    PARALLEL = ""
    """Runs some operations side by side."""
    SERIAL = "SINGLE_THREADED_EXECUTOR"
    """Runs one after the other, and hands none from thread to thread: that takes longer than a small one itself."""


class LoopFunction:
    """A TensorFlow function that is one loop.

    The serial executor waits in the thread that it was called in for a function that is called: a loop or a branch
    within the loop would wait for threads that wait for it. Where there is one, the parallel executor is taken.

    Args:
        function: What to trace.
        signature: What it takes.
        executor: The one to take where it can be.

    Attributes:
        executor: The one that is taken.
        num_operations: In the graph and in the functions that it calls, once it is traced.
    """

    def __init__(self, function: Callable[..., Any], signature: Sequence[Any], executor: Executor) -> None:
        self._function = function
        self._signature = signature
        self.executor = executor
        self.num_operations = 0
        self._traced: Any = None

    def trace(self) -> None:
        """Build the graph, where that was not done yet."""
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
        """Run it."""
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
