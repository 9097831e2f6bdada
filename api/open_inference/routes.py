"""Operations of the Open Inference Protocol."""

from collections.abc import Iterator

from api.open_inference import examples, inference, models, repository, server, settings
from api.open_inference.documentation import describe, describe_infer
from api.openapi.operations import Resource
from api.prediction.examples import BUSY, MISSING
from api.prediction.operations import Handler, Operation, describe_operations
from core.api_keys import Scope
from core.errors import TrainyardError

ADDRESSES = (
    ("/v2/models/{model}", "", ("model",), "a model"),
    ("/v2/models/{model}/versions/{version}", "_version", ("model", "version"), "one version of a model"),
)

KINDS_OF_MEMORY = ("system", "cuda")


def _list_operations() -> Iterator[Operation]:
    yield from _list_for_server()
    # Before the metadata of models: Triton answers the statistics of all at this path.
    yield Operation(
        "GET",
        "/v2/models/stats",
        "list_inference_statistics",
        models.list_statistics,
        describe("Show the statistics of all models", examples.STATISTICS, BUSY),
    )
    for path, suffix, names, whose in ADDRESSES:
        yield from _list_for_models(path, suffix, names, whose)
    yield from _list_for_repository()
    yield from _list_for_settings("/v2", "", (), ())
    yield from _list_for_settings("/v2/models/{model}", "_of_model", ("model",), MISSING)
    for kind in KINDS_OF_MEMORY:
        yield from _list_for_memory(kind)


def _list_for_server() -> Iterator[Operation]:
    yield Operation(
        "GET",
        "/v2",
        "get_inference_server",
        server.get_server_metadata,
        describe("Describe the server", examples.SERVER_METADATA),
    )
    yield Operation(
        "GET",
        "/v2/health/live",
        "get_inference_server_liveness",
        server.get_server_liveness,
        describe("Check if the server lives", {"live": True}),
        needed=None,
    )
    yield Operation(
        "GET",
        "/v2/health/ready",
        "get_inference_server_readiness",
        server.get_server_readiness,
        describe("Check if the server is ready", {"ready": True}, BUSY),
        needed=None,
    )
    yield Operation(
        "GET",
        "/v2/models",
        "list_inference_models",
        models.list_models,
        describe("List the names of models", examples.MODEL_NAMES, BUSY),
    )


def _list_for_models(path: str, suffix: str, names: tuple[str, ...], whose: str) -> Iterator[Operation]:
    yield Operation("POST", f"{path}/infer", f"infer{suffix}", inference.infer, describe_infer(names))
    of_table = (*MISSING, BUSY)
    questions: tuple[tuple[str, str, Handler, str, object, tuple[TrainyardError, ...]], ...] = (
        ("", "metadata", models.get_model_metadata, "Describe", examples.METADATA, examples.FOR_MODELS),
        (
            "/ready",
            "readiness",
            models.get_model_readiness,
            "Check the readiness of",
            examples.READY,
            (*of_table, examples.UNLOADED),
        ),
        (
            "/config",
            "configuration",
            models.get_model_configuration,
            "Show the configuration of",
            examples.CONFIGURATION,
            examples.FOR_MODELS,
        ),
        (
            "/stats",
            "statistics",
            models.get_model_statistics,
            "Show the statistics of",
            examples.STATISTICS,
            of_table,
        ),
    )
    for ending, name, handler, verb, example, errors in questions:
        description = describe(f"{verb} {whose}", example, *errors, names=names)
        yield Operation("GET", f"{path}{ending}", f"get_inference_{name}{suffix}", handler, description)


def _list_for_repository() -> Iterator[Operation]:
    yield Operation(
        "POST",
        "/v2/repository/index",
        "index_repository",
        repository.index_repository,
        describe(
            "List all versions with their states",
            examples.INDEX,
            BUSY,
            body={"Those that are ready": {"ready": True}},
            is_required=False,
        ),
    )
    names = ("model",)
    yield Operation(
        "POST",
        "/v2/repository/models/{model}/load",
        "load_model",
        repository.load_model,
        describe(
            "Serve a model again, and load it now",
            {"name": "iris-keras", "load": True},
            examples.WITH_FILES,
            *examples.FOR_MODELS,
            names=names,
            body={"As it was trained": {}},
            is_required=False,
        ),
        needed=Scope.SUBMIT,
    )
    yield Operation(
        "POST",
        "/v2/repository/models/{model}/unload",
        "unload_model",
        repository.unload_model,
        describe(
            "Stop serving a model",
            {"name": "iris-keras", "unload": True},
            *MISSING,
            BUSY,
            names=names,
            body={"In all processes": {"parameters": {"unload_dependents": False}}},
            is_required=False,
        ),
        needed=Scope.SUBMIT,
    )


def _list_for_settings(
    path: str, suffix: str, names: tuple[str, ...], errors: tuple[TrainyardError, ...]
) -> Iterator[Operation]:
    yield Operation(
        "GET",
        f"{path}/trace/setting",
        f"get_trace_settings{suffix}",
        settings.get_trace_settings,
        describe("Show the settings of traces", examples.TRACES, *errors, names=names),
    )
    yield Operation(
        "POST",
        f"{path}/trace/setting",
        f"update_trace_settings{suffix}",
        settings.update_trace_settings,
        describe("Change the settings of traces", None, examples.NO_TRACES, *errors, names=names),
    )
    if names:
        return
    yield Operation(
        "GET",
        f"{path}/logging",
        "get_log_settings",
        settings.get_log_settings,
        describe("Show the settings of the log", examples.LOGS),
    )
    yield Operation(
        "POST",
        f"{path}/logging",
        "update_log_settings",
        settings.update_log_settings,
        describe("Change the settings of the log", None, examples.NO_LOGS),
    )


def _list_for_memory(kind: str) -> Iterator[Operation]:
    path = f"/v2/{kind}sharedmemory"
    region = f"{path}/region/{{region}}"
    names = ("region",)
    yield Operation(
        "GET",
        f"{path}/status",
        f"list_{kind}_shared_memory",
        settings.list_shared_memory,
        describe(f"List regions of {kind} shared memory", []),
    )
    yield Operation(
        "GET",
        f"{region}/status",
        f"get_{kind}_shared_memory",
        settings.get_shared_memory,
        describe(f"Show a region of {kind} shared memory", None, examples.NO_REGION, names=names),
    )
    yield Operation(
        "POST",
        f"{region}/register",
        f"register_{kind}_shared_memory",
        settings.register_shared_memory,
        describe(f"Register a region of {kind} shared memory", None, examples.NO_SHARED_MEMORY, names=names),
    )
    yield Operation(
        "POST",
        f"{region}/unregister",
        f"unregister_{kind}_shared_memory",
        settings.unregister_shared_memory,
        describe(f"Unregister a region of {kind} shared memory", {}, names=names),
    )
    yield Operation(
        "POST",
        f"{path}/unregister",
        f"unregister_all_{kind}_shared_memory",
        settings.unregister_shared_memory,
        describe(f"Unregister all regions of {kind} shared memory", {}),
    )


OPERATIONS = tuple(_list_operations())

router = Resource(
    "open_inference",
    "Predictions with the Open Inference Protocol, version 2; KServe's and Triton's clients work unmodified.",
    prefix="/v2",
)

describe_operations(router, OPERATIONS)
