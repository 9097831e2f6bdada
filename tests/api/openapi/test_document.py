import re

import pytest
from fastapi.routing import APIRoute

from api.app import RESOURCES
from api.http.problems import is_prediction
from api.openapi.links import LINKS
from core.errors import InvalidSpec
from core.specs.parsing import parse_as

PROBLEM = "application/problem+json"


def operations(document):
    return [
        (f"{method.upper()} {path}", operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]


def examples_of(content):
    """Return the examples of a media type, at least one."""
    if "example" in content:
        return [content["example"]]
    return [entry["value"] for entry in content["examples"].values()]


def test_the_document_is_served(client, document):
    assert client.get("/openapi.json").json() == document


def test_every_route_of_the_interface_is_described(document):
    assert {name for name, _ in operations(document)} >= {
        "POST /v1/runs",
        "GET /v1/runs",
        "GET /v1/runs/{run_id}",
        "DELETE /v1/runs/{run_id}",
        "POST /v1/runs/{run_id}:cancel",
        "GET /v1/runs/{run_id}/metrics",
        "GET /v1/runs/{run_id}/metrics/history",
        "GET /v1/runs/{run_id}/logs",
        "GET /v1/runs/{run_id}/artifacts",
        "GET /v1/runs/{run_id}/artifacts/{name}",
        "GET /v1/runs/{run_id}/environment",
        "GET /v1/runs/{run_id}/evaluation",
        "GET /v1/runs/{run_id}/evaluation.svg",
        "POST /v1/specs:validate",
        "GET /v1/schemas/experiment-spec",
        "GET /v1/presets",
        "GET /v1/presets/{name}",
        "GET /v1/experiments",
        "GET /v1/experiments/{name}",
        "GET /v1/registry/models",
        "GET /v1/registry/models/{model}",
        "POST /v1/registry/models/{model}/versions",
        "GET /v1/registry/models/{model}/versions/{version}",
        "PUT /v1/registry/models/{model}/aliases/{alias}",
        "DELETE /v1/registry/models/{model}/aliases/{alias}",
        "GET /v1/datasets",
        "POST /v1/datasets",
        "POST /v1/datasets/{name}/versions",
        "GET /v1/datasets/{name}",
        "GET /v1/datasets/{name}/versions/{version}",
        "GET /v1/datasets/{name}/versions/{version}/content",
        "DELETE /v1/datasets/{name}",
        "DELETE /v1/datasets/{name}/versions/{version}",
        "POST /v1/models/{model}:predict",
        "POST /v1/models/{model}/versions/{version}:predict",
        "POST /v1/models/{model}/labels/{label}:predict",
        "GET /v1/models/{model}",
        "GET /v1/models/{model}/versions/{version}/metadata",
        "POST /v1/keys",
        "GET /v1/keys",
        "DELETE /v1/keys/{prefix}",
        "GET /healthz",
        "GET /readyz",
        "GET /metrics",
    }


def test_every_operation_says_what_it_does(document):
    tags = {tag["name"] for tag in document["tags"]}
    ids = []
    for name, operation in operations(document):
        assert 5 < len(operation["summary"]) < 80, name
        assert operation["summary"][0].isupper(), name
        assert len(operation["description"]) > 10, name
        assert set(operation["tags"]) <= tags, name
        assert operation["tags"], name
        assert re.fullmatch(r"[a-z]+(_[a-z]+)*", operation["operationId"]), name
        ids.append(operation["operationId"])
    assert len(ids) == len(set(ids))


def test_every_parameter_is_described_and_those_of_paths_have_an_example(document):
    for name, operation in operations(document):
        placed = {parameter["name"] for parameter in operation.get("parameters", []) if parameter["in"] == "path"}
        assert placed == set(re.findall(r"{(\w+)}", name)), name
        for parameter in operation.get("parameters", []):
            text = parameter.get("description") or parameter["schema"].get("description")
            assert text, (name, parameter["name"])
            if parameter["in"] == "path":
                assert "example" in parameter or parameter["schema"].get("examples"), (name, parameter["name"])


def test_every_body_has_a_schema_and_an_example(document):
    with_body = []
    for name, operation in operations(document):
        if "requestBody" not in operation:
            continue
        with_body.append(name)
        for media_type, content in operation["requestBody"]["content"].items():
            assert content["schema"], name
            if media_type == "application/json":
                assert examples_of(content), name
    assert len([name for name in with_body if name.startswith(("POST", "PUT"))]) == 37


def test_every_success_response_has_an_example(document):
    for name, operation in operations(document):
        hoped = {status: answer for status, answer in operation["responses"].items() if status.startswith("2")}
        # What Triton's clients can ask for, and is not offered here.
        is_refused = re.fullmatch(
            r"POST /v2/(.+/)?(trace/setting|logging|region/{region}/register)|GET .*/region/{region}/status",
            name.replace("systemsharedmemory/", "").replace("cudasharedmemory/", ""),
        )
        assert bool(hoped) != bool(is_refused), name
        for status, answer in hoped.items():
            for media_type, content in answer.get("content", {}).items():
                if media_type not in {"application/octet-stream", "application/zip"}:
                    assert examples_of(content), (name, status)


def test_every_error_answer_has_the_form_of_its_surface_and_an_example(document):
    for name, operation in operations(document):
        errors = {status: answer for status, answer in operation["responses"].items() if status >= "400"}
        errors.pop("416", None)
        path = name.split(" ")[1]
        if path not in {
            "/healthz",
            "/readyz",
            "/metrics",
            "/v1/presets",
            "/v1/schemas/experiment-spec",
        }:
            assert errors, name
        for status, answer in errors.items():
            ((media_type, content),) = answer["content"].items()
            schema = content["schema"]["$ref"].removeprefix("#/components/schemas/")
            if (path, status) == ("/readyz", "503"):
                assert (media_type, schema) == ("application/json", "Readiness")
            elif is_prediction(path):
                assert (media_type, schema) == ("application/json", "PredictionError")
                assert all(list(example) == ["error"] for example in examples_of(content))
            else:
                assert (media_type, schema) == (PROBLEM, "ProblemDocument"), (name, status)
                assert all(example["status"] == int(status) for example in examples_of(content))


def test_routes_that_need_the_database_document_its_failure(document):
    silent = {name for name, operation in operations(document) if "503" not in operation["responses"]}
    # A key of the database is looked up before any other route; these need no key and no database.
    assert silent == {"GET /healthz", "GET /v2/health/live"}


def test_every_reference_has_a_target_and_the_frameworks_errors_are_removed(document):
    schemas = document["components"]["schemas"]
    text = str(document)
    references = set(re.findall(r"#/components/schemas/([\w-]+)", text))
    assert references <= set(schemas)
    assert {model.__name__ for resource in RESOURCES for model in resource.bodies} <= set(schemas)
    assert "HTTPValidationError" not in text
    assert "nan" not in re.findall(r"\b(?:nan|inf)\b", text)


def test_every_example_of_an_answer_has_the_form_of_the_route(client, document):
    from fastapi.routing import iter_route_contexts  # noqa: PLC0415 - of use to this test alone.

    checked = 0
    for context in iter_route_contexts(client.app.routes):
        if not isinstance(context.original_route, APIRoute) or context.response_model is None:
            continue
        for method in context.methods:
            operation = document["paths"][context.path][method.lower()]
            for status, answer in operation["responses"].items():
                for example in examples_of(answer["content"]["application/json"]) if status[0] == "2" else []:
                    shown = context.response_model.model_validate(example).model_dump(mode="json")
                    assert set(shown) == set(example), (context.path, status)
                    checked += 1
    assert checked >= 18


def test_every_body_shown_for_specs_and_runs_works_as_it_stands(client, document):
    for path, status in (("/v1/specs:validate", 200), ("/v1/runs", 202)):
        for example in examples_of(document["paths"][path]["post"]["requestBody"]["content"]["application/json"]):
            answer = client.post(path, json=example)
            assert answer.status_code == status, answer.text


def test_every_body_shown_for_predictions_works_as_it_stands(client, document, worker, iris, make_line):
    worker.register("iris-keras", iris)
    worker.register("line", make_line(2.0))
    for verb, model in (("predict", "iris-keras"), ("classify", "iris-keras"), ("regress", "line")):
        for place in ("", "/versions/{version}", "/labels/{label}"):
            operation = document["paths"][f"/v1/models/{{model}}{place}:{verb}"]["post"]
            alias = {"version": 1}
            client.put(f"/v1/registry/models/{model}/aliases/champion", json=alias)
            path = f"/v1/models/{model}{place.format(version=1, label='champion')}:{verb}"
            for example in examples_of(operation["requestBody"]["content"]["application/json"]):
                answer = client.post(path, json=example)
                assert answer.status_code == 200, answer.text


def test_the_body_shown_for_aliases_works_as_it_stands(client, document, worker, iris):
    for accuracy in (0.5, 0.6, 0.7, 0.8, 0.9):
        worker.register("iris-keras", iris, metrics={"test/accuracy": accuracy})
    path = "/v1/registry/models/{model}/aliases/{alias}"
    for example in examples_of(document["paths"][path]["put"]["requestBody"]["content"]["application/json"]):
        answer = client.put(path.format(model="iris-keras", alias="champion"), json=example)
        assert answer.status_code == 200, answer.text


def test_every_body_shown_for_keys_works_as_it_stands(client, document):
    for example in examples_of(document["paths"]["/v1/keys"]["post"]["requestBody"]["content"]["application/json"]):
        answer = client.post("/v1/keys", json=example)
        assert answer.status_code == 201, answer.text


def test_every_operation_but_health_documents_its_response_without_a_key(document):
    assert document["components"]["securitySchemes"].keys() == {"bearer", "header"}
    for name, operation in operations(document):
        if name in {"GET /healthz", "GET /readyz", "GET /v2/health/live", "GET /v2/health/ready"}:
            assert "security" not in operation
            continue
        (bearer,), (header,) = [list(way.values()) for way in operation["security"]]
        assert bearer == header
        assert len(bearer) == 1
        shown = str(operation["responses"]["403"])
        assert f"the scope {bearer[0]}" in shown, name
        assert "was revoked" in str(operation["responses"]["401"]), name


def test_the_curl_commands_of_the_description_work(client, document):
    bodies = re.findall(r"curl -d '([^']+)' http://127\.0\.0\.1:8000(\S+)", document["info"]["description"])
    assert [path for _, path in bodies] == ["/v1/runs", "/v1/models/perceptron-or:predict"]
    assert client.post(bodies[0][1], content=bodies[0][0]).status_code == 202


def test_a_body_that_its_schema_rejects_is_rejected():
    for model in [body for resource in RESOURCES for body in resource.bodies]:
        with pytest.raises(InvalidSpec):
            parse_as(model, {"surely": "not"})


def test_every_operation_that_creates_leads_to_what_it_created(document):
    for name, operation in operations(document):
        for status in operation["responses"].keys() & {"201", "202"}:
            assert operation["responses"][status]["links"], name


def test_every_link_leads_to_an_operation_and_fills_in_its_path(document):
    by_id = {operation["operationId"]: operation for _, operation in operations(document)}
    assert by_id.keys() >= LINKS.keys()
    for name, links in LINKS.items():
        for target, link in links.items():
            parameters = {parameter["name"]: parameter["in"] for parameter in by_id[target].get("parameters", [])}
            given = link.get("parameters", {})
            assert given.keys() <= parameters.keys(), (name, target)
            assert {key for key, place in parameters.items() if place == "path"} <= given.keys(), (name, target)


def test_every_link_names_a_field_of_the_example(document):
    for name, operation in operations(document):
        for answer in operation["responses"].values():
            for target, link in answer.get("links", {}).items():
                for content in answer["content"].values():
                    assert all(
                        any(has_pointer(example, expression) for example in examples_of(content))
                        for expression in link.get("parameters", {}).values()
                    ), (name, target)


def has_pointer(example, expression):
    """True if a runtime expression leads to a field of a response; those of requests are not looked up."""
    place, _, pointer = expression.partition("#")
    if place != "$response.body":
        return True
    for step in pointer.split("/")[1:]:
        try:
            example = example[int(step) if isinstance(example, list) else step]
        except (KeyError, IndexError, TypeError):
            return False
    return True
