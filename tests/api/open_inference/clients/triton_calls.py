"""Every call of Triton's client for HTTP, and what it returned, as JSON. Run by the Python that has the client.

The synchronous and the asynchronous client have the same calls, so both take the same program: `sync` or `aio`.
"""

import asyncio
import inspect
import json
import sys

import numpy as np
import tritonclient.http as sync
from tritonclient.http import aio
from tritonclient.utils import InferenceServerException

ROWS = np.array([[5.1, 3.5, 1.4, 0.2], [0.1, 0.7, 0.2, 9.0]], np.float32)

COLUMNS = ("sepal_length", "sepal_width", "petal_length", "petal_width")

OTHER_METHODS = {"close", "register_plugin", "unregister_plugin", "plugin"}
"""Methods that send nothing."""


def make_input(name, array, datatype, *, binary=True):
    tensor = sync.InferInput(name, list(array.shape), datatype)
    tensor.set_data_from_numpy(array, binary_data=binary)
    return tensor


def ask(name, *, binary=True, count=0):
    return sync.InferRequestedOutput(name, binary_data=binary, class_count=count)


def words(*values):
    return np.array([value if isinstance(value, bytes) else value.encode() for value in values], dtype=object)


def plain(value):
    """Return what a call returned as JSON has it: numbers exactly, bytes as text."""
    if isinstance(value, sync.InferResult):
        response = value.get_response()
        names = [output["name"] for output in response["outputs"]]
        assert value.as_numpy("?") is None
        assert value.get_output(names[0])["name"] == names[0]
        return {"arrays": {name: plain(value.as_numpy(name)) for name in names}, "response": response}
    if isinstance(value, np.ndarray):
        elements = [item.decode() if isinstance(item, bytes) else item for item in value.ravel().tolist()]
        return {"shape": list(value.shape), "dtype": value.dtype.name, "data": elements}
    return value


class Calls:
    def __init__(self, client, image):
        self.client = client
        self.image = image
        self.results = {}
        self.methods = set()

    async def make(self, name, method, *arguments, **options):
        self.methods.add(method)
        await self.wait(name, getattr(self.client, method), *arguments, **options)

    async def wait(self, name, call, *arguments, **options):
        try:
            result = call(*arguments, **options)
            self.results[name] = plain(await result if inspect.isawaitable(result) else result)
        except InferenceServerException as error:
            self.results[name] = {"error": error.message(), "status": error.status()}

    async def infer(self, name, inputs, outputs=None, model="iris", **options):
        await self.make(name, "infer", model, inputs, outputs=outputs, **options)


async def look(calls):
    make = calls.make
    await make("live", "is_server_live")
    await make("ready", "is_server_ready")
    await make("model ready", "is_model_ready", "iris")
    await make("version ready", "is_model_ready", "iris", "1")
    await make("unknown ready", "is_model_ready", "tulips")
    await make("unknown version ready", "is_model_ready", "iris", "7")
    await make("server", "get_server_metadata", query_params={"test": [1, 2]}, headers={"x-test": "1"})
    await make("metadata", "get_model_metadata", "iris")
    await make("version metadata", "get_model_metadata", "iris", "1")
    await make("unknown metadata", "get_model_metadata", "tulips")
    await make("config", "get_model_config", "iris")
    await make("version config", "get_model_config", "iris", "1")


async def infer(calls):
    iris, as_json = [make_input("input", ROWS, "FP32")], [make_input("input", ROWS, "FP32", binary=False)]
    output, label = ask("output"), ask("label")
    in_json = [ask("output", binary=False), ask("label", binary=False)]
    many = [make_input("input", np.tile(ROWS, (2000, 1)), "FP32")]
    await calls.infer("infer", iris)
    await calls.infer("infer json", as_json, in_json)
    await calls.infer("infer version", iris, [label, output], model_version="1", request_id="r-1")
    await calls.infer("infer alias", iris, [output], model_version="champion")
    gzip = {"request_compression_algorithm": "gzip", "response_compression_algorithm": "gzip"}
    await calls.infer("infer gzip", iris, [output], **gzip)
    await calls.infer("infer gzip json", as_json, in_json, **gzip)
    await calls.infer("infer many gzip json", many, in_json[:1], **gzip)
    deflate = {"request_compression_algorithm": "deflate", "response_compression_algorithm": "deflate"}
    await calls.infer("infer many deflate", many, [output], **deflate)
    await calls.infer("infer many json", many, in_json[:1])
    more = {"sequence_id": 7, "sequence_start": True, "priority": 2, "timeout": 5_000_000}
    await calls.infer("infer parameters", iris, **more, parameters={"tag": "x", "n": 3})
    await calls.infer("infer classes", iris, [ask("output", count=2)])
    await calls.infer("infer classes json", iris, [ask("output", binary=False, count=1)])


async def infer_others(calls):
    output = ask("output")
    columns = [make_input(name, ROWS[:, index].astype(np.float64), "FP64") for index, name in enumerate(COLUMNS)]
    await calls.infer("infer columns", columns, [output])
    numbers = [
        make_input(name, np.array(values, np.int64), "INT64") for name, values in (("a", [45, 1]), ("b", [77, 2]))
    ]
    await calls.infer("infer sum", numbers, [ask("sum")], "adder")
    await calls.infer("infer sum json", numbers, [ask("sum", binary=False)], "adder")
    await calls.infer("infer image", [make_input("input", words(calls.image, calls.image), "BYTES")], None, "picture")
    ages, cities = make_input("age", np.array([[31], [40]], np.int32), "INT32"), words("Oslo", "Bergen")
    await calls.infer("infer table", [ages, make_input("city", cities, "BYTES")], None, "table")
    await calls.infer("infer table json", [ages, make_input("city", cities, "BYTES", binary=False)], None, "table")
    await calls.infer("infer half", [make_input("input", ROWS.astype(np.float16), "FP16")], [output])
    # The client makes the body and reads the answer of somebody else's request.
    iris = [make_input("input", ROWS, "FP32")]
    body, length = calls.client.generate_request_body(iris, outputs=[output], request_id="own")
    calls.methods |= {"generate_request_body", "parse_response_body"}
    calls.results["generated body"] = {"length": length, "size": len(body)}
    response = b'{"outputs":[{"name":"y","datatype":"FP32","shape":[1],"parameters":{"binary_data_size":4}}]}'
    parsed = calls.client.parse_response_body(response + np.float32(2).tobytes(), header_length=len(response))
    calls.results["parsed body"] = plain(parsed)["arrays"]


async def infer_at_once(calls):
    calls.methods.add("async_infer")
    # Powers of two, so that the answers are exact multiples of each other.
    handles = [
        calls.client.async_infer("iris", [make_input("input", ROWS * 2**number, "FP32")], request_id=str(number))
        for number in range(8)
    ]
    for number, handle in enumerate(handles):
        await calls.wait(f"async infer {number}", handle.get_result)


async def be_refused(calls):
    iris = [make_input("input", ROWS, "FP32")]
    await calls.infer("wrong name", [make_input("x", ROWS, "FP32")])
    await calls.infer("wrong shape", [make_input("input", ROWS[:, :3].copy(), "FP32")])
    await calls.infer("wrong type", [make_input("input", ROWS.astype(np.float64), "FP64")])
    await calls.infer("wrong output", iris, [ask("label2")])
    await calls.infer("unknown model", iris, None, "tulips")
    await calls.infer("unknown version", iris, model_version="7")
    region = sync.InferInput("input", [2, 4], "FP32")
    await calls.infer("shared memory", [region.set_shared_memory("region", 32)])
    await calls.make("register system", "register_system_shared_memory", "region", "/key", 64)
    await calls.make("register cuda", "register_cuda_shared_memory", "region", "aGFuZGxl", 0, 64)
    await calls.make("system region", "get_system_shared_memory_status", "region")
    await calls.make("cuda region", "get_cuda_shared_memory_status", "region")
    await calls.make("change traces", "update_trace_settings", settings={"trace_level": ["TIMESTAMPS"]})
    await calls.make("change model traces", "update_trace_settings", "iris", {"trace_level": ["TIMESTAMPS"]})
    await calls.make("change log", "update_log_settings", {"log_verbose_level": 1})


async def use_repository(calls):
    make = calls.make
    iris = [make_input("input", ROWS, "FP32")]
    await make("statistics", "get_inference_statistics", "iris")
    await make("version statistics", "get_inference_statistics", "iris", "1")
    await make("all statistics", "get_inference_statistics")
    await make("index", "get_model_repository_index")
    await make("unload", "unload_model", "iris")
    await make("unloaded ready", "is_model_ready", "iris")
    await calls.infer("unloaded infer", iris)
    await make("unloaded index", "get_model_repository_index")
    await make("load with config", "load_model", "iris", config='{"max_batch_size": 1}')
    await make("load with files", "load_model", "iris", config="{}", files={"file:1/model.onnx": b"x"})
    await make("still unloaded", "is_model_ready", "iris")
    await make("load", "load_model", "iris")
    await make("loaded ready", "is_model_ready", "iris")
    await calls.infer("loaded infer", iris)
    await make("load unknown", "load_model", "tulips")
    await make("unload unknown", "unload_model", "tulips", unload_dependents=True)


async def look_at_settings(calls):
    make = calls.make
    await make("traces", "get_trace_settings")
    await make("model traces", "get_trace_settings", "iris")
    await make("log", "get_log_settings")
    await make("system memory", "get_system_shared_memory_status")
    await make("unregister system", "unregister_system_shared_memory", "region")
    await make("unregister all system", "unregister_system_shared_memory")
    await make("cuda memory", "get_cuda_shared_memory_status")
    await make("unregister cuda", "unregister_cuda_shared_memory", "region")
    await make("unregister all cuda", "unregister_cuda_shared_memory")


async def make_all(calls):
    for group in (look, infer, infer_others, be_refused, use_repository, look_at_settings):
        await group(calls)
    if hasattr(calls.client, "async_infer"):
        await infer_at_once(calls)
    methods = {name for name in dir(calls.client) if not name.startswith("_")} - OTHER_METHODS
    return {"results": calls.results, "never called": sorted(methods - calls.methods)}


async def run_aio(url, image):
    async with aio.InferenceServerClient(url) as client:
        return await make_all(Calls(client, image))


def run_sync(url, image):
    with sync.InferenceServerClient(url, concurrency=4) as client:
        return asyncio.run(make_all(Calls(client, image)))


def main():
    kind, url = sys.argv[1:]
    image = sys.stdin.buffer.read()
    made = run_sync(url, image) if kind == "sync" else asyncio.run(run_aio(url, image))
    sys.stdout.write(json.dumps(made))


main()
