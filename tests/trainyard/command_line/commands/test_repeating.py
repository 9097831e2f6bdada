import json

import pytest

RUN_ID = "01920000-0000-7000-8000-000000000001"
NEW_ID = "01920000-0000-7000-8000-000000000002"
RUN_PATH = f"/v1/runs/{RUN_ID}"
SPEC = {"model": {"layers": [{"units": 16}, {"units": 1}]}, "training": {"epochs": 5}, "seed": 0}


@pytest.fixture
def accepting(fake, answer, run_document):
    """A service that repeats runs; gives a function for the body of the last POST."""
    fake.on("GET", RUN_PATH, run_document(spec=SPEC))
    for verb in ("retry", "clone", "continue"):
        fake.on("POST", f"{RUN_PATH}:{verb}", answer(run_document(id=NEW_ID), 202))
    fake.on("POST", "/v1/runs:batch", answer({"ids": [RUN_ID, NEW_ID]}, 202))
    return lambda: [request for request in fake.requests if request.method == "POST"][-1].body


@pytest.mark.usefixtures("accepting")
def test_a_repeated_run_is_printed_by_its_new_id(invoke):
    result = invoke("retry", RUN_ID)
    assert result.exit_code == 0
    assert result.stdout == f"{NEW_ID}\n"
    assert f"trainyard show {NEW_ID}" in result.stderr


def test_changes_of_a_clone_are_overrides_of_the_spec_of_the_run(invoke, accepting):
    result = invoke(
        "clone", RUN_ID, "training.epochs=20", "model.layers.0.units=7", "--tag", "by=ada", "--priority", "5"
    )
    assert result.exit_code == 0, result.stderr
    assert result.stdout == f"{NEW_ID}\n"
    assert accepting() == {
        "overrides": {"training": {"epochs": 20}, "model": {"layers": [{"units": 7}, {"units": 1}]}},
        "tags": {"by": "ada"},
        "priority": 5,
    }


def test_a_clone_without_changes_sends_none(invoke, accepting):
    assert invoke("clone", RUN_ID, "--experiment", "again", "--notes", "Why?").exit_code == 0
    assert accepting() == {"experiment": "again", "notes": "Why?"}


def test_a_run_is_trained_further_for_epochs_or_steps_or_to_its_end(invoke, accepting):
    options = ("--experiment", "longer", "--tag", "by=ada", "--notes", "More?", "--priority", "-3")
    result = invoke("continue", RUN_ID, "--epochs", "20", *options)
    assert (result.exit_code, result.stdout) == (0, f"{NEW_ID}\n"), result.stderr
    assert accepting() == {
        "epochs": 20,
        "experiment": "longer",
        "tags": {"by": "ada"},
        "notes": "More?",
        "priority": -3,
    }
    assert invoke("continue", RUN_ID, "--steps", "500").exit_code == 0
    assert accepting() == {"steps": 500}
    assert invoke("continue", RUN_ID).exit_code == 0
    assert accepting() == {}


def test_a_run_that_is_trained_further_can_be_followed(invoke, accepting, fake, run_document):
    fake.on("GET", f"/v1/runs/{NEW_ID}", run_document("succeeded", id=NEW_ID))
    result = invoke("continue", RUN_ID, "--epochs", "1", "--watch")
    assert result.exit_code == 0, result.stderr
    assert result.stdout.startswith(f"Run {NEW_ID} succeeded")
    assert accepting() == {"epochs": 1}


@pytest.mark.parametrize("arguments", [["training.epochs"], ["--tag", "ada"], ["--tag", "=ada"]])
@pytest.mark.usefixtures("accepting")
def test_what_is_no_change_is_refused_before_anything_is_sent(invoke, fake, arguments):
    result = invoke("clone", RUN_ID, *arguments)
    assert result.exit_code == 1
    assert "is not of the form" in result.stderr
    assert fake.count("POST", f"{RUN_PATH}:clone") == 0


def test_each_line_of_a_file_is_a_run(invoke, accepting, tmp_path):
    file = tmp_path / "runs.jsonl"
    lines = [{"preset": "binary-adder", "overrides": {"seed": 1}}, "iris-keras", {"spec": SPEC, "priority": 3}, SPEC]
    file.write_text("\n\n".join(map(json.dumps, lines)) + "\n", encoding="utf-8")
    result = invoke("run-batch", str(file))
    assert result.stdout == f"{RUN_ID}\n{NEW_ID}\n"
    assert accepting() == {"runs": [lines[0], {"preset": "iris-keras"}, lines[2], {"spec": SPEC}]}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'{"preset": "a"}\n{"preset":', "Line 2 of"),
        (b"[1]\n", "is neither an object nor a text"),
        (b"\n\n", "has no lines"),
        (b"\xff\xfe\n", "is not UTF-8"),
    ],
)
@pytest.mark.usefixtures("accepting")
def test_a_file_that_is_no_batch_is_refused_with_its_line(invoke, fake, tmp_path, content, message):
    file = tmp_path / "runs.jsonl"
    file.write_bytes(content)
    result = invoke("run-batch", str(file))
    assert result.exit_code == 1
    assert message in result.stderr
    assert fake.count("POST", "/v1/runs:batch") == 0


@pytest.mark.usefixtures("accepting")
def test_json_has_the_ids(invoke, tmp_path):
    file = tmp_path / "runs.jsonl"
    file.write_text('"iris-keras"\n', encoding="utf-8")
    assert json.loads(invoke("run-batch", str(file), "--json").stdout) == {"ids": [RUN_ID, NEW_ID]}
