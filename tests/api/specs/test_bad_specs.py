"""Invalid specs, sent both for validation and as runs."""

import pytest

PATHS = ["/v1/specs:validate", "/v1/runs"]

SPEC = {
    "name": "small",
    "dataset": {"name": "iris"},
    "model": {"kind": "mlp", "layers": [{"units": 4, "activation": "relu"}, {"units": 3, "activation": "softmax"}]},
    "training": {"optimizer": "adam", "loss": "sparse_categorical_crossentropy", "epochs": 2},
}

ADDER = {
    "name": "small-adder",
    "dataset": {"name": "binary_addition", "num_train": 11, "num_test": 1},
    "model": {"kind": "binary_adder"},
    "training": {"optimizer": "adam", "loss": "mean_squared_error"},
}

CNN = {
    "name": "small-cnn",
    "dataset": {"name": "digits"},
    "model": {
        "kind": "cnn",
        "layers": [
            {"type": "conv2d", "filters": 4, "kernel_size": 5},
            {"type": "conv2d", "filters": 4, "kernel_size": 5},
            {"type": "dense", "units": 10, "activation": "softmax"},
        ],
    },
    "training": {"optimizer": "adam", "loss": "sparse_categorical_crossentropy"},
}


def changed(spec, path, value):
    """A copy of the spec with one place changed."""
    head, *rest = path
    copy = list(spec) if isinstance(spec, list) else dict(spec)
    copy[head] = changed(copy[head], rest, value) if rest else value
    return copy


@pytest.fixture(params=PATHS)
def send(client, request):
    def post(**options):
        return client.post(request.param, **options)

    yield post
    # Whatever was sent, nothing of it was queued.
    assert client.get("/v1/runs").json()["items"] == []


def check(answer, status, code, pointer=None, words=()):
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert body["status"] == status
    assert body["code"] == code
    if pointer is not None:
        assert pointer in [entry["pointer"] for entry in body["errors"]]
    for word in words if isinstance(words, tuple) else (words,):
        assert word in body["detail"], body["detail"]


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"not json",
        b'{"preset": "perceptron-or"',
        b'{"preset": NaN}',
        b'{"preset": "perceptron-or", "overrides": {"training": {"epochs": Infinity}}}',
        b'{"preset": "perceptron-or", "overrides": {"training": {"epochs": 1e999}}}',
        b'{"preset": "perceptron-or", "preset": "perceptron-and"}',
        b'{"preset": "\\ud800"}',
        b'{"preset": "\xff"}',
        b'{"a":' * 100_000,
        b"[" * 100_000 + b"]" * 100_000,
        b"9" * 10_000,
    ],
)
def test_what_is_not_strict_json_is_malformed(send, text):
    check(send(content=text), 400, "invalid_input")


@pytest.mark.parametrize("text", [b"null", b"3", b'"perceptron-or"', b"[]", b'[{"preset": "perceptron-or"}]'])
def test_json_that_is_no_object_is_rejected(send, text):
    check(send(content=text), 422, "invalid_spec", "")


@pytest.mark.parametrize(
    ("body", "pointer", "hint"),
    [
        ({"presett": "perceptron-or"}, "/presett", "Did you mean 'preset'?"),
        ({"spec": {**SPEC, "modell": {}}}, "/spec/modell", "Did you mean 'model'?"),
        ({"spec": changed(SPEC, ["training", "epoch"], 3)}, "/spec/training/epoch", "Did you mean 'epochs'?"),
        (
            {"spec": changed(SPEC, ["model", "layers", 0, "unit"], 3)},
            "/spec/model/layers/0/unit",
            "Did you mean 'units'?",
        ),
        (
            {"preset": "perceptron-or", "overrides": {"training": {"learning_rate": 1}}},
            "/overrides/training/learning_rate",
            "learning_rate",
        ),
    ],
)
def test_an_unknown_field_is_named_with_the_nearest(send, body, pointer, hint):
    check(send(json=body), 422, "invalid_spec", pointer, hint)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (["name"], 3),
        (["name"], "No Spaces"),
        (["dataset", "name"], "irs"),
        (["model", "layers"], "dense"),
        (["model", "layers", 0, "units"], "4"),
        (["model", "layers", 0, "units"], 4.5),
        (["model", "layers", 0, "units"], True),
        (["model", "layers", 0, "units"], 0),
        (["model", "layers", 0, "units"], -1),
        (["model", "layers", 0, "activation"], "rellu"),
        (["training", "epochs"], 0.5),
        (["training", "epochs"], -3),
        (["training", "batch_size"], 0),
        (["training", "optimizer"], {"name": "adam", "learning_rate": -0.1}),
        (["training", "optimizer"], {"name": "adam", "learning_rate": "fast"}),
        (["training", "loss"], "mean_squared_eror"),
        (["seed"], -1),
    ],
)
def test_a_wrong_type_or_size_is_reported_at_its_place(send, path, value):
    answer = send(json={"spec": changed(SPEC, path, value)})
    check(answer, 422, "invalid_spec")
    pointer = "/spec/" + "/".join(map(str, path))
    assert any(entry["pointer"].startswith(pointer) for entry in answer.json()["errors"]), answer.text


def test_all_mistakes_are_reported_at_once(send):
    answer = send(json={"spec": changed(changed(SPEC, ["training", "epochs"], -1), ["seed"], -1)})
    assert {entry["pointer"] for entry in answer.json()["errors"]} == {"/spec/training/epochs", "/spec/seed"}


def test_shapes_that_do_not_fit_are_reported_with_the_layer_and_the_reason(send):
    answer = send(json={"spec": CNN})
    check(answer, 422, "invalid_spec", "/spec/model/layers/1/kernel_size")
    # 8×8 less 4 on each axis leaves 4×4.
    for words in ("Layer 1 (conv2d)", "5×5 kernel", "4×4 input"):
        assert words in answer.json()["detail"]


def test_an_output_that_does_not_fit_the_classes_is_reported(send):
    answer = send(json={"spec": changed(SPEC, ["model", "layers", 1, "units"], 2)})
    check(answer, 422, "invalid_spec", words="3")


def test_shapes_that_an_override_breaks_are_reported_in_the_override(send):
    overrides = {"model": {"layers": [{"units": 12}, {"units": 2, "activation": "softmax"}]}}
    answer = send(json={"preset": "iris-keras", "overrides": overrides})
    check(answer, 422, "invalid_spec")
    assert all(entry["pointer"].startswith("/overrides/") for entry in answer.json()["errors"])


@pytest.mark.parametrize(
    ("limits", "spec", "setting"),
    [
        ({"max_parameters": 30}, SPEC, "MAX_PARAMETERS"),
        ({"max_epochs": 1}, SPEC, "MAX_EPOCHS"),
        ({"max_steps": 5}, SPEC, "MAX_STEPS"),
        ({"max_memory_bytes": 1_000_000}, SPEC, "MAX_MEMORY_BYTES"),
        (
            {"max_samples": 10},
            ADDER,
            "MAX_SAMPLES",
        ),
    ],
)
@pytest.mark.parametrize("path", PATHS)
def test_a_spec_over_a_limit_is_rejected_with_the_setting_that_sets_it(
    make_client, make_settings, path, limits, spec, setting
):
    client = make_client(make_settings(**limits))
    check(client.post(path, json={"spec": spec}), 422, "over_limit", words=f"TRAINYARD_{setting}")
    assert client.get("/v1/runs").json()["items"] == []


def test_an_unknown_variant_is_reported_with_the_nearest(send):
    answer = send(json={"preset": "binary-adder", "variant": "grus"})
    check(answer, 404, "unknown_preset", words="'binary-adder' has no variant 'grus'. Did you mean 'gru'?")


def test_what_an_override_breaks_in_a_variant_is_reported_in_the_override(send):
    answer = send(json={"preset": "binary-adder", "variant": "gru", "overrides": {"model": {"units": 0}}})
    check(answer, 422, "invalid_spec", "/overrides/model/units")


def test_an_unknown_preset_is_reported_with_the_nearest(send):
    check(send(json={"preset": "binary-ader"}), 404, "unknown_preset", words="Did you mean 'binary-adder'?")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"spec": SPEC, "preset": "perceptron-or"},
        {"spec": SPEC, "overrides": {"seed": 1}},
        {"spec": SPEC, "variant": "wide"},
        {"overrides": {"seed": 1}},
    ],
)
def test_either_a_spec_or_a_preset_is_given(send, body):
    check(send(json=body), 422, "invalid_spec", "")


@pytest.mark.parametrize(
    "more",
    [
        {"experiment": ""},
        {"experiment": "a/b"},
        {"experiment": "a\x00b"},
        {"experiment": "x" * 129},
        {"tags": {"a": 1}},
        {"tags": {"": "a"}},
        {"tags": {str(number): "" for number in range(51)}},
        {"tags": ["a"]},
    ],
)
def test_names_and_tags_of_a_run_are_checked(client, more):
    check(client.post("/v1/runs", json={"preset": "perceptron-or", **more}), 422, "invalid_spec")


def test_text_that_cannot_be_stored_is_rejected(client):
    answer = client.post("/v1/runs", json={"preset": "perceptron-or", "tags": {"a": "b\x00"}})
    check(answer, 400, "invalid_input", "/tags/a")
