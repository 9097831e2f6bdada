import orjson

from core.signatures.signature import TensorSpec
from serving.protocols.tensorflow_serving.descriptions import (
    ErrorCode,
    State,
    VersionState,
    build_metadata,
    build_status,
)


def test_metadata_names_tensors_as_tensorflow_serving_does_with_sizes_as_strings(iris):
    assert build_metadata("iris", 3, iris.signature) == {
        "model_spec": {"name": "iris", "signature_name": "", "version": "3"},
        "metadata": {
            "signature_def": {
                "signature_def": {
                    "serving_default": {
                        "inputs": {
                            "features": {
                                "dtype": "DT_FLOAT",
                                "tensor_shape": {
                                    "dim": [{"size": "-1", "name": ""}, {"size": "4", "name": ""}],
                                    "unknown_rank": False,
                                },
                                "name": "x",
                            }
                        },
                        "outputs": {
                            "probabilities": {
                                "dtype": "DT_FLOAT",
                                "tensor_shape": {
                                    "dim": [{"size": "-1", "name": ""}, {"size": "3", "name": ""}],
                                    "unknown_rank": False,
                                },
                                "name": "y",
                            }
                        },
                        "method_name": "tensorflow/serving/predict",
                        "defaults": {},
                    }
                }
            }
        },
        "classes": {"labels": ["setosa", "versicolor", "virginica"], "type": "text"},
    }


def test_a_free_length_is_written_as_minus_one(series):
    metadata = build_metadata("series", 1, series.signature)["metadata"]
    tensor = metadata["signature_def"]["signature_def"]["serving_default"]["inputs"]["series"]
    assert [dim["size"] for dim in tensor["tensor_shape"]["dim"]] == ["-1", "-1", "2"]


def test_every_version_given_is_available():
    status = {"error_code": "OK", "error_message": ""}
    assert build_status("iris", [3, 1]) == {
        "model_version_status": [
            {"version": "3", "state": "AVAILABLE", "status": status},
            {"version": "1", "state": "AVAILABLE", "status": status},
        ],
        "name": "iris",
        "ready": True,
    }


def test_a_version_that_cannot_be_loaded_has_ended_with_its_error():
    versions = [
        VersionState(3, State.END, ErrorCode.DATA_LOSS, "The file has changed."),
        VersionState(2, State.LOADING),
        1,
    ]
    status = build_status("iris", versions)
    assert orjson.loads(orjson.dumps(status["model_version_status"])) == [
        {
            "version": "3",
            "state": "END",
            "status": {"error_code": "DATA_LOSS", "error_message": "The file has changed."},
        },
        {"version": "2", "state": "LOADING", "status": {"error_code": "OK", "error_message": ""}},
        {"version": "1", "state": "AVAILABLE", "status": {"error_code": "OK", "error_message": ""}},
    ]
    assert status["ready"]
    assert not build_status("iris", versions[:2])["ready"]


def test_every_input_and_output_is_described_with_its_type(series):
    others = {
        "other_inputs": (TensorSpec(name="word", onnx_name="w", dtype="str", shape=()),),
        "other_outputs": (TensorSpec(name="code", onnx_name="c", dtype="uint16", shape=(2,)),),
    }
    signature = series.signature.model_copy(update=others)
    metadata = build_metadata("series", 1, signature)["metadata"]["signature_def"]["signature_def"]["serving_default"]
    assert {name: tensor["dtype"] for name, tensor in metadata["inputs"].items()} == {
        "series": "DT_FLOAT",
        "word": "DT_STRING",
    }
    assert metadata["outputs"]["code"] == {
        "dtype": "DT_UINT16",
        "tensor_shape": {"dim": [{"size": "-1", "name": ""}, {"size": "2", "name": ""}], "unknown_rank": False},
        "name": "c",
    }


def test_a_model_without_versions_is_not_ready():
    assert build_status("iris", []) == {"model_version_status": [], "name": "iris", "ready": False}
