"""Examples of explanations."""

from typing import Any

from api.prediction.targets import ModelUnloaded
from core.errors import ArtifactCorrupt, DeadlineExceeded, InvalidInstances, InvalidSpec, ServerBusy, UnknownModel

REQUESTS: dict[str, Any] = {
    "A row": {"instances": [{"sepal_length": 6.3, "sepal_width": 3.3, "petal_length": 6.0, "petal_width": 2.5}]},
    "Another class than the predicted one": {"instances": [[6.3, 3.3, 6.0, 2.5]], "target": "versicolor"},
    "Against rows of your own": {"instances": [[6.3, 3.3, 6.0, 2.5]], "background": [[5.8, 3.0, 4.3, 1.3]]},
}

EXPLANATION: dict[str, Any] = {
    "model": "iris-keras",
    "version": 3,
    "method": "shapley",
    "num_passes": 257,
    "explanations": [
        {
            "target": "virginica",
            "output": 2,
            "prediction": 0.98,
            "baseline": 0.34,
            "contributions": [
                {"name": "sepal_length", "value": 6.3, "contribution": 0.01, "standard_error": None},
                {"name": "sepal_width", "value": 3.3, "contribution": -0.02, "standard_error": None},
                {"name": "petal_length", "value": 6.0, "contribution": 0.35, "standard_error": None},
                {"name": "petal_width", "value": 2.5, "contribution": 0.3, "standard_error": None},
            ],
            "heat_map": None,
        }
    ],
}

SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="648" height="260" viewBox="0 0 648 260">…</svg>'

INVALID_BODY = InvalidSpec.at("/instances", "The field 'instances' is missing.", "missing")

INVALID_ROW = InvalidInstances.at(
    "/instances/0",
    "The model expects rows of 4 numbers; row 0 has 3. Send sepal_length, sepal_width, petal_length, petal_width.",
    "wrong_length",
)

UNKNOWN_TARGET = InvalidInstances.at(
    "/target", "The model has no class 'virginia'. Did you mean 'virginica'?", "unknown_target"
)

UNKNOWN_MODEL = UnknownModel("There is no model 'iris'. Did you mean 'iris-keras'?")

UNLOADED = ModelUnloaded("Model 'iris-keras' is unloaded. Load it: POST /v2/repository/models/iris-keras/load.")

NO_NETWORK = ArtifactCorrupt("The artifact 8f434346648f… is missing from the store. Train the run again.")

BUSY = ServerBusy("8 explanations wait already. Try again.")

TOO_LONG = DeadlineExceeded(
    "The explanation took longer than 30 seconds. Send fewer rows, or a smaller num_samples, or raise "
    "TRAINYARD_PREDICT_TIMEOUT_SECONDS."
)
