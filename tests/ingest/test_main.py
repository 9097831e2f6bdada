import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from ingest.errors import RejectedUpload
from ingest.intake import take_in
from ingest.limits import MIB, Limits

ROOT = Path(__file__).parents[2]


def run(folder, *options):
    return subprocess.run(
        [sys.executable, "-m", "ingest", str(folder.path), *options],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_prints_the_description_that_it_wrote(folder):
    folder.original.write_text("a,b\n1,x\n2,y\n")
    done = run(folder)
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout) == json.loads(folder.description.read_bytes())
    assert sorted(path.name for path in folder.path.iterdir()) == ["description.json", "original", "table.parquet"]


def test_prints_the_reason_of_a_rejection(folder):
    folder.original.write_bytes(b"%PDF-1.7")
    done = run(folder)
    assert done.returncode == 0
    refused = json.loads(done.stdout)["rejected"]
    assert refused["code"] == "unknown_format"
    assert "a PDF" in refused["detail"]


def test_leftovers_of_an_earlier_attempt_are_removed(folder):
    folder.original.write_text("a,b\n1,x\n")
    (folder.path / ".work").mkdir()
    (folder.path / ".work" / "half").write_text("x")
    (folder.path / "images.bin").write_text("x")
    take_in(folder.path, Limits(64 * MIB, 256 * MIB, cpu_seconds=60))
    assert sorted(path.name for path in folder.path.iterdir()) == ["description.json", "original", "table.parquet"]


def test_link_in_place_of_the_upload_is_not_followed(folder):
    folder.original.symlink_to("/etc/hostname")
    with pytest.raises(RejectedUpload):
        take_in(folder.path, Limits(64 * MIB, 256 * MIB, cpu_seconds=60))


HEADS = [
    b"",
    b"PAR1",
    b"\x93NUMPY\x01\x00",
    b"PK\x03\x04",
    b"\x1f\x8b\x08",
    b"\xfd7zXZ\x00",
    b"BZh9",
    b"\x00\x00\x08\x02",
]
HEADS += [b'{"a": ', b"a,b\n1,", b'a,b\n"', b"\xff\xfe", b"\x89PNG\r\n\x1a\n"]


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(head=st.sampled_from(HEADS), rest=st.binary(max_size=400))
@example(head=b"PAR1", rest=b"\xff\xff\xff\x7fPAR1")
@example(head=b"a,b\n", rest=b"\xc3,1\n")
def test_any_bytes_are_ingested_or_rejected(folder, head, rest):
    folder.original.write_bytes(head + rest)
    try:
        take_in(folder.path, Limits(16 * MIB, 256 * MIB, cpu_seconds=60))
    except RejectedUpload:
        assert [path.name for path in folder.path.iterdir()] == ["original"]
    else:
        assert folder.read_description().format
