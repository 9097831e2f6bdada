import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FILES = sorted(path.name for path in ROOT.glob("docker-compose*.yml"))


def check(path):
    return subprocess.run(
        [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", path],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_stack_is_among_the_files():
    assert "docker-compose.yml" in FILES


@pytest.mark.parametrize("name", FILES)
def test_a_compose_file_conforms_to_the_compose_specification(name):
    checked = check(name)
    assert checked.returncode == 0, checked.stdout


def test_a_key_unknown_to_compose_is_reported(tmp_path):
    misspelt = tmp_path / "docker-compose.yml"
    misspelt.write_text("services: {api: {image: trainyard-api, restrat: always}}\n")
    checked = check(misspelt)
    assert checked.returncode == 1
    assert "restrat" in checked.stdout
