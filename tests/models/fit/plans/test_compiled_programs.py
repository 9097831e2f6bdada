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


@pytest.mark.parametrize("damage", [lambda content: content[: len(content) // 2], lambda content: content[::-1]])
def test_a_compiled_program_that_can_not_be_read_is_compiled_again(damage, tmp_path):
    folder = tmp_path / "a folder"
    flags = f"--tf_xla_persistent_cache_directory='{folder}' --tf_xla_persistent_cache_device_types=XLA_CPU_JIT,CPU"

    def train():
        command = [sys.executable, "-c", TRAIN, str(tmp_path)]
        environment = os.environ | {"TF_XLA_FLAGS": flags, "CUDA_VISIBLE_DEVICES": "-1"}
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout

    first = train()
    kept = list(folder.glob("*.pb"))
    assert kept
    for path in kept:
        path.write_bytes(damage(path.read_bytes()))

    assert train() == first
