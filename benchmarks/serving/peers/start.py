"""How each server is started, for one net, with the fastest settings found for it."""

import json
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.processes import ROOT
from benchmarks.serving.environments import prepare_environment
from benchmarks.serving.nets import NetFiles
from benchmarks.serving.servers import Server, free_port, plain_environment, running

PEERS = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Task:
    """What a server is started for.

    Attributes:
        net: The net.
        samples: Folder of the rows that will be sent.
        folder: Existing folder of the server's own.
    """

    net: NetFiles
    samples: Path
    folder: Path


Start = Callable[[Task], AbstractContextManager[Server]]


def start_bare(task: Task) -> AbstractContextManager[Server]:
    """Start the bare ASGI application under uvicorn."""
    port = free_port()
    command = [
        *(sys.executable, "-m", "uvicorn", "benchmarks.serving.peers.bare:app", "--port", str(port)),
        *("--loop", "uvloop", "--http", "httptools", "--lifespan", "off"),
        *("--no-access-log", "--no-server-header", "--no-proxy-headers"),
    ]
    environment = plain_environment() | {"BENCH_ONNX": str(task.net.onnx), "PYTHONPATH": str(ROOT)}
    return running(command, Server(port), environment=environment, folder=task.folder, ready="/")


def start_known_answers(task: Task) -> AbstractContextManager[Server]:
    """Start the server that only looks answers up."""
    port = free_port()
    command = [sys.executable, "-m", "benchmarks.serving.peers.known_answers", str(port), str(task.samples)]
    environment = plain_environment() | {"PYTHONPATH": str(ROOT)}
    return running(command, Server(port), environment=environment, folder=task.folder, ready="/")


def start_mlserver(task: Task) -> AbstractContextManager[Server]:
    """Start MLServer: no worker processes, no metrics, no compression, no log of requests."""
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
    model = {"name": "net", "implementation": "mlserver_model.OnnxModel", "parameters": {"uri": str(task.net.onnx)}}
    (task.folder / "settings.json").write_text(json.dumps(settings), encoding="utf-8")
    (task.folder / "model-settings.json").write_text(json.dumps(model), encoding="utf-8")
    command = [str(prepare_environment("mlserver") / "mlserver"), "start", str(task.folder)]
    environment = plain_environment() | {"PYTHONPATH": str(PEERS)}
    server = Server(port, grpc_port)
    return running(command, server, environment=environment, folder=task.folder, ready="/v2/models/net/ready")


def start_bentoml(task: Task) -> AbstractContextManager[Server]:
    """Start BentoML: one worker, no metrics, no traces, no log of requests."""
    port = free_port()
    command = [
        *(str(prepare_environment("bentoml") / "bentoml"), "serve", "bentoml_service:Net"),
        *("--host", "127.0.0.1", "--port", str(port), "--working-dir", str(PEERS)),
    ]
    environment = plain_environment() | {
        "BENCH_ONNX": str(task.net.onnx),
        "BENTOML_HOME": str(task.folder),
        "BENTOML_DO_NOT_TRACK": "True",
    }
    return running(command, Server(port), environment=environment, folder=task.folder, ready="/readyz")


def start_litserve(task: Task) -> AbstractContextManager[Server]:
    """Start LitServe: one process for HTTP and one for the net, as it always has."""
    port = free_port()
    command = [str(prepare_environment("litserve") / "python"), str(PEERS / "litserve_server.py"), str(port)]
    environment = plain_environment() | {"BENCH_ONNX": str(task.net.onnx)}
    return running(command, Server(port), environment=environment, folder=task.folder, ready="/health")


def start_mlflow_onnx(task: Task) -> AbstractContextManager[Server]:
    """Serve the net with mlflow's onnx flavour."""
    return _start_mlflow(task, prepare_environment("mlflow-onnx"), "mlflow_onnx.py", task.net.onnx)


def start_mlflow_keras(task: Task) -> AbstractContextManager[Server]:
    """Serve the net with mlflow's keras flavour."""
    return _start_mlflow(task, prepare_environment("mlflow-keras"), "mlflow_keras.py", task.net.keras)


def _start_mlflow(task: Task, binaries: Path, program: str, net: Path) -> AbstractContextManager[Server]:
    """Save the net as one of mlflow's models, and start one process for it in the environment that there is."""
    port, model = free_port(), task.folder / "model"
    save = [str(binaries / "python"), str(PEERS / program), str(net), str(model)]
    subprocess.run(save, env=plain_environment(), check=True, capture_output=True)
    command = [
        *(str(binaries / "mlflow"), "models", "serve", "--model-uri", str(model), "--port", str(port)),
        *("--env-manager", "local", "--workers", "1"),
    ]
    environment = plain_environment()
    environment["PATH"] = f"{binaries}:{environment.get('PATH', '')}"
    return running(command, Server(port), environment=environment, folder=task.folder, ready="/ping")


PEER_STARTS: dict[str, Start] = {
    "known": start_known_answers,
    "bare": start_bare,
    "mlserver": start_mlserver,
    "bentoml": start_bentoml,
    "litserve": start_litserve,
    "mlflow-onnx": start_mlflow_onnx,
    "mlflow-keras": start_mlflow_keras,
}
