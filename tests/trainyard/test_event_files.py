"""Archives of event files, as the service sends them, and damaged ones."""

import io
import math
import struct
import zipfile

import numpy as np
import pytest

from api.tensorboard.events import Precision, write_curve, write_start, write_text
from core.curves.points import Points
from trainyard.errors import InvalidArgument, UnexpectedAnswer
from trainyard.event_files import read_points

RUN = "01920000-0000-7000-8000-000000000001"
PATH = f"/v1/runs/{RUN}/tensorboard"


def make_events(precision=Precision.DOUBLE):
    points = Points(np.array([0, 127, 128, 2**62]), np.array([0.1, math.nan, -math.inf, 1e300]), np.arange(4.0) + 0.5)
    return b"".join([write_start(1.0), write_text("spec", "{}", 1.0), *write_curve("loss", points, precision)])


def make_archive(**files):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return content.getvalue()


def test_points_are_read_as_they_were_written():
    found = list(read_points(io.BytesIO(make_events())))
    assert [point.key for point in found] == ["loss"] * 4
    assert [point.step for point in found] == [0, 127, 128, 2**62]
    assert [point.value.hex() for point in found] == [value.hex() for value in (0.1, math.nan, -math.inf, 1e300)]
    assert [point.unix_seconds for point in found] == [0.5, 1.5, 2.5, 3.5]


@pytest.mark.parametrize("num_bytes", [1, 5, 11, 20])
def test_a_file_that_is_cut_off_is_not_read_as_a_shorter_one(num_bytes):
    with pytest.raises(UnexpectedAnswer, match="cannot be read"):
        list(read_points(io.BytesIO(make_events()[:-num_bytes])))


def test_a_record_that_is_no_event_is_reported():
    record = struct.pack("<Q4x", 2) + b"\x0b\x00" + bytes(4)
    with pytest.raises(UnexpectedAnswer, match="cannot be read"):
        list(read_points(io.BytesIO(record)))


def test_a_run_is_unpacked_for_tensorboard(client, fake, tmp_path):
    fake.on("GET", PATH, make_archive(**{"gates/or-1/events.out.tfevents.1.trainyard": "events"}))
    folder = client.run(RUN).save_tensorboard(tmp_path / "logs")
    assert folder == tmp_path / "logs" / "gates" / "or-1"
    assert (folder / "events.out.tfevents.1.trainyard").read_text() == "events"
    # Again, over what is there.
    client.run(RUN).save_tensorboard(tmp_path / "logs")
    assert len(list((tmp_path / "logs").rglob("*.trainyard"))) == 1


def test_nothing_is_unpacked_outside_of_the_folder(client, fake, tmp_path):
    fake.on("GET", PATH, make_archive(**{"../../outside": "x", "/etc/absolute": "x"}))
    client.run(RUN).save_tensorboard(tmp_path / "a" / "logs")
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["logs"]


@pytest.mark.parametrize("cut", [10, 200])
def test_an_archive_that_is_cut_off_is_not_used(client, fake, tmp_path, cut):
    fake.on("GET", PATH, make_archive(file="x" * 500)[:-cut])
    with pytest.raises(UnexpectedAnswer, match="damaged or cut off"):
        client.run(RUN).save_tensorboard(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_to_is_named(client, fake, tmp_path):
    fake.on("GET", PATH, make_archive(file="x"))
    (tmp_path / "taken").write_text("")
    with pytest.raises(InvalidArgument, match="taken"):
        client.run(RUN).save_tensorboard(tmp_path / "taken" / "logs")


def test_an_artifact_is_written_to_a_file(client, fake, tmp_path):
    fake.on("GET", f"/v1/runs/{RUN}/artifacts/model.onnx", b"\x00network")
    path = client.run(RUN).download_artifact("model.onnx", tmp_path / "network.onnx")
    assert path.read_bytes() == b"\x00network"
