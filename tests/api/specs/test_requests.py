"""From a request to a whole spec."""

import pytest

from api.service import Service
from api.specs.requests import settle_request
from api.specs.schemas import SpecRequest
from core.catalogue.presets import list_presets
from core.datasets.base import UploadedDataset
from core.experiment import parse_spec


@pytest.fixture
def service(settings):
    return Service.from_settings(settings)


OWN = [preset for preset in list_presets() if not isinstance(preset.spec.dataset, UploadedDataset)]
"""Presets whose data need not be uploaded first."""


@pytest.mark.parametrize("preset", OWN, ids=lambda preset: preset.name)
def test_a_preset_that_nothing_is_changed_of_is_the_spec_that_its_json_reads_as(service, preset):
    settled = settle_request(SpecRequest(preset=preset.name), service)
    assert settled.as_json() == parse_spec(preset.spec_json()).model_dump(mode="json")
    assert settled.preset == preset.name
