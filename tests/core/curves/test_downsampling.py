import numpy as np
import pytest

from core.curves.downsampling import largest_triangles


def positions_of(x, y, num_points):
    return largest_triangles(np.array(x, dtype=float), np.array(y, dtype=float), num_points).tolist()


@pytest.mark.parametrize("num_points", [3, 4, 10])
def test_few_points_are_all_kept(num_points):
    assert positions_of([1, 2, 3], [5, 1, 4], num_points) == [0, 1, 2]


def test_one_bucket_gives_the_point_farthest_from_the_line_between_the_ends():
    # The line from (0, 0) to (4, 0); areas are 1·4/2, 3·4/2 and 2·4/2.
    assert positions_of([0, 1, 2, 3, 4], [0, 1, -3, 2, 0], 3) == [0, 2, 4]


def test_each_bucket_gives_the_largest_triangle_with_its_neighbours():
    # Buckets {1, 2} and {3, 4}. First: corners (0, 0) and the mean of the next bucket (3.5, 2): twice the areas are
    # |0·… - 3.5·y + 2·x|: point 1 (y 1) 1.5, point 2 (y -1) 7.5, so point 2 is chosen.
    # Second: corners (2, -1) and (5, 0): twice the areas are |3·(y + 1) - (x - 2)|: point 3 (y 4) 14, point 4 (y 0) 1.
    assert positions_of([0, 1, 2, 3, 4, 5], [0, 1, -1, 4, 0, 0], 4) == [0, 2, 3, 5]


def test_positions_rise_and_the_ends_are_kept():
    y = np.random.default_rng(0).normal(size=1_001)
    positions = largest_triangles(np.arange(1_001, dtype=float), y, 100)
    assert len(positions) == 100
    assert (np.diff(positions) > 0).all()
    assert (positions[0], positions[-1]) == (0, 1_000)


def test_greatest_doubles_do_not_overflow():
    # The same shape as in the first test, times 5e307.
    assert positions_of([0, 1, 2, 3, 4], [0, 5e307, -1.5e308, 1e308, 0], 3) == [0, 2, 4]


def test_constant_curves_are_thinned_evenly():
    assert positions_of(range(10), [0] * 10, 4)[::3] == [0, 9]
    assert positions_of(range(10), [-3] * 10, 4)[::3] == [0, 9]
