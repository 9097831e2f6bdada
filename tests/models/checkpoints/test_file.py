import json
import math

import numpy as np
import pytest

from core.errors import CheckpointUnusable
from models.checkpoints.file import read_checkpoint, write_checkpoint

STATE = {
    "step": 12_345_678_901,
    "best": None,
    "values": [np.arange(6, dtype=np.float32).reshape(2, 3), np.float32(0.1), np.array(7, np.int64)],
    "nested": {"array": "a name, not an array", "more": 1, "empty": [], "flag": True},
    "third": 1 / 3,
}


def test_a_state_comes_back_as_it_was(tmp_path):
    path = tmp_path / "checkpoint.npz"
    write_checkpoint(path, STATE)
    found = read_checkpoint(path)

    assert {name: found[name] for name in ("step", "best", "nested", "third")} == {
        name: STATE[name] for name in ("step", "best", "nested", "third")
    }
    for array, expected in zip(found["values"], STATE["values"], strict=True):
        assert (array.dtype, array.shape, array.tobytes()) == (expected.dtype, expected.shape, expected.tobytes())
    assert list(tmp_path.iterdir()) == [path]


def test_numbers_without_a_json_form_come_back(tmp_path):
    write_checkpoint(tmp_path / "checkpoint.npz", {"values": [math.nan, math.inf, -math.inf, -0.0]})

    assert str(read_checkpoint(tmp_path / "checkpoint.npz")["values"]) == "[nan, inf, -inf, -0.0]"


@pytest.mark.parametrize("length", [0, 1, 100, -1])
def test_a_truncated_file_is_refused(length, tmp_path):
    path = tmp_path / "checkpoint.npz"
    write_checkpoint(path, STATE)
    path.write_bytes(path.read_bytes()[:length])

    with pytest.raises(CheckpointUnusable, match="cannot be read"):
        read_checkpoint(path)


def test_a_flipped_bit_is_noticed(tmp_path):
    path = tmp_path / "checkpoint.npz"
    write_checkpoint(path, {"values": np.zeros(1_000)})
    content = bytearray(path.read_bytes())
    content[1_000] ^= 1
    path.write_bytes(content)

    with pytest.raises(CheckpointUnusable, match="cannot be read"):
        read_checkpoint(path)


def test_a_file_of_objects_is_refused(tmp_path):
    path = tmp_path / "checkpoint.npz"
    np.savez(path, state=np.array([{"a": 1}], dtype=object))

    with pytest.raises(CheckpointUnusable, match="cannot be read"):
        read_checkpoint(path)


def test_a_file_of_another_format_is_refused(tmp_path):
    path = tmp_path / "checkpoint.npz"
    np.savez(path, state=np.frombuffer(json.dumps({"format": 2, "state": {}}).encode(), np.uint8))

    with pytest.raises(CheckpointUnusable, match="the format 2; this version reads 1"):
        read_checkpoint(path)


def test_an_interrupted_write_leaves_the_file_before(tmp_path, monkeypatch):
    path = tmp_path / "checkpoint.npz"
    write_checkpoint(path, {"step": 1})

    def break_off(file, **_):
        file.write(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez", break_off)
    with pytest.raises(OSError, match="No space left"):
        write_checkpoint(path, {"step": 2})

    assert read_checkpoint(path)["step"] == 1
    assert list(tmp_path.iterdir()) == [path]
