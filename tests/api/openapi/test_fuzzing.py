"""Requests that schemathesis draws from the OpenAPI document: examples, edges of the schemas, random ones, sequences.

`make fuzz` draws more of them: TRAINYARD_FUZZ_EXAMPLES is the number for each operation and phase.
"""

import json
import os
from collections import Counter

import pytest
import schemathesis
from jsonschema_rs import Draft202012Validator
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import events, from_schema

from api.app import create_app
from api.openapi.reasons import REASONS

NUM_EXAMPLES = int(os.environ.get("TRAINYARD_FUZZ_EXAMPLES", "2"))

IS_FULL = "TRAINYARD_FUZZ_EXAMPLES" in os.environ

SUCCESS, REFUSED = range(200, 300), {400, 412, 422}

KNOWN = {code for codes in REASONS.values() for code in codes}

UNREACHED = {
    "GET /v1/runs/{run_id}/evaluation",
    "GET /v1/runs/{run_id}/evaluation.svg",
    "DELETE /v1/datasets/{name}/versions/{version}",
    "POST /v1/registry/models/{model}/versions",
    "DELETE /v1/batch-predictions/{batch_id}",
    "POST /v1/webhooks",
    "GET /v1/webhooks/{webhook_id}",
    "GET /v1/webhooks/{webhook_id}/deliveries",
    "POST /v1/webhooks/{webhook_id}:enable",
    "DELETE /v1/webhooks/{webhook_id}",
}
"""Operations without a success here, which have tests of their own: no trainer has evaluated the run, the dataset is
deleted as a whole before its version would be, no bytes that are drawn are a network, no batch prediction has ended,
and no host is allowed for webhooks."""


WITH_SPECS = ["submit_run", "submit_batch", "validate_spec", "write_spec_code"]

ENDLESS = ["follow_run", "follow_runs"]
"""Streams that last as long as their listener; tests/api/events asks for them."""


@schemathesis.check
def refused_for_a_reason_that_the_document_names(_context, response, case) -> None:
    """A request that fits the schema is refused only for what the schema cannot say."""
    if case.meta is None or not case.meta.generation.mode.is_positive or response.status_code not in REFUSED:
        return
    body = json.loads(response.content)
    if not fits_schema(case):
        return
    # The prediction routes have TensorFlow Serving's errors, without codes: rows depend on the model.
    if "error" not in body:
        # What a patch makes of a spec is not in the schema of the patch, nor what rows a model takes.
        elsewhere = ("/overrides", "/instances")
        entries = [entry for entry in body["errors"] if not entry["pointer"].startswith(elsewhere)]
        codes = {entry["code"] for entry in entries} if body["errors"] else {body["code"]}
        assert codes <= KNOWN, f"{case.operation.label}: {codes - KNOWN}. {body['detail']}"


def fits_schema(case):
    """True if the body fits; some of those that are drawn to fit have an item too many."""
    operation = case.operation
    content = operation.definition.raw.get("requestBody", {}).get("content", {}).get("application/json")
    if content is None or case.media_type != "application/json":
        return True
    if operation.label not in VALIDATORS:
        whole = content["schema"] | {"components": operation.schema.raw_schema["components"]}
        VALIDATORS[operation.label] = Draft202012Validator(whole)
    return VALIDATORS[operation.label].is_valid(case.body)


VALIDATORS = {}


def configure(key):
    """Settings of schemathesis; every check is on but those named here."""
    phases = {
        "examples": {},
        "coverage": {"unexpected-methods": ["PATCH", "DELETE", "PUT", "GET", "POST", "OPTIONS"]},
        "fuzzing": {},
        "stateful": {},
    }
    return SchemathesisConfig.from_dict(
        {
            "seed": 1,
            "generation": {
                "max-examples": NUM_EXAMPLES,
                "deterministic": True,
                "database": "none",
                "no-shrink": not IS_FULL,
            },
            "auth": {"openapi": {"bearer": {"bearer": key}, "header": {"api_key": key}}},
            "phases": phases,
            "continue-on-failure": True,
            # A network is checked by a process of its own, which takes seconds to start on a busy machine.
            "request-timeout": 120,
            # `refused_for_a_reason_that_the_document_names` looks at the reason, this one at the status alone.
            "checks": {"positive_data_acceptance": {"enabled": False}},
            "operations": [
                # A spec has so many parts that its edges alone are 37,000 requests.
                {"include-operation-id": WITH_SPECS, "phases": {"coverage": {"enabled": IS_FULL}}},
            ],
        }
    )


@pytest.fixture
def app(make_client, make_settings, worker, iris, admin_key):
    """A service that asks for keys, with runs that have succeeded, an alias on their model, and an upload."""
    settings = make_settings(bootstrap_key=admin_key, allowed_hosts="testserver")
    app = create_app(settings)
    for _ in range(4):
        worker.register("iris-keras", iris)
    client = make_client(settings)
    client.headers["X-API-Key"] = admin_key
    upload = client.post("/v1/datasets?name=flowers", content=b"width,kind\n1,a\n2,b\n3,a\n4,b\n")
    assert upload.status_code == 201, upload.text
    assert client.put("/v1/registry/models/iris-keras/aliases/champion", json={"version": 2}).status_code == 200

    async def on_this_machine(scope, receive, send):
        if scope["type"] == "http":
            scope = {**scope, "server": ("127.0.0.1", 8000)}
        await app(scope, receive, send)

    return on_this_machine


def test_the_service_does_as_its_document_says(app, admin_key):
    schema = schemathesis.openapi.from_asgi("/openapi.json", app, config=configure(admin_key))
    num_cases, problems, statuses = Counter(), [], {}
    for event in from_schema(schema.exclude(operation_id=ENDLESS)).execute():
        if isinstance(event, events.NonFatalError | events.FatalError):
            problems.append(str(getattr(event, "info", None) or event.exception))
        if not isinstance(event, events.ScenarioFinished):
            continue
        recorder = event.recorder
        num_cases[event.phase.value] += len(recorder.interactions)
        for case_id, checks in recorder.checks.items():
            problems += [
                f"{check.name} {recorder.cases[case_id].value.operation.label}: {check.failure_info.failure}"
                for check in checks
                if check.failure_info is not None
            ]
        for case_id, interaction in recorder.interactions.items():
            label = recorder.cases[case_id].value.operation.label
            if interaction.response is not None:
                statuses.setdefault(label, set()).add(interaction.response.status_code)
    assert not problems, "\n\n".join(dict.fromkeys(problems))
    assert all(num_cases[phase] > 0 for phase in ("examples", "coverage", "fuzzing", "stateful")), num_cases
    missed = {label for label, found in statuses.items() if not any(status in SUCCESS for status in found)}
    assert missed <= UNREACHED
