"""Train and predict with Trainyard's own client: `.venv/bin/python examples/python_client.py` after `make up`.

The service is found by TRAINYARD_URL, a key is taken from TRAINYARD_KEY.
"""

import sys

from trainyard.errors import ClientError
from trainyard.run_answers import Run
from trainyard.trainyard_client import TrainyardClient

SETOSA = {"sepal_length": 5.1, "sepal_width": 3.5, "petal_length": 1.4, "petal_width": 0.2}


def show_progress(run: Run) -> None:
    """Say how far a run has come."""
    if run.progress is not None:
        print(f"{run.state}: epoch {run.progress.epoch} of {run.progress.num_epochs}")


def main() -> int:
    """Returns 0 if the network knows a setosa."""
    with TrainyardClient() as client:
        submitted = client.submit_run(
            preset="iris-keras", overrides={"training": {"epochs": 60}}, tags={"made-by": "python_client.py"}
        )
        run = client.wait_for_run(submitted.id, timeout_seconds=300, on_look=show_progress)
        if run.state != "succeeded" or run.model_version is None:
            print(f"The run {run.id} has {run.state}: {run.error}", file=sys.stderr)
            return 1

        (curve,) = client.history(run.id, ["epoch/validation/accuracy"], max_points=10)
        print(f"validation accuracy, from first to last: {curve.y}")

        # Just the version that this run made, whatever others train meanwhile.
        answer = client.predict(run.model, [SETOSA], version=int(run.model_version.version))
        print(f"version {answer.version} says: {answer.rows[0]}")
        return 0 if answer.rows[0]["label"] == "setosa" else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except ClientError as error:
        sys.exit(str(error))
