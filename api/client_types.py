"""Types of responses for the Python client: `python -m api.client_types` writes trainyard/documents.py.

The client does not import the service, so that it can be installed without it. Its types are generated from the OpenAPI
document, and a test compares them.
"""

import json
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from api.app import create_app
from api.openapi.operations import SCHEMA_PREFIX

HEADER = '''\
"""Responses of the service as types, generated from its OpenAPI document by `make types`. Not to be edited."""
'''

SETTINGS = Path(__file__).parents[1] / "pyproject.toml"

TARGET = Path(__file__).parents[1] / "trainyard" / "documents.py"

REFERENCE = re.compile(re.escape(SCHEMA_PREFIX) + r"(\w+)")


def write_types(document: Mapping[str, Any], target: Path) -> None:
    """Write a TypedDict for each schema of a response, with datamodel-code-generator."""
    definitions = _list_responses(document)
    schema = {"$defs": definitions}
    text = json.dumps(schema).replace(SCHEMA_PREFIX, "#/$defs/")
    programs = Path(sys.executable).parent
    subprocess.run(
        [
            programs / "datamodel-codegen",
            "--input-file-type=jsonschema",
            "--output-model-type=typing.TypedDict",
            "--target-python-version=3.11",
            "--use-standard-collections",
            "--use-union-operator",
            "--use-schema-description",
            "--use-field-description",
            "--use-inline-field-description",
            "--enum-field-as-literal=all",
            "--disable-timestamp",
            f"--custom-file-header={HEADER}",
            "--formatters",
            "builtin",
            f"--output={target}",
        ],
        input=text.encode(),
        check=True,
    )
    written = target.read_text()
    # The root is nothing but its definitions, and Python 3.11 has its own TypedDict.
    written = written.replace("Model: TypeAlias = Any\n", "").replace(
        "from typing_extensions import", "from typing import"
    )
    target.write_text(written)
    ruff: list[Path | str] = [programs / "ruff", "--config", SETTINGS]
    subprocess.run([*ruff, "check", "--quiet", "--select=F401,I", "--fix", target], check=True)
    subprocess.run([*ruff, "format", "--quiet", target], check=True)


def _list_responses(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return the schemas of all responses, and those that they refer to, by name."""
    schemas = document["components"]["schemas"]
    responses = [
        operation["responses"] for operations in document["paths"].values() for operation in operations.values()
    ]
    left, found = REFERENCE.findall(json.dumps(responses)), {}
    while left:
        name = left.pop()
        if name not in found:
            # A newer service may send more.
            found[name] = {key: value for key, value in schemas[name].items() if key != "additionalProperties"}
            left += REFERENCE.findall(json.dumps(schemas[name]))
    return dict(sorted(found.items()))


if __name__ == "__main__":
    write_types(create_app().openapi(), TARGET)
