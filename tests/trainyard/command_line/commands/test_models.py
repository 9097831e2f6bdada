import json

import pytest

PATH = "/v1/models/m:predict"


def test_sum_of_the_binary_adder_is_printed_with_its_bits(invoke, fake, answer):
    row = {"sum": 122, "bits": [0, 1, 0, 1, 1, 1, 1, 0], "probabilities": [0.01, 0.99] * 4}
    fake.on("POST", "/v1/models/binary-adder:predict", answer({"predictions": [row]}, headers={"X-Model-Version": "2"}))
    result = invoke("predict", "binary-adder", '{"a":45,"b":77}')
    assert result.exit_code == 0
    assert result.stdout == "122\n  00101101   45\n+ 01001101   77\n= 01111010  122\n"
    assert fake.requests[0].body == {"instances": [{"a": 45, "b": 77}]}
    assert fake.requests[0].query == []


def test_json_prints_predictions_with_model_and_version(invoke, fake, answer):
    fake.on("POST", PATH, answer({"predictions": [{"sum": 3, "bits": [1, 1]}]}, headers={"X-Model-Version": "2"}))
    result = invoke("predict", "m", '{"a":1,"b":2}', "--json")
    assert json.loads(result.stdout) == {"model": "m", "version": "2", "predictions": [{"sum": 3, "bits": [1, 1]}]}


def test_bare_row_of_a_classifier_gets_a_label(invoke, fake, answer):
    def predict(request):
        assert request.query == [("labels", "true")]
        return answer({"predictions": [{"label": "setosa", "class": 0, "probabilities": {"setosa": 1.0}}]})

    fake.on("POST", PATH, predict)
    assert invoke("predict", "m", "[5.1, 3.5, 1.4, 0.2]").stdout == "setosa\n  setosa  100.0%\n"
    assert fake.requests[-1].body == {"instances": [[5.1, 3.5, 1.4, 0.2]]}


@pytest.fixture
def regression(fake, answer):
    def predict(request):
        if request.query:
            return answer({"error": "Labels were asked for, but this model does not tell classes apart."}, 400)
        return answer({"predictions": [[0.5]]})

    fake.on("POST", PATH, predict)


@pytest.mark.usefixtures("regression")
def test_bare_row_of_a_regression_gets_its_number(invoke):
    result = invoke("predict", "m", "[[2]]")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "0.5\n", "")


@pytest.mark.usefixtures("regression")
def test_raw_asks_for_no_labels(invoke, fake):
    assert invoke("predict", "m", "[[2]]", "--raw").stdout == "0.5\n"
    assert fake.count("POST", PATH) == 1


def test_row_that_does_not_fit_is_reported_once(invoke, fake, answer):
    fake.on("POST", PATH, answer({"error": "Row 0 has 3 numbers, not 4."}, 400))
    result = invoke("predict", "m", "[1, 2, 3]")
    assert (result.exit_code, result.stderr) == (1, "Error: Row 0 has 3 numbers, not 4.\n")


def test_models_input_decides_whether_a_list_is_one_row(invoke, fake):
    tensor = {"tensor_shape": {"dim": [{"size": "-1"}, {"size": "1"}]}}
    definition = {"serving_default": {"inputs": {"x": tensor}}}
    fake.on("GET", "/v1/models/m/metadata", {"metadata": {"signature_def": {"signature_def": definition}}})
    fake.on("POST", PATH, {"predictions": [[1], [2], [3]]})
    assert invoke("predict", "m", "[1, 2, 3]", "--raw").stdout == "1\n2\n3\n"
    assert fake.requests[-1].body == {"instances": [1, 2, 3]}


@pytest.mark.parametrize(
    ("arguments", "path"),
    [
        (["--version", "3"], "/v1/models/m/versions/3:predict"),
        (["--label", "live"], "/v1/models/m/labels/live:predict"),
    ],
)
def test_version_or_label_is_asked(invoke, fake, arguments, path):
    fake.on("POST", path, {"predictions": [1]})
    assert invoke("predict", "m", '{"a": 1, "b": 0}', *arguments).stdout == "1\n"


def test_version_and_label_together_are_rejected(invoke):
    result = invoke("predict", "m", "{}", "--version", "1", "--label", "live")
    assert result.exit_code == 1
    assert "either a version or a label" in result.stderr


def test_rows_come_from_a_file_or_standard_input(invoke, fake, tmp_path):
    fake.on("POST", PATH, {"predictions": [[1], [2]]})
    path = tmp_path / "rows.json"
    path.write_text('[{"x": 1}, {"x": 2}]')
    assert invoke("predict", "m", f"@{path}").stdout == "1\n2\n"
    assert invoke("predict", "m", "-", stdin='[{"x": 1}, {"x": 2}]').stdout == "1\n2\n"
    assert fake.requests[0].body == fake.requests[1].body == {"instances": [{"x": 1}, {"x": 2}]}


def test_text_that_is_not_json_is_reported_without_asking_the_service(invoke, fake):
    result = invoke("predict", "m", "{a:1}")
    assert result.exit_code == 1
    assert "is not JSON" in result.stderr
    assert fake.requests == []


def test_unknown_model_is_reported_in_words(invoke, fake, answer):
    error = {"error": "There is no model 'n'. Did you mean 'm'?"}
    fake.on("GET", "/v1/models/n/metadata", answer(error, 404))
    fake.on("POST", "/v1/models/n:predict", answer(error, 404))
    result = invoke("predict", "n", "[1]")
    assert (result.exit_code, result.stderr) == (1, "Error: There is no model 'n'. Did you mean 'm'?\n")


RUN_ID = "01920000-0000-7000-8000-000000000001"
RUN_PATH = f"/v1/runs/{RUN_ID}"
ERRORS = {"mean_absolute_error": 0.5, "root_mean_squared_error": 0.75, "r2_score": 0.9}
EVALUATION = {
    "validation": None,
    "test": {
        "num_samples": 20,
        "metrics": {"loss": 0.5625},
        "regression": ERRORS | {"outputs": [ERRORS | {"name": "price"}]},
    },
}


@pytest.fixture
def evaluated(fake):
    fake.on("GET", f"{RUN_PATH}/evaluation", EVALUATION)


@pytest.mark.usefixtures("evaluated")
def test_the_numbers_are_printed(invoke):
    result = invoke("evaluation", RUN_ID)
    assert result.exit_code == 0
    assert result.stdout.splitlines()[0] == "Test, 20 samples: loss 0.5625"
    assert result.stdout.splitlines()[-1].split() == ["price", "0.5", "0.75", "0.9"]


@pytest.mark.usefixtures("evaluated")
def test_as_json_the_whole_answer_is_printed(invoke):
    assert json.loads(invoke("evaluation", RUN_ID, "--json").stdout) == EVALUATION


@pytest.mark.usefixtures("evaluated")
def test_the_picture_is_saved(invoke, fake, tmp_path):
    fake.on("GET", f"{RUN_PATH}/evaluation.svg", "<svg>é</svg>")
    path = tmp_path / "evaluation.svg"

    result = invoke("evaluation", RUN_ID, "--svg", str(path), "--split", "test")

    assert (result.exit_code, result.stdout) == (0, "")
    assert path.read_text(encoding="utf-8") == "<svg>é</svg>"
    assert fake.requests[-1].query == [("split", "test")]


@pytest.mark.usefixtures("evaluated")
def test_a_picture_that_cannot_be_written_is_reported(invoke, fake, tmp_path):
    fake.on("GET", f"{RUN_PATH}/evaluation.svg", "<svg/>")
    result = invoke("evaluation", RUN_ID, "--svg", str(tmp_path / "no" / "where.svg"))
    assert result.exit_code == 1
    assert "cannot be written" in result.stderr


def test_a_run_without_held_out_samples_says_what_to_set(invoke, fake):
    fake.on("GET", f"{RUN_PATH}/evaluation", {"validation": None, "test": None})
    assert "Set dataset.split" in invoke("evaluation", RUN_ID).stdout


@pytest.mark.usefixtures("evaluated")
def test_a_shown_run_has_its_test_numbers(invoke, fake, run_document):
    artifacts = [{"name": "evaluation.json"}, {"name": "model.onnx"}]
    fake.on("GET", RUN_PATH, run_document("succeeded") | {"artifacts": artifacts})
    fake.on("GET", f"{RUN_PATH}/metrics", {"items": []})
    assert "Test, 20 samples: loss 0.5625" in invoke("show", RUN_ID).stdout
