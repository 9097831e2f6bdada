import numpy as np
import pytest

from serving.explanations.explanation import PASSES_OF_A_HEAT_MAP
from serving.explanations.occlusion import map_by_occlusion


def counting(evaluate, counted):
    def evaluate_and_count(images):
        counted.append(len(images))
        return evaluate(images)

    return evaluate_and_count


@pytest.mark.parametrize("shape", [(28, 28), (28, 28, 1), (224, 200, 3), (8, 8), (5, 40), (1, 1), (17, 33)])
def test_every_part_of_any_image_is_in_the_map(shape):
    counted = []
    found = map_by_occlusion(
        counting(lambda images: images.reshape(len(images), -1).mean(axis=1), counted), np.ones(shape), 0
    )
    rows, columns = found.cells.shape
    assert (rows - 1) * found.cell_height < shape[0] <= rows * found.cell_height
    assert (columns - 1) * found.cell_width < shape[1] <= columns * found.cell_width
    assert max(rows, columns) <= 16
    assert found.prediction == 1
    assert (found.cells > 0).all()
    assert sum(counted) <= PASSES_OF_A_HEAT_MAP
    assert max(counted) <= 64


def test_the_part_that_matters_is_found_and_the_rest_is_nothing():
    image = np.ones((32, 32))
    found = map_by_occlusion(lambda images: images[:, 4:12, 20:28].mean(axis=(1, 2)), image, 0)
    assert found.cells.shape == (16, 16)
    important = np.argwhere(found.cells > found.cells.max() / 2)
    assert important.min(axis=0).tolist() == [2, 10]
    assert important.max(axis=0).tolist() == [5, 13]
    # Patches reach a little beyond what they find.
    far = np.ones((16, 16), bool)
    far[1:7, 9:15] = False
    assert np.abs(found.cells[far]).max() == 0


def test_what_speaks_against_the_score_is_negative():
    image = np.ones((16, 16))
    found = map_by_occlusion(lambda images: images[:, :8].sum(axis=(1, 2)) - images[:, 8:].sum(axis=(1, 2)), image, 0)
    assert (found.cells[:7] > 0).all()
    assert (found.cells[9:] < 0).all()


def test_the_image_itself_is_not_changed():
    image = np.arange(256.0).reshape(16, 16)
    map_by_occlusion(lambda images: images.sum(axis=(1, 2)), image, 0)
    np.testing.assert_array_equal(image, np.arange(256.0).reshape(16, 16))
