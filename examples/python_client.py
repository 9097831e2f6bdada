"""Train and predict with Trainyard's Python client: `.venv/bin/python examples/python_client.py` after `make up`.

The client reads TRAINYARD_URL and TRAINYARD_KEY.
"""

import sys

from trainyard import Client, Run, TrainyardError

SETOSA = {"sepal_length": 5.1, "sepal_width": 3.5, "petal_length": 1.4, "petal_width": 0.2}


def show_progress(run: Run) -> None:
    """Print how far a run is."""
    if run.progress is not None:
        print(f"{run.state}: epoch {run.progress.epoch} of {run.progress.num_epochs}")


def main() -> int:
    """Return 0 if the network knows a setosa."""
    with Client() as client:
        run = client.submit("iris-keras", overrides={"training": {"epochs": 60}}, tags={"made-by": "python_client.py"})
        run.wait(timeout=300, on_update=show_progress)

        (curve,) = run.history(["epoch/validation/accuracy"], max_points=10)
        print(f"validation accuracy, from first to last: {curve.y}")
        for split in run.evaluation().splits:
            print(f"{split.name}: {split.metrics} on {split.num_samples} samples")

        # The version that this run made, whatever others train meanwhile.
        predictions = run.predict([SETOSA])
        print(f"version {predictions.version} answers: {predictions[0]}")
        return 0 if predictions[0]["label"] == "setosa" else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except TrainyardError as error:
        sys.exit(str(error))
