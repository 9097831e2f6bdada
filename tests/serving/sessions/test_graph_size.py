import numpy as np
import pytest
from onnx import helper

from serving.sessions.graph_size import count_nodes, estimate_bytes


def test_the_nodes_of_a_graph_are_counted(line_path, folder, write_graph):
    assert count_nodes(line_path) == 2
    path = write_graph(folder / "deep.onnx", [("Neg", [], {})] * 300, {}, [1], [1])
    assert count_nodes(path) == 300


def test_a_network_takes_its_file_and_some_for_each_node(folder, write_graph):
    small = write_graph(folder / "small.onnx", [("Neg", [], {})], {}, [1], [1])
    deep = write_graph(folder / "deep_2.onnx", [("Neg", [], {})] * 1001, {}, [1], [1])
    wide = write_graph(
        folder / "wide.onnx", [("MatMul", ["w"], {})], {"w": np.zeros((1000, 1000), "f")}, [1000], [1000]
    )
    assert 4e6 < estimate_bytes(deep) - estimate_bytes(small) < 6e6
    assert 4e6 < estimate_bytes(wide) - estimate_bytes(small) < 4.5e6
    assert estimate_bytes(small) < 200_000


def test_weights_that_look_like_nodes_are_not_counted(folder, write_graph):
    # The bytes of a field with the number of `node`, over and over.
    weights = np.frombuffer(b"\x0a\x02\x08\x01" * 1000, np.float32)
    path = write_graph(folder / "disguised.onnx", [("Add", ["w"], {})], {"w": weights}, [1000], [1000])
    assert count_nodes(path) == 1


@pytest.mark.parametrize("content", [b"", b"\x00", b"\xff" * 20, b"no network", b"\x3a\x7f", b"\x3a\x02\x0a", b"\x3f"])
def test_other_files_have_no_nodes(tmp_path, content):
    path = tmp_path / "file"
    path.write_bytes(content)
    assert count_nodes(path) == 0


def test_fields_of_every_type_are_passed_over(tmp_path):
    # 1: varint, 2: 8 bytes, 3: 4 bytes, then a graph (7) with a number and two nodes (1).
    path = tmp_path / "file"
    path.write_bytes(b"\x08\x96\x01\x1112345678\x1d1234\x3a\x07\x10\x01\x0a\x00\x0a\x01x")
    assert count_nodes(path) == 2


def test_a_loaded_network_has_the_size_of_its_file_and_nodes(make_model):
    nodes = [helper.make_node("Neg", ["x"], ["t0"])]
    nodes += [helper.make_node("Abs", [f"t{i}"], [f"t{i + 1}"]) for i in range(40)]
    nodes += [helper.make_node("Neg", ["t40"], ["y"])]
    model = make_model(nodes, {"x": ("float32", (1,))}, {"y": ("float32", (1,))})
    assert model.num_bytes - 42 * 5_000 < 200_000
    assert model.num_bytes > 42 * 5_000
