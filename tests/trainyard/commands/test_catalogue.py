import json

import pytest

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
    "warnings": ["batch_size is more than there are samples."],
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
def test_presets_as_json_are_as_the_service_tells_them(invoke):
    assert json.loads(invoke("presets", "--json").stdout) == {"items": [PRESET]}
    assert json.loads(invoke("presets", "mnist-mlp", "--json").stdout) == PRESET


@pytest.mark.usefixtures("presets")
def test_spec_of_a_preset_is_alone_on_standard_output(invoke):
    result = invoke("presets", "mnist-mlp")
    assert json.loads(result.stdout) == PRESET["spec"]
    assert "wide, deep" in result.stderr


def test_unknown_preset_is_told_in_words(invoke, fake, answer):
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
