import ast
import hashlib

import pytest

from core.code.program import write_program
from core.experiment import EXAMPLE, parse_spec

TABLE = b"size,kind\n" + b"\n".join(f"{n},{'ab'[n % 2]}".encode() for n in range(40))


def submit(client, **body):
    answer = client.post("/v1/runs", json=body or {"preset": "perceptron-or"})
    assert answer.status_code == 202, answer.text
    return answer.json()["id"]


@pytest.fixture
def table_run(client):
    answer = client.post("/v1/datasets/rows/versions", content=TABLE, params={"filename": 'ro"ws.csv'})
    assert answer.status_code == 201, answer.text
    dataset = {"name": "table", "dataset": "rows", "target": "kind"}
    layers = [{"units": 1, "activation": "sigmoid"}]
    spec = {"name": "rows", "dataset": dataset, "model": {"kind": "mlp", "layers": layers}}
    return submit(client, spec={**spec, "training": {"loss": "bce"}})


def test_the_program_of_a_run_is_python_under_the_name_of_its_model(client):
    run_id = submit(client)

    answer = client.get(f"/v1/runs/{run_id}/code")

    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/x-python")
    assert answer.headers["content-disposition"] == 'attachment; filename="perceptron-or.py"'
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert run_id in ast.get_docstring(ast.parse(answer.text))
    assert answer.headers["etag"] == f'"{hashlib.sha256(answer.content).hexdigest()}"'
    assert client.get(f"/v1/runs/{run_id}").json()["links"]["code"] == f"/v1/runs/{run_id}/code"


def test_a_program_that_the_client_has_is_not_sent_again(client):
    path = f"/v1/runs/{submit(client)}/code"
    etag = client.get(path).headers["etag"]

    assert client.get(path, headers={"If-None-Match": etag}).status_code == 304
    assert client.get(path, headers={"If-None-Match": '"another"'}).status_code == 200


def test_a_program_names_the_upload_that_it_reads(client, table_run):
    text = client.get(f"/v1/runs/{table_run}/code").text

    assert "GET /v1/datasets/rows/versions/1/content" in text
    assert "FILE = 'ro\"ws.csv'" in text
    assert f'SHA256 = "{hashlib.sha256(TABLE).hexdigest()}"' in text


def test_a_run_whose_dataset_was_deleted_says_what_to_upload(client, table_run):
    client.post(f"/v1/runs/{table_run}:cancel")
    assert client.delete("/v1/datasets/rows").status_code == 204

    answer = client.get(f"/v1/runs/{table_run}/code")

    assert answer.status_code == 409
    assert answer.json()["errors"] == []
    assert hashlib.sha256(TABLE).hexdigest()[:12] in answer.json()["detail"]


def test_the_same_bytes_under_another_name_serve_a_program_too(client, table_run):
    client.post(f"/v1/runs/{table_run}:cancel")
    client.delete("/v1/datasets/rows")
    client.post("/v1/datasets/others/versions", content=TABLE, params={"filename": "others.csv"})

    assert "GET /v1/datasets/others/versions/1/content" in client.get(f"/v1/runs/{table_run}/code").text


def test_an_unknown_run_has_no_program(client):
    answer = client.get("/v1/runs/0192d5c4-0000-7000-8000-000000000000/code")

    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_spec_has_a_program_before_it_is_run(client):
    answer = client.post("/v1/specs:code", json={"spec": EXAMPLE})

    assert answer.text == write_program(parse_spec(EXAMPLE), origin="of a spec").text
    assert client.get("/v1/runs").json()["items"] == []


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"spec": {**EXAMPLE, "nam": "x"}}, "/spec/nam"),
        ({"preset": "perceptron-or", "overrides": {"training": {"epochs": -1}}}, "/overrides/training/epochs"),
    ],
)
def test_a_spec_with_a_mistake_has_no_program_but_a_pointer_to_it(client, body, pointer):
    answer = client.post("/v1/specs:code", json=body)

    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


def test_programs_need_a_key_that_may_read(locked_client):
    assert locked_client.get("/v1/runs/0192d5c4-0000-7000-8000-000000000000/code").status_code == 401
    assert locked_client.post("/v1/specs:code", json={"spec": EXAMPLE}).status_code == 401
