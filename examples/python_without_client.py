"""Train and predict with nothing but Python's standard library: `python3 examples/python_without_client.py`.

Reads TRAINYARD_URL, by default http://127.0.0.1:8000, and TRAINYARD_KEY.
"""

import json
import os
import sys
import time
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

SERVICE = os.environ.get("TRAINYARD_URL", "http://127.0.0.1:8000").rstrip("/")
KEY = os.environ.get("TRAINYARD_KEY", "")
WAIT_SECONDS = 300

OR = {(0, 0): False, (0, 1): True, (1, 0): True, (1, 1): True}


def call(method: str, path: str, body: object = None) -> Any:
    """Send a request and return the response; exit with the service's message if it is rejected."""
    headers = {"Content-Type": "application/json"}
    if KEY:
        headers["Authorization"] = f"Bearer {KEY}"
    data = None if body is None else json.dumps(body).encode()
    try:
        with urlopen(Request(SERVICE + path, data, headers, method=method), timeout=60) as answer:
            return json.load(answer)
    except HTTPError as refusal:
        sys.exit(f"{method} {path}: {refusal.code} {refusal.read().decode()}")
    except URLError as failure:
        sys.exit(f"No answer from {SERVICE}: {failure.reason}")


def train(body: object) -> Any:
    """Submit a run, wait until it has ended, and return it."""
    run = call("POST", "/v1/runs", body)
    deadline = time.monotonic() + WAIT_SECONDS
    while run["state"] in {"queued", "running"}:
        if time.monotonic() > deadline:
            sys.exit(f"The run {run['id']} has not ended after {WAIT_SECONDS} s.")
        time.sleep(0.5)
        run = call("GET", run["links"]["self"])
    if run["state"] != "succeeded":
        sys.exit(f"The run {run['id']} has {run['state']}: {run['error']}")
    return run


def main() -> None:
    """Train a network on the truth table of OR, then predict each row."""
    run = train({"preset": "perceptron-or", "overrides": {"training": {"epochs": 300}}})
    print("loss:", run["latest_metrics"]["epoch/train/loss"])
    version = run["model_version"]["version"]
    path = f"/v1/models/{run['model']}/versions/{version}:predict"
    for row, truth in OR.items():
        ((probability,),) = call("POST", path, {"instances": [row]})["predictions"]
        print(f"{row[0]} or {row[1]}: {probability:.3f}")
        if (probability > 0.5) != truth:
            sys.exit("The prediction is wrong.")


if __name__ == "__main__":
    main()
