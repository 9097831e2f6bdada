"""`python -m benchmarks.batch_prediction`: answers to a million rows of iris, against a script that people would write.

Each side answers the same rows with the same network in a process of its own, in turns, and writes a CSV file of id,
class and probability. Ours does what a job does: it reads the stored dataset, checks every value, writes parts that
survive the end of the process, and joins them. The scripts of pandas and polars hold all rows in memory, check nothing
and keep nothing: pandas reads the uploaded CSV file, polars the Parquet file that the upload became.

Measured are seconds of the clock and of the processor, after the imports, and the peak memory of the process.
"""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter, process_time

import numpy as np

from benchmarks.processes import ROOT
from core.batch_predictions import ResultFormat
from core.signatures.signature import InputKind, ModelSignature, Task, TensorSpec
from core.uploads.folder import DatasetFolder

MIB = 1024 * 1024

COLUMNS = ("sepal_length", "sepal_width", "petal_length", "petal_width")
CLASSES = ("setosa", "versicolor", "virginica")

SIDES = ("trainyard", "pandas", "polars")
HEADINGS = ("side", "s", "rows/s", "cpu s", "peak MiB", "s, ours/theirs")

NETWORK, SIGNATURE = "network.onnx", "signature.json"


@dataclass(frozen=True, slots=True)
class Answering:
    """One side's answers to all rows.

    Attributes:
        seconds: Time of the clock, without imports.
        cpu_seconds: Processor time of all threads, likewise.
        peak_mebibytes: Peak memory of the process, imports included.
    """

    seconds: float
    cpu_seconds: float
    peak_mebibytes: float


def main() -> None:
    """Measure, and print a table; or be the measured process."""
    parser = argparse.ArgumentParser(description="Batch prediction against scripts of pandas and polars.")
    parser.add_argument("--rows", type=int, default=1_000_000, help="rows to answer")
    parser.add_argument("--rounds", type=int, default=3, help="rounds")
    parser.add_argument("--sides", default=",".join(SIDES), help="sides, separated by commas")
    parser.add_argument("--child", nargs=2, metavar=("SIDE", "FOLDER"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.child:
        side, folder = given.child
        print(json.dumps(asdict(_answer(side, Path(folder)))))
        return
    sides = given.sides.split(",")
    if unknown := sorted(set(sides) - set(SIDES)):
        parser.error(f"Unknown side {', '.join(unknown)}. Choose from {', '.join(SIDES)}.")
    with TemporaryDirectory(prefix="trainyard-batch-") as name:
        folder = Path(name)
        prepare(folder, given.rows)
        found: dict[str, list[Answering]] = {side: [] for side in sides}
        for _ in range(given.rounds):
            for side, answerings in found.items():
                answerings.append(_measure(side, folder))
    _print(found, given.rows)


def prepare(folder: Path, num_rows: int) -> None:
    """Write a network, its signature, and rows of iris with noise as a stored dataset."""
    from ingest.intake import take_in  # noqa: PLC0415 - the measured processes need it not.
    from ingest.limits import Limits  # noqa: PLC0415

    random = np.random.default_rng(7)
    _write_network(folder, random)
    stored = DatasetFolder(folder / "dataset")
    stored.path.mkdir()
    numbers = np.round(random.normal((5.8, 3.1, 3.8, 1.2), (0.8, 0.4, 1.8, 0.8), (num_rows, len(COLUMNS))), 1)
    with stored.original.open("w", encoding="ascii") as file:
        file.write(f"id,{','.join(COLUMNS)}\n")
        for number, row in enumerate(numbers.tolist()):
            file.write(f"flower-{number},{','.join(map(str, row))}\n")
    described = take_in(stored.path, Limits(1 << 40, 512 * MIB, cpu_seconds=1 << 20))
    stored.description.write_text(described.model_dump_json(), encoding="utf-8")


def _write_network(folder: Path, random: np.random.Generator) -> None:
    """Write a 4-12-3 network with random weights: its answers do not matter here."""
    import onnx  # noqa: PLC0415 - the measured processes need it not.
    from onnx import TensorProto, helper, numpy_helper  # noqa: PLC0415

    weights = {"hidden": random.normal(size=(4, 12)), "last": random.normal(size=(12, 3))}
    graph = helper.make_graph(
        [
            helper.make_node("MatMul", ["x", "hidden"], ["a"]),
            helper.make_node("Relu", ["a"], ["b"]),
            helper.make_node("MatMul", ["b", "last"], ["c"]),
            helper.make_node("Softmax", ["c"], ["y"]),
        ],
        "iris",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["rows", 4])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["rows", 3])],
        [numpy_helper.from_array(values.astype(np.float32), name) for name, values in weights.items()],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), folder / NETWORK)
    signature = ModelSignature(
        task=Task.CLASSIFICATION,
        input_kind=InputKind.COLUMNS,
        input=TensorSpec(name="input", onnx_name="x", shape=(4,)),
        output=TensorSpec(name="output", onnx_name="y", shape=(3,)),
        columns=COLUMNS,
        class_labels=CLASSES,
    )
    (folder / SIGNATURE).write_text(signature.model_dump_json(), encoding="utf-8")


def _measure(side: str, folder: Path) -> Answering:
    process = subprocess.run(
        [sys.executable, "-m", "benchmarks.batch_prediction", "--child", side, str(folder)],
        cwd=ROOT,
        # As the worker starts it; idle threads of polars spin, which would count as work.
        env={**os.environ, "OMP_NUM_THREADS": "1", "POLARS_MAX_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    if process.returncode:
        raise RuntimeError(f"Answering with {side} failed:\n{process.stderr[-4000:]}")
    return Answering(**json.loads(process.stdout.strip().splitlines()[-1]))


def _answer(side: str, folder: Path) -> Answering:
    """Answer all rows in this process. Imports come before the clock starts."""
    answer = {"trainyard": _ours, "pandas": _pandas, "polars": _polars}[side](folder)
    began, used = perf_counter(), process_time()
    answer()
    return Answering(perf_counter() - began, process_time() - used, _peak_mebibytes())


def _peak_mebibytes() -> float:
    """Return the peak resident set of this process (proc(5)); getrusage would count that of its parent before exec."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    line = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) * 1024 / MIB


def _ours(folder: Path) -> Callable[[], object]:
    from serving.batch_prediction.checks import BatchChoices, make_plan  # noqa: PLC0415 - only this side's imports.
    from serving.batch_prediction.job import BatchOrder, predict_dataset  # noqa: PLC0415

    def answer() -> object:
        stored = DatasetFolder(folder / "dataset")
        signature = ModelSignature.model_validate_json((folder / SIGNATURE).read_bytes())
        choices = BatchChoices(columns=("id",), format=ResultFormat.CSV)
        with TemporaryDirectory(dir=folder) as scratch:
            order = BatchOrder(
                network=folder / NETWORK,
                signature=folder / SIGNATURE,
                dataset=stored.path,
                plan=make_plan(choices, signature, stored.read_description().description),
                parts=Path(scratch) / "parts",
                scratch=Path(scratch),
                attempt=1,
                name="answers",
            )
            return predict_dataset(order, lambda _: None)

    return answer


def _pandas(folder: Path) -> Callable[[], object]:
    import onnxruntime  # noqa: PLC0415 - only in this side's process.
    import pandas as pd  # noqa: PLC0415

    def answer() -> None:
        rows = pd.read_csv(DatasetFolder(folder / "dataset").original)
        session = onnxruntime.InferenceSession(folder / NETWORK)
        (output,) = session.run(None, {"x": rows[list(COLUMNS)].to_numpy(np.float32)})
        best = output.argmax(axis=1)
        answers = {"id": rows["id"], "prediction": np.array(CLASSES)[best], "probability": output.max(axis=1)}
        pd.DataFrame(answers).to_csv(folder / "pandas.csv")

    return answer


def _polars(folder: Path) -> Callable[[], object]:
    import onnxruntime  # noqa: PLC0415 - only in this side's process.
    import polars as pl  # noqa: PLC0415

    def answer() -> None:
        rows = pl.read_parquet(DatasetFolder(folder / "dataset").table)
        session = onnxruntime.InferenceSession(folder / NETWORK)
        (output,) = session.run(None, {"x": rows.select(COLUMNS).to_numpy().astype(np.float32)})
        best = output.argmax(axis=1)
        answers = {"id": rows["id"], "prediction": np.array(CLASSES)[best], "probability": output.max(axis=1)}
        pl.DataFrame(answers).with_row_index("row").write_csv(folder / "polars.csv")

    return answer


def _print(found: dict[str, list[Answering]], num_rows: int) -> None:
    print("| " + " | ".join(HEADINGS) + " |\n|" + "---|" * len(HEADINGS))
    ours = found.get("trainyard", [])
    for side, answerings in found.items():
        seconds = median(answering.seconds for answering in answerings)
        ratios = [own.seconds / theirs.seconds for own, theirs in zip(ours, answerings, strict=False)]
        row = (
            side,
            f"{seconds:.2f}",
            f"{num_rows / seconds:,.0f}",
            f"{median(answering.cpu_seconds for answering in answerings):.2f}",
            f"{max(answering.peak_mebibytes for answering in answerings):,.0f}",
            f"{median(ratios):.2f}" if ratios and side != "trainyard" else "",
        )
        print("| " + " | ".join(row) + " |", flush=True)


if __name__ == "__main__":
    main()
