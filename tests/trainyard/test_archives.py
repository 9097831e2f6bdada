"""Archives of event files, as the service sends them, and damaged ones; files of runs."""

import io
import zipfile

import pytest

from trainyard.errors import InvalidArgument, UnexpectedAnswer

RUN = "01920000-0000-7000-8000-000000000001"
PATH = f"/v1/runs/{RUN}/tensorboard"


def make_archive(**files):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return content.getvalue()


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
