"""Requests to set an alias that cannot be meant."""

import pytest

PATH = "/v1/registry/models/line/aliases/live"


@pytest.fixture
def put(client, worker, make_line):
    """Set the alias of a model of four versions."""
    line = make_line(1.0)
    for _ in range(4):
        worker.register("line", line, metrics={"test/loss": 0.5})

    return lambda body: client.put(PATH, json=body)


@pytest.mark.parametrize(
    ("body", "pointer", "words"),
    [
        ({}, "", 'Send either "version", such as {"version": 3}, or "versions"'),
        ({"version": 1, "versions": {"1": 1, "2": 1}}, "", 'Send either "version"'),
        ({"version": None}, "", 'Send either "version"'),
        ({"versions": {"1": 1}}, "/versions", "Expected at least 2 items; got 1."),
        ({"versions": {str(number): 1 for number in range(1, 22)}}, "/versions", "at most 20 items; got 21."),
        ({"versions": {"1": 0, "2": 1}}, "/versions/1", "at least 1; got 0."),
        ({"versions": {"1": 1.5, "2": 1}}, "/versions/1", "got 1.5."),
        ({"versions": {"1": True, "2": 1}}, "/versions/1", "got true."),
        ({"versions": {"1": 10**9, "2": 1}}, "/versions/1", "at most 1000000; got 1000000000."),
        ({"versions": {"01": 1, "2": 1}}, "/versions/01", "got '01'."),
        ({"versions": {"one": 1, "2": 1}}, "/versions/one", "got 'one'."),
        ({"versions": {"-1": 1, "2": 1}}, "/versions/-1", "got '-1'."),
        ({"versions": [1, 2]}, "/versions", "got a list of 2."),
        ({"version": 1, "shadow": 0}, "/shadow", "at least 1; got 0."),
        ({"version": 1, "shadow": 1}, "/shadow", "Version 1 answers requests of the alias already."),
        ({"versions": {"1": 1, "2": 1}, "shadow": 2}, "/shadow", "Version 2 answers requests of the alias already."),
        ({"version": 1, "if_better": ""}, "/if_better", "at least 1 character"),
        ({"version": 1, "if_beter": "test/loss"}, "/if_beter", "Did you mean 'if_better'?"),
    ],
)
def test_a_body_that_cannot_be_meant_is_rejected_where_it_is_wrong(client, put, body, pointer, words):
    answer = put(body)
    assert answer.status_code == 422, answer.text
    (problem,) = answer.json()["errors"]
    assert problem["pointer"] == pointer
    assert words in problem["detail"]
    assert client.get(PATH).status_code == 404


@pytest.mark.parametrize(
    "body",
    [
        {"version": 5},
        {"versions": {"1": 1, "5": 1}},
        {"versions": {"1": 1, "9999999999": 1}},
        {"version": 1, "shadow": 5},
        {"version": 5, "if_better": "test/loss"},
    ],
)
def test_every_version_of_an_alias_has_to_be_there(client, put, body):
    answer = put(body)
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_model")
    assert "has no version" in answer.json()["detail"]
    assert client.get(PATH).status_code == 404


def test_a_metric_without_a_direction_is_rejected(put):
    put({"version": 1})
    answer = put({"version": 2, "if_better": "test/acuracy"})
    assert answer.status_code == 422
    (problem,) = answer.json()["errors"]
    assert (problem["pointer"], problem["code"]) == ("/if_better", "unknown_metric")
    assert "Did you mean 'accuracy'?" in problem["detail"]
