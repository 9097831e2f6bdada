import sys

import pytest

from benchmarks.serving import plot


@pytest.fixture
def result_file(make_turn, make_results, tmp_path):
    infinite = float("inf")
    turns = [
        make_turn(side, connections=number, throughput=throughput, p50=p50, p99=2 * p50)
        for number in (1, 16)
        for side, throughput, p50 in (("mlserver", 1_250.0, 2.0), ("ours-v1", 4_321.0, 0.25), ("known", 20_000.0, 0.1))
    ]
    failed = make_turn("ours-v2", connections=16, throughput=0.0, p50=infinite, p99=infinite, errors={"status 404": 1})
    path = tmp_path / "results.json"
    make_results(*turns, failed).write(path)
    return path


def test_sides_are_drawn_with_their_figures_but_for_those_without_answers(result_file, tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["plot", str(result_file), str(tmp_path / "images" / "serving")])

    plot.main()

    image = (tmp_path / "images" / "serving.svg").read_text()
    for text in ("iris MLP, 1 row", "Trainyard, v1 JSON", "4,321", "MLServer, v2 JSON", "1,250", "0.25 – 0.5 ms"):
        assert text in image
    for text in ("known answers", "Trainyard, v2 JSON"):
        assert text not in image
    assert (tmp_path / "images" / "serving.png").read_bytes().startswith(b"\x89PNG")


def test_the_same_result_is_drawn_alike(result_file, tmp_path, monkeypatch):
    images = []
    for number in range(2):
        monkeypatch.setattr(sys, "argv", ["plot", str(result_file), str(tmp_path / str(number))])
        plot.main()
        images.append((tmp_path / f"{number}.svg").read_text())

    assert images[0] == images[1]
