import os
import subprocess
import sys

import pytest

TRAIN = """
import sys
from pathlib import Path
from core.experiment import parse_spec
from models.reporting import SilentReporter
from models.training import train

points = [[x / 10] for x in range(10)]
spec = {
    "name": "line",
    "dataset": {"name": "inline", "inputs": points, "targets": points},
    "model": {"kind": "mlp", "layers": [{"units": 1}]},
    "training": {"loss": "mse", "steps": 20, "plan": "xla"},
}
outcome = train(parse_spec(spec), datasets_dir=Path(), output_dir=Path(sys.argv[1]), reporter=SilentReporter())
print(outcome.final_metrics["train/loss"])
"""


def train(folder, output):
    """Train in a fresh process that keeps compiled programs in a folder; return what it prints."""
    flags = f"--tf_xla_persistent_cache_directory='{folder}' --tf_xla_persistent_cache_device_types=XLA_CPU_JIT,CPU"
    environment = os.environ | {"TF_XLA_FLAGS": flags, "CUDA_VISIBLE_DEVICES": "-1"}
    command = [sys.executable, "-c", TRAIN, str(output)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout


@pytest.fixture(scope="module")
def compiled(tmp_path_factory):
    """A folder, the compiled programs that a process kept there, and what it printed."""
    folder = tmp_path_factory.mktemp("compiled") / "a folder"
    printed = train(folder, folder.parent)
    return folder, {path: path.read_bytes() for path in folder.glob("*.pb")}, printed


@pytest.mark.parametrize("damage", [lambda content: content[: len(content) // 2], lambda content: content[::-1]])
def test_a_compiled_program_that_cannot_be_read_is_compiled_again(damage, compiled):
    folder, programs, printed = compiled
    assert programs
    for path in folder.iterdir():
        path.unlink()
    for path, content in programs.items():
        path.write_bytes(damage(content))

    assert train(folder, folder.parent) == printed
    # The damaged files were found, and are gone.
    assert not any(path.exists() and path.read_bytes() == damage(content) for path, content in programs.items())
