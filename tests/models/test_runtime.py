import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def run(program):
    result = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True, timeout=300
    )
    return result.stdout.splitlines()


def test_threads_are_set_before_a_warm_up_and_a_warm_trainer_has_everything_imported():
    lines = run(
        "import sys\n"
        "from models.runtime import configure_threads, num_threads\n"
        "configure_threads(1)\n"
        "from models.warm_up import warm_up\n"
        "warm_up()\n"
        "print(num_threads())\n"
        "print({'tensorflow', 'keras', 'onnx', 'onnxruntime', 'sklearn.datasets'} <= set(sys.modules))\n"
    )

    assert lines == ["1", "True"]
