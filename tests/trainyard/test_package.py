"""The names of `import trainyard`, and the equality of both clients."""

import copy
import inspect
import subprocess
import sys

import pytest

import trainyard
from trainyard import AsyncBatchPrediction, AsyncClient, AsyncRun, BatchPrediction, Client, Run, errors
from trainyard.registry import AsyncRegistry, Registry


def methods(kind):
    return {
        name: inspect.signature(member)
        for name, member in inspect.getmembers(kind, inspect.isfunction)
        if not name.startswith("_") or name == "__init__"
    }


@pytest.mark.parametrize(
    ("blocking", "awaiting"),
    [(Client, AsyncClient), (Run, AsyncRun), (BatchPrediction, AsyncBatchPrediction), (Registry, AsyncRegistry)],
)
def test_the_async_classes_have_the_same_methods_with_the_same_arguments(blocking, awaiting):
    expected, found = methods(blocking), methods(awaiting)
    assert found.keys() == expected.keys()
    for name, signature in expected.items():
        if name == "__init__" and blocking is not Client:
            continue
        assert list(found[name].parameters.values()) == list(signature.parameters.values()), name


@pytest.mark.parametrize(
    ("kind", "immediate"),
    [
        (
            AsyncClient,
            {
                *("__init__", "run", "list_runs", "select_runs", "list_batch_predictions", "list_dead_letters"),
                *("list_deliveries", "events"),
            },
        ),
        (AsyncRun, {"__init__", "open_points", "events", "follow_log"}),
        (AsyncBatchPrediction, {"__init__"}),
        (AsyncRegistry, {"__init__", "list_models", "list_versions", "list_aliases", "get_history"}),
    ],
)
def test_whatever_asks_the_service_is_a_coroutine(kind, immediate):
    waiting = {name for name in methods(kind) if not inspect.iscoroutinefunction(getattr(kind, name))}
    assert waiting == immediate


@pytest.mark.parametrize("name", trainyard.__all__)
def test_every_public_name_is_there_and_listed(name):
    assert getattr(trainyard, name).__name__ == name
    assert name in dir(trainyard)


def test_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'Clint'"):
        _ = trainyard.Clint


def test_import_loads_neither_http_nor_rich():
    program = "import sys, trainyard; print(sorted({'httpx', 'rich', 'typer', 'asyncio'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def family():
    return [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, Exception)]


@pytest.mark.parametrize("kind", family())
def test_every_error_is_of_one_family_and_public(kind):
    assert issubclass(kind, errors.TrainyardError)
    assert kind.__name__ in trainyard.__all__


@pytest.mark.parametrize("kind", family())
def test_every_error_can_be_passed_between_processes(kind):
    error = kind("It is so.", code="x", problems=[errors.Problem("/a", "No.", "y")])
    # Copying goes the way that pickling does.
    copied = copy.copy(error)
    assert (type(copied), str(copied), vars(copied)) == (kind, "It is so.\n  at /a: No.", vars(error))
