"""Errors of MLflow servers, as their users read them, with a server that answers what a test says."""

import base64

import pytest

from trainyard.errors import InvalidArgument
from trainyard.exports import mlflow_server
from trainyard.exports.mlflow_server import MlflowError, MlflowServer

BY_NAME = "/api/2.0/mlflow/experiments/get-by-name"
CREATE = "/api/2.0/mlflow/experiments/create"
FOUND = {"experiment": {"experiment_id": "7", "lifecycle_stage": "active"}}


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch):
    monkeypatch.setattr(mlflow_server, "PAUSES", (0.0, 0.0))
    for name in ("TOKEN", "USERNAME", "PASSWORD"):
        monkeypatch.delenv(f"MLFLOW_TRACKING_{name}", raising=False)


def find(fake):
    with MlflowServer(fake.url) as server:
        return server.find_or_create_experiment("iris")


@pytest.mark.parametrize("uri", ["", "mlflow", "sqlite:///mlflow.db", "databricks://profile", "http://"])
def test_other_stores_than_servers_are_rejected(uri):
    with pytest.raises(InvalidArgument, match="not the address of an MLflow server"):
        MlflowServer(uri)


def test_a_server_that_is_away_is_named(fake):
    fake.stop()
    with pytest.raises(MlflowError, match=f"No MLflow server answers at {fake.url}"):
        find(fake)


def test_a_busy_server_is_asked_again(fake, answer):
    fake.on("GET", BY_NAME, answer("busy", 503), answer(None, drop=True), FOUND)
    assert find(fake) == "7"
    assert fake.count("GET", BY_NAME) == 3


def test_a_run_is_not_created_twice_by_a_second_try(fake, answer):
    path = "/api/2.0/mlflow/runs/create"
    fake.on("POST", path, answer("busy", 503))
    with MlflowServer(fake.url) as server, pytest.raises(MlflowError, match="answered 503"):
        server.create_run("7", "run", 0, {})
    assert fake.count("POST", path) == 1


def test_an_experiment_that_another_export_creates_meanwhile_is_used(fake, answer):
    missing = answer({"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "No experiment 'iris'."}, 404)
    fake.on("GET", BY_NAME, missing, FOUND)
    fake.on("POST", CREATE, answer({"error_code": "RESOURCE_ALREADY_EXISTS", "message": "It exists."}, 400))
    assert find(fake) == "7"


def test_mlflows_reason_is_passed_on(fake, answer):
    fake.on("GET", BY_NAME, answer({"error_code": "INVALID_PARAMETER_VALUE", "message": "Names are texts."}, 400))
    with pytest.raises(MlflowError, match=r"rejected .*get-by-name: Names are texts\.") as caught:
        find(fake)
    assert (caught.value.status, caught.value.code) == (400, "INVALID_PARAMETER_VALUE")


@pytest.mark.parametrize("status", [401, 403])
def test_missing_credentials_are_said(fake, answer, status):
    fake.on("GET", BY_NAME, answer("You are not authenticated.", status))
    with pytest.raises(MlflowError, match="Set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD"):
        find(fake)


def test_another_server_than_mlflow_is_recognised(fake, answer):
    fake.on("GET", BY_NAME, answer("<html>"))
    with pytest.raises(MlflowError, match="does not answer as MLflow does"):
        find(fake)
    fake.on("GET", BY_NAME, answer("<html>", 404))
    with pytest.raises(MlflowError, match="Check that it is an MLflow server"):
        find(fake)


def test_credentials_are_those_of_mlflows_client(fake, monkeypatch):
    fake.on("GET", BY_NAME, FOUND)
    monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", "ada")
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", "secret")
    find(fake)
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", "token")
    find(fake)
    basic = base64.b64encode(b"ada:secret").decode()
    assert [request.headers["authorization"] for request in fake.requests] == [f"Basic {basic}", "Bearer token"]
