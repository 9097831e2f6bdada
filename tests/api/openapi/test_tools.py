"""Public tools read the OpenAPI document: a validator, and generators of clients and of models."""

import importlib
import json
import subprocess
import sys
from pathlib import Path

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

PROGRAMS = Path(sys.executable).parent

SESSION = Path(__file__).parent / "generated_session.py"

GENERATOR_SETTINGS = """
post_hooks: []
content_type_overrides:
  image/svg+xml: text/plain
  image/png: application/octet-stream
  image/*: application/octet-stream
  application/zip: application/octet-stream
"""
"""No formatting; and media types that the generator does not know."""

MYPY_SETTINGS = """
[mypy]
strict = True

# Slips of the generator's own templates: the types of __exit__, a list that is filled in a branch, and a parameter
# named as a function that the module imports.
[mypy-generated.client,generated.models.inline_dataset,generated.api.datasets.upload_dataset_version]
ignore_errors = True
"""


@pytest.fixture(scope="module")
def document():
    from api.app import create_app  # noqa: PLC0415 - slow to import, and of use here alone.

    return create_app().openapi()


def test_the_document_is_valid(document):
    assert document["openapi"].startswith("3.1")
    assert [error.message for error in OpenAPIV31SpecValidator(document).iter_errors()] == []


@pytest.fixture(scope="module")
def folder(tmp_path_factory, document):
    """A folder with the document, and a client generated from it, in `generated`."""
    folder = tmp_path_factory.mktemp("generated")
    (folder / "openapi.json").write_text(json.dumps(document))
    (folder / "settings.yml").write_text(GENERATOR_SETTINGS)
    run(
        folder,
        "openapi-python-client generate --path openapi.json --output-path generated --meta none --config settings.yml "
        "--fail-on-warning",
    )
    return folder


def run(folder, command):
    name, *arguments = command.split()
    done = subprocess.run([PROGRAMS / name, *arguments], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_client_can_be_generated_type_checked_and_used(folder, locked_client, admin_key, worker, iris, monkeypatch):
    (folder / SESSION.name).write_text(SESSION.read_text())
    (folder / "mypy.ini").write_text(MYPY_SETTINGS)
    run(folder, f"mypy --config-file mypy.ini --cache-dir cache {SESSION.name} generated")
    worker.register("iris-keras", iris)
    monkeypatch.syspath_prepend(str(folder))
    session, generated = map(importlib.import_module, (SESSION.stem, "generated"))
    locked_client.headers["Authorization"] = f"Bearer {admin_key}"
    client = generated.AuthenticatedClient(base_url=str(locked_client.base_url), token=admin_key)
    assert session.use(client.set_httpx_client(locked_client)) == {
        # (4·8 + 8) + (8·3 + 3)
        "parameters": 67,
        "states": ("queued", "cancelled"),
        "listed": [True],
        "problem": (404, "unknown_preset"),
        "dataset": (1, "table", 1),
        # The network of the fixture returns the first three numbers of a row.
        "predictions": [[5.1, 3.5, 1.4]],
        "key": "ci",
    }


def test_models_can_be_generated(folder):
    run(
        folder,
        "datamodel-codegen --input openapi.json --input-file-type openapi --output models.py "
        "--output-model-type pydantic_v2.BaseModel --formatters builtin",
    )
    program = (
        "import models, pydantic\n"
        "print(models.RunRequest.model_validate({'preset': 'iris-keras'}).preset)\n"
        "try: models.RunRequest.model_validate({'preset': 5})\n"
        "except pydantic.ValidationError: print('refused')\n"
    )
    printed = subprocess.run([sys.executable, "-c", program], cwd=folder, check=True, capture_output=True, text=True)
    assert printed.stdout.split() == ["iris-keras", "refused"]
