"""Examples of predictions."""

from typing import Any

from core.errors import InvalidInstances

Document = dict[str, Any]


_ROW = [5.1, 3.5, 1.4, 0.2]

_NAMED_ROW = {"sepal_length": 5.1, "sepal_width": 3.5, "petal_length": 1.4, "petal_width": 0.2}

_PROBABILITIES = [0.9912, 0.0087, 0.0001]

_LABELLED = {
    "label": "setosa",
    "class": 0,
    "probabilities": {"setosa": 0.9912, "versicolor": 0.0087, "virginica": 0.0001},
}

BODIES: dict[str, Document] = {
    "predict": {
        "Rows of numbers": {"instances": [_ROW, [6.7, 3.1, 5.6, 2.4]]},
        "Rows by column name": {"instances": [_NAMED_ROW]},
        "The column form": {"inputs": [_ROW]},
    },
    "classify": {"Named features": {"examples": [_NAMED_ROW]}},
    "regress": {"A named feature": {"examples": [{"x": 0.5}], "context": {}}},
}

ANSWERS: dict[str, Document] = {
    "predict": {
        "Rows of numbers": {"predictions": [_PROBABILITIES, [0.0001, 0.0312, 0.9687]]},
        "Rows by column name, or ?labels=true": {"predictions": [_LABELLED]},
        "The column form": {"outputs": [_PROBABILITIES]},
        "A binary adder's": {
            "predictions": [
                {
                    "sum": 122,
                    "bits": [0, 1, 0, 1, 1, 1, 1, 0],
                    "probabilities": [0.001, 0.998, 0.002, 0.999, 0.997, 0.998, 0.999, 0.003],
                }
            ]
        },
    },
    "classify": {"A class each": {"results": [[["setosa", 0.9912], ["versicolor", 0.0087], ["virginica", 0.0001]]]}},
    "regress": {"A number each": {"results": [2.25]}},
}

_SIGNATURE_NAME = {
    "type": ["string", "null"],
    "description": "`serving_default`, the only one; empty or null means the same.",
}

SCHEMAS: dict[str, Document] = {
    "predict": {
        "type": "object",
        "properties": {
            "signature_name": _SIGNATURE_NAME,
            "instances": {"type": "array", "items": {}, "description": "The row form: a list of rows."},
            "inputs": {"description": "The column form: the input tensor, or an object with it under its name."},
            "parameters": {"description": "Ignored; KServe's clients may send it."},
            "id": {"description": "Ignored."},
        },
    },
    "classify": {
        "type": "object",
        "properties": {
            "signature_name": _SIGNATURE_NAME,
            "examples": {"type": "array", "items": {"type": "object"}},
            "context": {"type": "object", "description": "Features that all examples share."},
        },
        "required": ["examples"],
    },
}

IMAGE_SCHEMA: Document = {
    "type": "string",
    "format": "binary",
    "description": "A single PNG, JPEG, WEBP, GIF, BMP or TIFF file, for a model of images.",
}

MODEL_NAMES: Document = {"models": ["iris-keras", "pets"]}

QUESTIONS: dict[str, Document] = {
    "status": {
        "model_version_status": [
            {"version": "1", "state": "AVAILABLE", "status": {"error_code": "OK", "error_message": ""}}
        ],
        "name": "iris-keras",
        "ready": True,
    },
    "metadata": {
        "model_spec": {"name": "iris-keras", "signature_name": "", "version": "1"},
        "metadata": {
            "signature_def": {
                "signature_def": {
                    "serving_default": {
                        "inputs": {
                            "input": {
                                "dtype": "DT_FLOAT",
                                "tensor_shape": {
                                    "dim": [{"size": "-1", "name": ""}, {"size": "4", "name": ""}],
                                    "unknown_rank": False,
                                },
                                "name": "input",
                            }
                        },
                        "outputs": {
                            "output": {
                                "dtype": "DT_FLOAT",
                                "tensor_shape": {
                                    "dim": [{"size": "-1", "name": ""}, {"size": "3", "name": ""}],
                                    "unknown_rank": False,
                                },
                                "name": "output",
                            }
                        },
                        "method_name": "tensorflow/serving/predict",
                        "defaults": {},
                    }
                }
            }
        },
        "classes": {"labels": ["setosa", "versicolor", "virginica"], "type": "text"},
    },
}

WRONG_WIDTH = InvalidInstances(
    "The model expects rows of 4 numbers; row 1 has 3. Send sepal_length, sepal_width, petal_length, petal_width."
)
