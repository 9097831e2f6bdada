import json

import pytest

RUN_ID = "01920000-0000-7000-8000-000000000001"
RUN_PATH = f"/v1/runs/{RUN_ID}"


@pytest.fixture
def accepting(fake, answer, run_document):
    """A service that queues what it is sent; gives a function for the body that was sent."""
    fake.on("POST", "/v1/runs", answer(run_document(), 202))
    return lambda: next(request.body for request in fake.requests if request.path == "/v1/runs")


@pytest.fixture
def adder(fake):
    fake.on(
        "GET",
        "/v1/presets/adder",
        {
            "name": "adder",
            "spec": {"model": {"layers": [{"units": 16}, {"units": 1}]}, "training": {"epochs": 5}},
            "variants": {"long": {"training": {"epochs": 50}}, "wide": {"model": {"layers": [{"units": 128}]}}},
        },
    )


def test_preset_is_submitted_and_the_id_alone_is_on_standard_output(invoke, accepting):
    result = invoke("run", "binary-adder", "--experiment", "tries")
    assert result.exit_code == 0
    assert result.stdout == f"{RUN_ID}\n"
    assert f"trainyard show {RUN_ID}" in result.stderr
    assert accepting() == {"preset": "binary-adder", "experiment": "tries"}


@pytest.mark.usefixtures("adder")
def test_set_makes_overrides(invoke, accepting):
    invoke("run", "adder", "--set", "training.epochs=3", "--set", "model.layers.0.units=7", "--set", "seed=1")
    assert accepting() == {
        "preset": "adder",
        "overrides": {"training": {"epochs": 3}, "model": {"layers": [{"units": 7}, {"units": 1}]}, "seed": 1},
    }


@pytest.mark.usefixtures("adder")
def test_variant_is_sent_as_its_overrides(invoke, accepting):
    invoke("run", "adder", "--variant", "long", "--set", "seed=1")
    assert accepting() == {"preset": "adder", "overrides": {"training": {"epochs": 50}, "seed": 1}}


@pytest.mark.usefixtures("adder")
def test_unknown_variant_names_those_there_are(invoke, fake):
    result = invoke("run", "adder", "--variant", "longer")
    assert result.exit_code == 1
    assert "has no variant 'longer'. It offers long, wide." in result.stderr
    assert fake.count("POST", "/v1/runs") == 0


def test_file_is_submitted_as_a_spec_with_its_changes(invoke, accepting, tmp_path):
    path = tmp_path / "mine.json"
    path.write_text('{"name": "mine", "training": {"epochs": 5, "steps": null}}')
    invoke("run", str(path), "--set", "training.epochs=null", "--set", "training.steps=9")
    assert accepting() == {"spec": {"name": "mine", "training": {"steps": 9}}}


def test_file_without_the_suffix_is_a_spec_too(invoke, accepting, tmp_path):
    path = tmp_path / "mine"
    path.write_text('{"name": "mine"}')
    invoke("run", str(path))
    assert accepting() == {"spec": {"name": "mine"}}


def test_dash_reads_the_spec_from_standard_input(invoke, accepting):
    invoke("run", "-", stdin='{"name": "mine"}')
    assert accepting() == {"spec": {"name": "mine"}}


def test_request_body_in_a_file_is_understood(invoke, accepting):
    invoke("run", "-", stdin='{"spec": {"name": "mine"}}')
    assert accepting() == {"spec": {"name": "mine"}}


@pytest.mark.parametrize(
    ("arguments", "stdin", "message"),
    [
        (["none.json"], None, "'none.json' cannot be read: No such file or directory."),
        (["-"], "{", "Standard input is not JSON"),
        (["-"], "[]", "A spec is a JSON object"),
        (["-", "--variant", "long"], "{}", "Only presets have variants"),
        (["-", "--set", "epochs"], "{}", "is not of the form FIELD=VALUE"),
    ],
)
def test_what_cannot_be_read_is_reported_and_not_sent(invoke, fake, arguments, stdin, message):
    result = invoke("run", *arguments, stdin=stdin)
    assert result.exit_code == 1
    assert message in result.stderr
    assert fake.requests == []


@pytest.mark.usefixtures("accepting")
def test_json_prints_the_run(invoke):
    result = invoke("run", "binary-adder", "--json")
    assert json.loads(result.stdout)["id"] == RUN_ID
    assert result.stderr == ""


@pytest.mark.usefixtures("accepting")
@pytest.mark.parametrize(("state", "exit_code"), [("succeeded", 0), ("failed", 1), ("cancelled", 1)])
def test_watched_run_gives_its_outcome_as_exit_code(invoke, fake, run_document, state, exit_code):
    fake.on("GET", RUN_PATH, run_document(), run_document("running"), run_document(state))
    result = invoke("run", "binary-adder", "--watch")
    assert result.exit_code == exit_code
    assert result.stdout == f"Run {RUN_ID} {state}.\n"
    assert result.stderr.splitlines() == [f"Run {RUN_ID}", "queued", "running"]


WARNED = {
    "warnings": [{"code": "rows_dropped", "pointer": "/dataset/target", "detail": "2 rows are left out."}],
    "num_warnings": 1,
}


def test_warnings_of_a_submitted_run_are_on_standard_error(invoke, fake, answer, run_document):
    fake.on("POST", "/v1/runs", answer(run_document("queued", **WARNED), 202))
    result = invoke("run", "binary-adder")
    assert result.stdout == f"{RUN_ID}\n"
    assert "Warning: 2 rows are left out. (rows_dropped at /dataset/target)" in result.stderr.splitlines()


def test_watched_run_tells_each_warning_once(invoke, fake, answer, run_document):
    more = {"code": "class_not_trained", "pointer": "/dataset/split", "detail": "The class 'c' has no training row."}
    both = WARNED | {"warnings": [*WARNED["warnings"], more]}
    fake.on("POST", "/v1/runs", answer(run_document("queued", **WARNED), 202))
    fake.on(
        "GET",
        f"/v1/runs/{RUN_ID}",
        run_document("queued", **WARNED),
        run_document("running", **both),
        run_document("succeeded", **both),
    )
    result = invoke("run", "binary-adder", "--watch")
    assert result.stderr.splitlines() == [
        f"Run {RUN_ID}",
        "Warning: 2 rows are left out. (rows_dropped at /dataset/target)",
        "queued",
        "Warning: The class 'c' has no training row. (class_not_trained at /dataset/split)",
        "running",
    ]


@pytest.mark.usefixtures("accepting")
def test_watched_failure_shows_the_reason(invoke, fake, run_document):
    error = {"code": "training_failed", "detail": "The loss is NaN at step 7. Lower the learning rate."}
    fake.on("GET", RUN_PATH, run_document("failed", error=error))
    assert "The loss is NaN at step 7. Lower the learning rate." in invoke("run", "binary-adder", "--watch").stdout


@pytest.mark.usefixtures("accepting")
def test_watched_run_as_json_prints_the_ended_run_alone(invoke, fake, run_document):
    fake.on("GET", RUN_PATH, run_document("running"), run_document("failed"))
    result = invoke("run", "binary-adder", "--watch", "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout)["state"] == "failed"


PRESET = {
    "name": "mnist-mlp",
    "title": "Two hidden layers",
    "teaches": "Dropout.",
    "published": "test accuracy 0.9823",
    "expected_seconds": 70,
    "spec": {"name": "mnist-mlp", "seed": 0},
    "variants": {"wide": {}, "deep": {}},
}
REPORT = {
    "spec": {},
    "layers": [
        {"name": "dense_1", "type": "Dense", "output_shape": [None, 512], "num_parameters": 401920},
        {"name": "dropout", "type": "Dropout", "output_shape": [None, 512], "num_parameters": 0},
    ],
    "num_parameters": 401920,
    "flops_per_step": 308674560,
    "memory_bytes": 629145600,
    "num_steps": 9380,
    "warnings": [
        {
            "code": "batch_exceeds_samples",
            "pointer": "/training/batch_size",
            "detail": "batch_size is more than there are samples.",
        }
    ],
}


@pytest.fixture
def presets(fake):
    fake.on("GET", "/v1/presets", {"items": [PRESET]})
    fake.on("GET", "/v1/presets/mnist-mlp", PRESET)


@pytest.mark.usefixtures("presets")
def test_presets_are_listed_with_their_published_figure(invoke):
    result = invoke("presets")
    assert result.exit_code == 0
    assert result.stdout.splitlines()[1] == "mnist-mlp  Two hidden layers  1 min 10 s  test accuracy 0.9823"


@pytest.mark.usefixtures("presets")
def test_presets_as_json_are_as_the_service_returns_them(invoke):
    assert json.loads(invoke("presets", "--json").stdout) == {"items": [PRESET]}
    assert json.loads(invoke("presets", "mnist-mlp", "--json").stdout) == PRESET


@pytest.mark.usefixtures("presets")
def test_spec_of_a_preset_is_alone_on_standard_output(invoke):
    result = invoke("presets", "mnist-mlp")
    assert json.loads(result.stdout) == PRESET["spec"]
    assert "wide, deep" in result.stderr


def test_unknown_preset_is_reported_in_words(invoke, fake, answer):
    fake.on("GET", "/v1/presets/x", answer({"detail": "There is no preset 'x'.", "code": "unknown_preset"}, 404))
    result = invoke("presets", "x")
    assert (result.exit_code, result.stderr) == (1, "Error: There is no preset 'x'.\n")


def test_valid_spec_is_shown_as_a_layer_table(invoke, fake):
    fake.on("POST", "/v1/specs:validate", REPORT)
    result = invoke("validate", "mnist-mlp")
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[0].split("  ")[0] == "LAYER"
    assert lines[1] == "dense_1  Dense    (None, 512)      401,920"
    assert "training steps     9,380" in result.stdout
    assert "memory             600.0 MiB" in result.stdout
    assert "warning            batch_size is more than there are samples." in result.stdout
    assert fake.requests[0].body == {"preset": "mnist-mlp"}


def test_spec_of_a_file_is_validated_with_its_changes(invoke, fake, tmp_path):
    fake.on("POST", "/v1/specs:validate", REPORT)
    path = tmp_path / "spec.json"
    path.write_text('{"name": "mine", "seed": 1}')
    result = invoke("validate", str(path), "--set", "seed=2", "--json")
    assert json.loads(result.stdout) == REPORT
    assert fake.requests[0].body == {"spec": {"name": "mine", "seed": 2}}
