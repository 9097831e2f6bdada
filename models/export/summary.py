"""Export of the summary of training samples and of the trained model's answers (core/observation)."""

from pathlib import Path

from core.artifacts import ONNX_MODEL, REFERENCE, SIGNATURE
from core.observation.columns import read_outputs
from core.observation.summaries import LARGEST_BYTES, TrainingSummary
from core.signatures.signature import ModelSignature
from models.evaluation.watched_samples import WatchedSamples, summarise
from models.export.export import run_onnx


def write_summary(watched: WatchedSamples, output_dir: Path) -> Path:
    """Write `training_summary.json`, of at most 64 KiB: the last columns are left out if there are too many.

    Args:
        watched: Samples to summarise.
        output_dir: Folder with the exported model; the file is written there.
    """
    signature = ModelSignature.model_validate_json((output_dir / SIGNATURE).read_bytes())
    rows = watched.to_answer.astype(signature.input.dtype)
    answers = run_onnx(output_dir / ONNX_MODEL, rows)
    reader = read_outputs(signature)
    summary = TrainingSummary(
        num_samples=watched.num_samples,
        num_rows=watched.num_rows,
        inputs=watched.inputs,
        num_left_out=watched.num_left_out,
        outputs=tuple(map(summarise, reader.columns, reader.read(answers))),
        num_answers=len(answers),
        answers_of=watched.answers_of,
    )
    path = output_dir / REFERENCE
    path.write_bytes(_write_at_most(summary, LARGEST_BYTES))
    return path


def _write_at_most(summary: TrainingSummary, most_bytes: int) -> bytes:
    while len(content := summary.model_dump_json().encode() + b"\n") > most_bytes and summary.inputs:
        kept = summary.inputs[: len(summary.inputs) * most_bytes // len(content)]
        num_left_out = summary.num_left_out + len(summary.inputs) - len(kept)
        summary = summary.model_copy(update={"inputs": kept, "num_left_out": num_left_out})
    return content
