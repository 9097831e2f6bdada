import pytest

from core.experiment import parse_spec
from core.specs.initial_weights import WeightsOfRun

RUN = "0192f4a0-7c1e-7d3b-9a55-0242ac120002"


@pytest.fixture
def codes(line, problems):
    def find(weights):
        found = problems(line({}) | {"initial_weights": weights})
        return {pointer.removeprefix("/initial_weights"): problem.code for pointer, problem in found.items()}

    return find


@pytest.mark.parametrize("run", [RUN, RUN.upper(), RUN.replace("-", "")])
def test_a_run_is_named_by_its_id_in_any_spelling(line, run):
    spec = parse_spec(line({"initial_weights": {"run": run, "new_layers": ["dense_2"]}}))
    stored = spec.model_dump(mode="json")
    assert stored["initial_weights"] == {
        "run": RUN,
        "sha256": None,
        "layers": None,
        "new_layers": ["dense_2"],
        "numbers": {},
    }
    assert parse_spec(stored) == spec


def test_weights_of_a_run_and_numbers_beside_them_are_told_apart(line):
    numbers = {"dense_1": {"bias": [0.5]}}
    alone = parse_spec(line({"initial_weights": numbers}))
    assert (alone.source_weights, alone.given_weights) == (None, {"dense_1": {"bias": (0.5,)}})
    both = parse_spec(line({"initial_weights": {"run": RUN, "layers": ["dense_2"], "numbers": numbers}}))
    assert isinstance(both.source_weights, WeightsOfRun)
    assert both.given_weights == alone.given_weights
    neither = parse_spec(line({}))
    assert (neither.source_weights, neither.given_weights) == (None, {})


def test_mistakes_are_those_of_the_form_that_was_meant(codes):
    assert codes({"run": "latest"}) == {"/run": "uuid_parsing"}
    assert codes({"run_id": RUN}) == {"/run_id": "unknown_field", "/run": "missing"}
    assert codes({"run": RUN, "dense_1": {"bias": [1]}}) == {"/dense_1": "unknown_field"}
    assert codes({"layers": ["dense_1"]}) == {"/run": "missing"}
    assert codes({"run": RUN, "sha256": "abc"}) == {"/sha256": "string_pattern_mismatch"}
    assert codes({"run": RUN, "layers": []}) == {"/layers": "too_short"}
    assert codes({"run": RUN, "layers": "dense_1"}) == {"/layers": "tuple_type"}
    assert codes({"run": RUN, "numbers": {"dense_1": {"bias": ["x"]}}}) == {"/numbers/dense_1/bias/0": "float_type"}
    assert codes([RUN]) == {"": "dict_type"}


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"layers": ["dense_1"], "new_layers": ["dense_2"]}, "Expected layers or new_layers; got both"),
        ({"layers": ["dense_1", "dense_1"]}, "named twice in layers"),
        ({"new_layers": ["dense_1", "dense_1"]}, "named twice in new_layers"),
    ],
)
def test_lists_of_layers_do_not_contradict_themselves(line, problems, fields, words):
    (problem,) = problems(line({"initial_weights": {"run": RUN} | fields})).values()
    assert problem.pointer == "/initial_weights"
    assert words in problem.detail


def test_a_frozen_layer_is_named_once(line, problems):
    (problem,) = problems(line({"training": {"frozen_layers": ["dense_1", "dense_1"]}})).values()
    assert (problem.pointer, problem.detail) == (
        "/training",
        "A layer is named twice in frozen_layers. Name it once.",
    )
    assert parse_spec(line({"training": {"frozen_layers": []}})) == parse_spec(line({}))
