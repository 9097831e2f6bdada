from dataclasses import replace

import numpy as np
import pytest

from core.errors import ArtifactCorrupt
from serving.sessions.execution import Execution
from serving.sessions.lanes import Lane
from serving.sessions.loading import LaneLoader
from serving.sessions.warm_up import Measurement


@pytest.fixture
def files(line_path, line, tmp_path):
    signature_path = tmp_path / "signature.json"
    signature_path.write_text(line.signature.model_dump_json())
    return line_path, signature_path


def test_a_network_is_loaded_measured_and_limited(files):
    loader = LaneLoader(max_queued=7)
    lane = loader.load(*files)
    assert isinstance(lane, Lane)
    assert lane.model.run({"input": np.float32([[4]])})["output"].tolist() == [[9]]
    assert lane.measurement.is_rowwise
    assert 0 < lane.measurement.estimate_seconds(1) < 1
    assert lane._queue._max_requests == 7
    assert lane.num_bytes == lane.model.num_bytes > 0


def test_a_missing_file_is_a_corrupt_artifact(files, tmp_path):
    with pytest.raises(ArtifactCorrupt):
        LaneLoader().load(tmp_path / "gone", files[1])


@pytest.mark.parametrize(
    ("num_threads", "seconds", "loaded", "kept"),
    [
        (0, {1: 0.010, 4: 0.005}, [0, 4], 4),
        (0, {1: 0.010, 4: 0.009}, [0, 4], 0),
        (0, {1: 0.001}, [0], 0),
        (0, {1: None}, [0], 0),
        (2, {2: 0.010}, [2], 2),
        (1, {1: 0.010}, [1], 1),
    ],
)
def test_several_threads_share_a_call_where_that_is_faster(files, monkeypatch, num_threads, seconds, loaded, kept):
    measured = []

    def measure(model):
        measured.append(model.execution.num_threads)
        duration = seconds[max(1, model.execution.num_threads)]
        return None if duration is None else Measurement(duration, 0.0, 1, is_rowwise=True)

    monkeypatch.setattr("serving.sessions.lanes.measure", measure)
    monkeypatch.setattr("serving.sessions.loading.usable_processors", lambda: 4)
    lane = LaneLoader(replace(Execution(), num_threads=num_threads)).load(*files)
    assert measured == loaded
    assert lane.model.execution.num_threads == kept
    assert lane.model.run({"input": np.float32([[4]])})["output"].tolist() == [[9]]
