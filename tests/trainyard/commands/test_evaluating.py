import json

import pytest

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
def test_a_picture_that_can_not_be_written_is_told(invoke, fake, tmp_path):
    fake.on("GET", f"{RUN_PATH}/evaluation.svg", "<svg/>")
    result = invoke("evaluation", RUN_ID, "--svg", str(tmp_path / "no" / "where.svg"))
    assert result.exit_code == 1
    assert "can not be written" in result.stderr


def test_a_run_that_held_nothing_out_says_what_to_set(invoke, fake):
    fake.on("GET", f"{RUN_PATH}/evaluation", {"validation": None, "test": None})
    assert "Set dataset.split" in invoke("evaluation", RUN_ID).stdout


@pytest.mark.usefixtures("evaluated")
def test_a_shown_run_has_its_test_numbers(invoke, fake, run_document):
    artifacts = [{"name": "evaluation.json"}, {"name": "model.onnx"}]
    fake.on("GET", RUN_PATH, run_document("succeeded") | {"artifacts": artifacts})
    fake.on("GET", f"{RUN_PATH}/metrics", {"items": []})
    assert "Test, 20 samples: loss 0.5625" in invoke("show", RUN_ID).stdout
