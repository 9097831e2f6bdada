"""Examples of drift."""

from typing import Any

from core.errors import InvalidInput, UnknownModel

UNKNOWN_VERSION = UnknownModel("Model 'iris-keras' has no version 7. It has 3, 2, 1.")

BAD_MOMENT = InvalidInput.at(
    "",
    "The query parameter 'since' is 'yesterday'. Send an age such as 24h or 7d, a date such as 2026-03-02, a time such "
    "as 2026-03-02T09:00:00Z, or always.",
    "bad_moment",
)

PICTURE = '<svg xmlns="http://www.w3.org/2000/svg" width="1016" height="520" viewBox="0 0 1016 520">…</svg>'

DRIFT: dict[str, Any] = {
    "model": "iris-keras",
    "version": 3,
    "since": "2026-03-02T09:00:00Z",
    "num_rows": 18230,
    "num_watched": 4000,
    "reason": None,
    "shifted": ["petal_length"],
    "predictions": [
        {
            "name": "class",
            "kind": "category",
            "psi": 0.0312,
            "psi_by_chance": 0.1592,
            "reading": "stable",
            "reference": {
                "num_rows": 120,
                "num_missing": 0,
                "mean": None,
                "std": None,
                "least": None,
                "greatest": None,
            },
            "served": {
                "num_rows": 4000,
                "num_missing": 0,
                "mean": None,
                "std": None,
                "least": None,
                "greatest": None,
            },
            "bins": [
                {"label": "setosa", "reference": 0.3333, "served": 0.26},
                {"label": "versicolor", "reference": 0.3167, "served": 0.3175},
                {"label": "virginica", "reference": 0.35, "served": 0.4225},
            ],
        }
    ],
    "inputs": [
        {
            "name": "petal_length",
            "kind": "number",
            "psi": 0.7121,
            "psi_by_chance": 0.2895,
            "reading": "shifted",
            "reference": {
                "num_rows": 120,
                "num_missing": 0,
                "mean": 3.758,
                "std": 1.7594,
                "least": 1.0,
                "greatest": 6.9,
            },
            "served": {
                "num_rows": 4000,
                "num_missing": 0,
                "mean": 4.91,
                "std": 1.6021,
                "least": 1.1,
                "greatest": 8.2,
            },
            "bins": [
                {"label": "1 – 1.5", "reference": 0.4167, "served": 0.18},
                {"label": "1.5 – 4.7", "reference": 0.3083, "served": 0.29},
                {"label": "4.7 – 6.9", "reference": 0.275, "served": 0.4125},
                {"label": "> 6.9", "reference": 0.0, "served": 0.1175},
            ],
        }
    ],
    "num_left_out": 0,
    "links": {
        "picture": "/v1/registry/models/iris-keras/versions/3/drift.svg",
        "version": "/v1/registry/models/iris-keras/versions/3",
    },
}
