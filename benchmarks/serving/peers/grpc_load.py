"""`python -m benchmarks.serving.peers.grpc_load`: carries out an order over gRPC, in MLServer's environment.

MLServer takes binary tensors only so: as raw contents of the Open Inference Protocol over gRPC
(github.com/SeldonIO/MLServer/issues/324).
"""

import asyncio
import sys
import time
from array import array

import grpc
import numpy as np
from mlserver.grpc.dataplane_pb2 import ModelInferRequest, ModelInferResponse

from benchmarks.serving.judging import OK, Head, Judge
from benchmarks.serving.load import Load
from benchmarks.serving.measuring import Order, read_order, write_measurement
from benchmarks.serving.process_tree import processor_seconds
from benchmarks.serving.samples import Samples

METHOD = "/inference.GRPCInferenceService/ModelInfer"

OPTIONS = [("grpc.use_local_subchannel_pool", 1), ("grpc.max_receive_message_length", -1)]
"""A connection for each channel."""


def main() -> None:
    """Read an order from standard input and print its measurement."""
    order = read_order(sys.stdin.read())
    print(write_measurement(asyncio.run(_carry_out(order, Samples.read(order.samples)))))


async def _carry_out(order: Order, samples: Samples) -> Load:
    requests = [_encode(order.model, rows) for rows in samples.rows]
    judge = Judge(samples.outputs, _decode)
    found: list[tuple[float, float]] = []
    errors: dict[str, int] = {}
    began = time.perf_counter() + order.warm_seconds

    async def keep_asking(first: int) -> None:
        number = first % len(requests)
        async with grpc.aio.insecure_channel(f"127.0.0.1:{order.port}", options=OPTIONS) as channel:
            infer = channel.unary_unary(METHOD)
            while time.perf_counter() < began + order.seconds:
                sent = time.perf_counter()
                try:
                    answer = await infer(requests[number])
                except grpc.aio.AioRpcError as refusal:
                    error: str | None = f"status {refusal.code().name}: {refusal.details()}"
                else:
                    received = time.perf_counter()
                    error = judge.find_error(number, Head(OK, len(answer)), answer)
                if error is None:
                    found.append((received, received - sent))
                else:
                    errors[error] = errors.get(error, 0) + 1
                number = (number + 1) % len(requests)

    asking = asyncio.gather(*(keep_asking(number) for number in range(order.num_connections)))
    await asyncio.sleep(order.warm_seconds)
    cpu_began, server_began = time.process_time(), processor_seconds(order.server_pid)
    await asking
    seconds = time.perf_counter() - began
    server_seconds = processor_seconds(order.server_pid) - server_began
    latencies = array("d", (took for received, took in found if received >= began))
    return Load(seconds, latencies, errors, (time.process_time() - cpu_began) / seconds, server_seconds)


def _encode(model: str, rows: np.ndarray) -> bytes:
    tensor = ModelInferRequest.InferInputTensor(name="inputs", datatype="FP32", shape=rows.shape)
    request = ModelInferRequest(model_name=model, id="1", inputs=[tensor], raw_input_contents=[rows.tobytes()])
    return bytes(request.SerializeToString())


def _decode(body: bytes, _head: Head) -> np.ndarray:
    answer = ModelInferResponse.FromString(body)
    return np.frombuffer(answer.raw_output_contents[0], np.float32).reshape(answer.outputs[0].shape)


if __name__ == "__main__":
    main()
