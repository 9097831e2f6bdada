from core.catalogue.presets import list_presets
from core.catalogue.uploads import PUBLISHED_UPLOADS
from core.datasets.base import UploadedDataset


def test_the_bytes_behind_every_preset_on_an_upload_are_known():
    uploads = {
        preset.spec.dataset.dataset for preset in list_presets() if isinstance(preset.spec.dataset, UploadedDataset)
    }
    assert uploads == set(PUBLISHED_UPLOADS)
