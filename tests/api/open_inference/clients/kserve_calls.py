"""Every call of KServe's InferenceRESTClient, by both protocols, and what it returned, as JSON."""

import asyncio
import inspect
import json
import sys

import httpx
import numpy as np
from kserve import InferenceRESTClient, InferInput, InferRequest, RESTConfig
from kserve.errors import UnsupportedProtocol
from kserve.protocol.infer_type import RequestedOutput

ROWS = np.array([[5.1, 3.5, 1.4, 0.2], [0.1, 0.7, 0.2, 9.0]], np.float32)


CALLED = {"infer", "explain", "is_server_live", "is_server_ready", "is_model_ready", "close"}


def request(name, *inputs, outputs=None, parameters=None):
    return InferRequest(
        model_name=name, request_id="k-1", infer_inputs=list(inputs), request_outputs=outputs, parameters=parameters
    )


def tensor(array, name="input", datatype="FP32", *, binary=True):
    made = InferInput(name=name, shape=list(array.shape), datatype=datatype)
    made.set_data_from_numpy(array, binary_data=binary)
    return made


def plain(value):
    if hasattr(value, "outputs"):
        arrays = {}
        for output in value.outputs:
            array = output.as_numpy()
            arrays[output.name] = {
                "shape": list(array.shape),
                "datatype": output.datatype,
                "data": array.ravel().tolist(),
            }
        return {"arrays": arrays, "id": value.id, "model_name": value.model_name, "parameters": value.parameters}
    return value


async def attempt(call, *arguments, **options):
    try:
        return plain(await call(*arguments, **options))
    except httpx.HTTPStatusError as error:
        return {"status": error.response.status_code, "error": str(error)}
    except UnsupportedProtocol as error:
        return {"unsupported": str(error)}


async def use(protocol, url, body):
    results = {}
    async with InferenceRESTClient(RESTConfig(protocol=protocol, retries=1)) as client:
        results["live"] = await attempt(client.is_server_live, url)
        results["ready"] = await attempt(client.is_server_ready, url)
        results["model ready"] = await attempt(client.is_model_ready, url, "iris")
        results["unknown ready"] = await attempt(client.is_model_ready, url, "tulips")
        results["explain"] = await attempt(
            client.explain, url, "iris", {"instances": ROWS.tolist(), "background": ROWS[::-1].tolist()}
        )
        if protocol == "v1":
            results["infer"] = await attempt(client.infer, url, {"instances": ROWS.tolist()}, model_name="iris")
            results["unknown infer"] = await attempt(client.infer, url, {"instances": [[1]]}, model_name="tulips")
            results["wrong infer"] = await attempt(client.infer, url, {"instances": [[1]]}, model_name="iris")
        else:
            headers = {}
            results["infer"] = await attempt(
                client.infer, url, request("iris", tensor(ROWS)), model_name="iris", response_headers=headers
            )
            results["version header"] = headers["x-model-version"]
            results["infer json"] = await attempt(
                client.infer, url, request("iris", tensor(ROWS, binary=False)), model_name="iris"
            )
            outputs = [
                RequestedOutput("label", {"binary_data": True}),
                RequestedOutput("output", {"binary_data": True}),
            ]
            options = {"outputs": outputs, "parameters": {"tag": "x"}}
            results["infer binary"] = await attempt(
                client.infer, url, request("iris", tensor(ROWS), **options), model_name="iris"
            )
            binary = request("iris", tensor(ROWS), parameters={"binary_data_output": True})
            results["infer all binary"] = await attempt(client.infer, url, binary, model_name="iris")
            results["infer dict"] = await attempt(client.infer, url, body, model_name="iris")
            words = tensor(np.array([b"Oslo", b"Bergen"], dtype=object), "city", "BYTES")
            ages = tensor(np.array([31, 40], np.int32), "age", "INT32")
            results["infer table"] = await attempt(client.infer, url, request("table", ages, words), model_name="table")
            results["unknown infer"] = await attempt(client.infer, url, request("t", tensor(ROWS)), model_name="tulips")
            results["wrong infer"] = await attempt(
                client.infer, url, request("iris", tensor(ROWS[:, :3].copy())), model_name="iris"
            )
            graph = f"{url}/v2/models/iris/infer"
            results["graph"] = await attempt(client.infer, graph, body, is_graph_endpoint=True)
    return results


def main():
    url = sys.argv[1]
    data = ROWS.ravel().tolist()
    body = {"inputs": [{"name": "input", "shape": [2, 4], "datatype": "FP32", "data": data}]}
    results = {protocol: asyncio.run(use(protocol, url, body)) for protocol in ("v1", "v2")}
    methods = [name for name, value in vars(InferenceRESTClient).items() if inspect.iscoroutinefunction(value)]
    never = {name for name in methods if not name.startswith("_")} - CALLED
    sys.stdout.write(json.dumps({"results": results, "never called": sorted(never)}))


main()
