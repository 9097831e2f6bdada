"""How each of the other servers is started, for one network each."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from benchmarks.processes import ROOT
from benchmarks.serving.environments import prepare_environment
from benchmarks.serving.servers import Server, free_port, plain_environment, running

PEERS = Path(__file__).parent

Start = Callable[[Path, Path], AbstractContextManager[Server]]
"""Starts a server of an ONNX file in a folder of its own."""


@contextmanager
def bare(onnx_path: Path, folder: Path) -> Iterator[Server]:
    """Start the bare ASGI application under uvicorn."""
    port = free_port()
    command = [
        *(sys.executable, "-m", "uvicorn", "benchmarks.serving.peers.bare:app", "--port", str(port)),
        *(
            "--loop",
            "uvloop",
            "--http",
            "httptools",
            "--no-access-log",
            "--no-server-header",
            "--no-proxy-headers",
            "--lifespan",
            "off",
        ),
    ]
    environment = plain_environment() | {"BENCH_ONNX": str(onnx_path), "PYTHONPATH": str(ROOT)}
    with running(command, port, environment=environment, folder=folder, ready="/") as server:
        yield server


@contextmanager
def mlserver(onnx_path: Path, folder: Path) -> Iterator[Server]:
    """Start MLServer, with everything off that takes time."""
    port, grpc_port = free_port(), free_port()
    settings = {
        "debug": False,
        "host": "127.0.0.1",
        "http_port": port,
        "grpc_port": grpc_port,
        "parallel_workers": 0,
        "metrics_endpoint": None,
        "gzip_enabled": False,
    }
    model = {"name": "net", "implementation": "mlserver_model.OnnxModel", "parameters": {"uri": str(onnx_path)}}
    (folder / "settings.json").write_text(json.dumps(settings), encoding="utf-8")
    (folder / "model-settings.json").write_text(json.dumps(model), encoding="utf-8")
    command = [str(prepare_environment("mlserver") / "mlserver"), "start", str(folder)]
    environment = plain_environment() | {"PYTHONPATH": str(PEERS)}
    ready = "/v2/models/net/ready"
    with running(command, port, environment=environment, folder=folder, ready=ready) as server:
        yield server
