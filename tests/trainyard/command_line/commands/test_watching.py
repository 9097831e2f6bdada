import json

import pytest

from trainyard import Client

PATH = "/v1/registry/models/irises/versions/3/drift"
NUMBERS = {"num_rows": 200, "num_missing": 7, "mean": None, "std": None, "least": None, "greatest": None}
CLASSES = {
    "name": "class",
    "kind": "category",
    "psi": 0.0123,
    "psi_by_chance": 0.2,
    "reading": "stable",
    "reference": NUMBERS,
    "served": NUMBERS,
    "bins": [
        {"label": "setosa", "reference": 0.25, "served": 0.5},
        {"label": "rose", "reference": 0.75, "served": 0.5},
    ],
}
WIDTH = CLASSES | {
    "name": "width\x1b[31m",
    "kind": "number",
    "psi": None,
    "reading": None,
    "reference": None,
    "served": NUMBERS | {"mean": 1234.567},
    "bins": [{"label": "< 1", "reference": None, "served": 1.0}, {"label": "> 1", "reference": None, "served": 0.001}],
}
LENGTH = WIDTH | {"name": "length", "psi": 0.5, "reading": "shifted", "reference": NUMBERS | {"mean": 0.5}}
DRIFT = {
    "model": "irises",
    "version": 3,
    "since": None,
    "num_rows": 12345,
    "num_watched": 200,
    "reason": None,
    "shifted": ["length"],
    "predictions": [CLASSES],
    "inputs": [WIDTH, LENGTH],
    "num_left_out": 0,
    "links": {"picture": f"{PATH}.svg", "version": ""},
}


@pytest.fixture
def served(fake):
    fake.on("GET", PATH, DRIFT)
    fake.on("GET", "/v1/registry/models/irises", {"latest_version": 3})


@pytest.mark.usefixtures("served")
def test_columns_are_printed_the_most_different_first(invoke):
    result = invoke("drift", "irises", "3")
    assert result.exit_code == 0
    first, _, headers, *rows = result.stdout.splitlines()
    assert first == "irises version 3: 12,345 rows served, 200 looked at."
    assert headers.split() == ["COLUMN", "PSI", "READING", "TRAINED", "SERVED", "MISSING", "TRAINED", "/", "SERVED"]
    assert [row.split() for row in rows] == [
        ["class", "prediction", "0.012", "stable", "–", "–", "7", "▃█", "/", "██"],
        ["length", "input", "0.500", "shifted", "0.5", "1235", "7", "–", "/", "█▁"],
        ["width\ufffd[31m", "input", "–", "–", "–", "1235", "7", "–", "/", "█▁"],
    ]


@pytest.mark.usefixtures("served")
def test_the_newest_version_is_the_default(invoke, fake):
    assert invoke("drift", "irises", "--since", "24h").exit_code == 0
    assert [(request.path, request.query) for request in fake.requests] == [
        ("/v1/registry/models/irises", []),
        (PATH, [("since", "24h")]),
    ]


@pytest.mark.usefixtures("served")
def test_as_json_the_whole_answer_is_printed(invoke):
    assert json.loads(invoke("drift", "irises", "3", "--json").stdout) == DRIFT


@pytest.mark.usefixtures("served")
def test_the_picture_is_saved(invoke, fake, tmp_path):
    fake.on("GET", f"{PATH}.svg", "<svg>é</svg>")
    path = tmp_path / "drift.svg"
    result = invoke("drift", "irises", "--since", "2d", "--svg", str(path))
    assert (result.exit_code, result.stdout) == (0, "")
    assert path.read_text(encoding="utf-8") == "<svg>é</svg>"
    assert fake.requests[-1].query == [("since", "2d")]


def test_the_reason_for_no_figure_is_printed(invoke, fake):
    fake.on("GET", PATH, DRIFT | {"reason": "3 served rows were looked at; a comparison needs 100.", "shifted": []})
    assert "a comparison needs 100." in invoke("drift", "irises", "3").stdout.splitlines()[1]


def test_an_unknown_model_is_reported_in_words(invoke, fake, answer):
    problem = {"detail": "There is no model 'iriss'. Did you mean 'irises'?", "code": "unknown_model", "errors": []}
    fake.on("GET", "/v1/registry/models/iriss", answer(problem, 404))
    result = invoke("drift", "iriss")
    assert (result.exit_code, result.stderr) == (1, "Error: There is no model 'iriss'. Did you mean 'irises'?\n")


@pytest.mark.usefixtures("served")
def test_the_client_reads_columns_and_bins(fake):
    with Client(fake.url) as client:
        drift = client.get_drift("irises", since="7d")
    assert (drift.version, drift.num_rows, drift.shifted) == (3, 12345, ("length",))
    assert (drift.inputs[1].mean_before, drift.inputs[1].mean, drift.inputs[1].num_missing) == (0.5, 1234.567, 7)
    assert [(part.label, part.reference, part.served) for part in drift.predictions[0].bins] == [
        ("setosa", 0.25, 0.5),
        ("rose", 0.75, 0.5),
    ]
