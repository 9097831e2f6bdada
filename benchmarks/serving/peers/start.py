"""Start of each server for one net, with the fastest settings found for it."""

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

PEERS = "benchmarks.serving.peers"
"""Package of their programs."""


@dataclass(frozen=True, slots=True)
class Task:
    """Net that a server is started for, and its folders.

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
        *(sys.executable, "-m", "uvicorn", f"{PEERS}.bare:app", "--port", str(port)),
        *("--loop", "uvloop", "--http", "httptools", "--lifespan", "off"),
        *("--no-access-log", "--no-server-header", "--no-proxy-headers"),
    ]
    environment = _environment(task)
    return running(command, Server(port), environment=environment, folder=task.folder, ready="/")


def start_known_answers(task: Task) -> AbstractContextManager[Server]:
    """Start the server that only looks answers up."""
    port = free_port()
    command = [sys.executable, "-m", f"{PEERS}.known_answers", str(port), str(task.samples)]
    environment = _environment()
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
    model = {
        "name": "net",
        "implementation": f"{PEERS}.mlserver_model.OnnxModel",
        "parameters": {"uri": str(task.net.onnx)},
    }
    (task.folder / "settings.json").write_text(json.dumps(settings), encoding="utf-8")
    (task.folder / "model-settings.json").write_text(json.dumps(model), encoding="utf-8")
    command = [str(prepare_environment("mlserver") / "mlserver"), "start", str(task.folder)]
    environment = _environment()
    server = Server(port, grpc_port)
    return running(command, server, environment=environment, folder=task.folder, ready="/v2/models/net/ready")


def start_bentoml(task: Task) -> AbstractContextManager[Server]:
    """Start BentoML: one worker, no metrics, no traces, no log of requests."""
    port = free_port()
    command = [
        *(str(prepare_environment("bentoml") / "bentoml"), "serve", f"{PEERS}.bentoml_service:Net"),
        *("--host", "127.0.0.1", "--port", str(port), "--working-dir", str(ROOT)),
    ]
    environment = _environment(task) | {"BENTOML_HOME": str(task.folder), "BENTOML_DO_NOT_TRACK": "True"}
    return running(command, Server(port), environment=environment, folder=task.folder, ready="/readyz")


def start_litserve(task: Task) -> AbstractContextManager[Server]:
    """Start LitServe: one process for HTTP and one for the net, as it always has."""
    port = free_port()
    command = [str(prepare_environment("litserve") / "python"), "-m", f"{PEERS}.litserve_server", str(port)]
    environment = _environment(task)
    return running(command, Server(port), environment=environment, folder=task.folder, ready="/health")


def start_mlflow_onnx(task: Task) -> AbstractContextManager[Server]:
    """Serve the net with mlflow's onnx flavour."""
    return _start_mlflow(task, prepare_environment("mlflow-onnx"), "mlflow_onnx", task.net.onnx)


def start_mlflow_keras(task: Task) -> AbstractContextManager[Server]:
    """Serve the net with mlflow's keras flavour."""
    return _start_mlflow(task, prepare_environment("mlflow-keras"), "mlflow_keras", task.net.keras)


def _start_mlflow(task: Task, binaries: Path, program: str, net: Path) -> AbstractContextManager[Server]:
    """Save the net as one of mlflow's models, and start one process for it in the environment that there is."""
    port, model = free_port(), task.folder / "model"
    save = [str(binaries / "python"), "-m", f"{PEERS}.{program}", str(net), str(model)]
    subprocess.run(save, cwd=ROOT, env=plain_environment(), check=True, capture_output=True)
    command = [
        *(str(binaries / "mlflow"), "models", "serve", "--model-uri", str(model), "--port", str(port)),
        *("--env-manager", "local", "--workers", "1"),
    ]
    environment = plain_environment()
    environment["PATH"] = f"{binaries}:{environment.get('PATH', '')}"
    return running(command, Server(port), environment=environment, folder=task.folder, ready="/ping")


def _environment(task: Task | None = None) -> dict[str, str]:
    """Return the variables of a program of ours, which finds the net of a task in one of them."""
    net = {} if task is None else {"BENCH_ONNX": str(task.net.onnx)}
    return plain_environment() | {"PYTHONPATH": str(ROOT), **net}


PEER_STARTS: dict[str, Start] = {
    "known": start_known_answers,
    "bare": start_bare,
    "mlserver": start_mlserver,
    "bentoml": start_bentoml,
    "litserve": start_litserve,
    "mlflow-onnx": start_mlflow_onnx,
    "mlflow-keras": start_mlflow_keras,
}
