"""Examples of evaluations."""

from typing import Any

from api.http.parameters import EXAMPLE_RUN_ID
from core.errors import UnknownArtifact

NOT_EVALUATED = UnknownArtifact(
    f"Run {EXAMPLE_RUN_ID} is running. It is evaluated at its end. Try again when it has succeeded."
)

PICTURE = '<svg xmlns="http://www.w3.org/2000/svg" width="608" height="560" viewBox="0 0 608 560">…</svg>'

EVALUATION_ANSWER: dict[str, Any] = {
    "task": "classification",
    "num_samples": {"train": 120, "validation": 30, "test": 0},
    "validation": {
        "num_samples": 30,
        "metrics": {"loss": 0.1166, "accuracy": 0.9667},
        "classification": {
            "accuracy": 0.9667,
            "macro_average": {"precision": 0.9697, "recall": 0.9667, "f1": 0.9666},
            "weighted_average": {"precision": 0.9697, "recall": 0.9667, "f1": 0.9666},
            "classes": [
                {
                    "label": "setosa",
                    "precision": 1.0,
                    "recall": 1.0,
                    "f1": 1.0,
                    "support": 10,
                    "predicted": 10,
                    "correct": 10,
                },
                {
                    "label": "versicolor",
                    "precision": 1.0,
                    "recall": 0.9,
                    "f1": 0.9474,
                    "support": 10,
                    "predicted": 9,
                    "correct": 9,
                },
                {
                    "label": "virginica",
                    "precision": 0.9091,
                    "recall": 1.0,
                    "f1": 0.9524,
                    "support": 10,
                    "predicted": 11,
                    "correct": 10,
                },
            ],
            "confusion_matrix": [[10, 0, 0], [0, 9, 1], [0, 0, 10]],
        },
        "regression": None,
        "bits": None,
    },
    "test": None,
}
