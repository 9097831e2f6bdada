import pytest

from benchmarks.serving.soak.memory import MEBIBYTE, Curve


@pytest.mark.parametrize(("last", "is_flat"), [(104, True), (106, False)])
def test_memory_is_flat_if_the_last_quarter_is_like_the_second(last, is_flat):
    curve = Curve((10, 50, 100, 100, 900, 900, last, last))

    assert curve.growth == pytest.approx(last / 100 - 1)
    assert curve.is_flat is is_flat


def test_a_short_curve_has_not_grown():
    assert (Curve((1, 9, 9)).growth, Curve(()).growth) == (0.0, 0.0)


def test_a_curve_is_drawn_from_its_least_to_its_greatest():
    mebibytes = [100, 135, 170, 107]

    assert Curve(tuple(MEBIBYTE * value for value in mebibytes)).draw() == "100 MiB ▁▄█▁ 170 MiB"
    assert Curve((MEBIBYTE,)).draw() == "1 MiB ▁ 1 MiB"
    assert Curve(()).draw() == ""


def test_a_long_curve_is_drawn_in_so_many_blocks():
    assert Curve(tuple(range(0, 1_000 * MEBIBYTE, MEBIBYTE))).draw(8) == "0 MiB ▁▁▂▃▄▅▆▇ 999 MiB"
