"""The client's types of responses are those of the OpenAPI document."""

from typing import get_type_hints

import pytest

from api.client_types import TARGET, write_types
from trainyard import documents
from trainyard.resources.runs import RunSnapshot


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    from api.app import create_app  # noqa: PLC0415 - slow to import, and of use here alone.

    path = tmp_path_factory.mktemp("types") / "documents.py"
    write_types(create_app().openapi(), path)
    return path.read_text()


def test_the_types_are_those_of_the_document(written):
    assert written == TARGET.read_text(), "The schemas of responses have changed. Run: make types"


def test_a_field_of_a_response_is_typed():
    hints = get_type_hints(documents.RunProgress)
    assert hints["epoch"] is int
    assert hints["eta_seconds"] == float | None
    assert get_type_hints(RunSnapshot)["document"] is documents.Run
